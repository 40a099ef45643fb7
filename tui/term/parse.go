package term

import (
	"context"
	"fmt"
	"time"
)

const (
	// sliceBytes and sliceTime are how much is parsed before others get a turn
	// at the screen.
	sliceBytes = 8 << 10
	sliceTime  = 4 * time.Millisecond
	// floodBytes is from how much on drawing is less urgent than parsing.
	floodBytes = 256 << 10
	// skimBytes is from how much on it is worth looking whether a backlog can be
	// skimmed.
	skimBytes = 2 << 10
	// skimPause is how long a flood may pile up before the next look: skimming
	// costs a screen, however much it is.
	skimPause = 5 * time.Millisecond
	// holdFor is how long a program may take for a frame that it makes in one.
	holdFor = 150 * time.Millisecond
)

// parse moves output from the ring to the emulator.
func (s *Session) parse() {
	var b []byte
	for {
		var ok bool
		if b, ok = s.ring.take(b); !ok {
			return
		}
		skimmed := false
		for rest := b; len(rest) > 0 && s.ctx.Err() == nil; {
			n := s.slice(rest)
			skimmed = skimmed || n > sliceBytes
			rest = rest[n:]
		}
		if skimmed {
			pause(s.ctx, skimPause)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// slice parses the beginning of b and returns how much that was.
func (s *Session) slice(b []byte) (n int) {
	s.screen.Lock()
	defer s.screen.Unlock()
	defer func() {
		if fault := recover(); fault != nil {
			s.renewScreen(fault)
			n = len(b)
		}
	}()
	colors := s.colors.Load()
	s.emu.SetColors(colors[0], colors[1])
	if len(b) >= skimBytes {
		n = s.emu.Skim(b)
	}
	for begun := time.Now(); n < min(len(b), sliceBytes) && time.Since(begun) < sliceTime; {
		m := min(len(b), n+1<<10)
		s.emu.Write(b[n:m])
		n = m
	}
	s.settle()
	return n
}

// settle does what follows from output, with the screen locked.
func (s *Session) settle() {
	s.reply(s.emu.Replies())
	s.happened(s.emu.Events())
	modes := s.emu.Modes()
	s.modes.Store(&modes)
	if !modes.Hold {
		s.holding = time.Time{}
	} else if s.holding.IsZero() {
		s.holding = time.Now()
		time.AfterFunc(holdFor, func() { s.touch() }) // it only wakes
	}
	gen := s.gen.Add(1)
	if s.wanted.CompareAndSwap(true, false) && !s.held() {
		s.frame.Store(s.render(gen))
	}
	if !s.held() {
		wake(s.changed)
	}
}

// held reports whether a program is in the middle of a frame, and not for too
// long.
func (s *Session) held() bool { return !s.holding.IsZero() && time.Since(s.holding) < holdFor }

// touch says that the screen has changed.
func (s *Session) touch() {
	s.gen.Add(1)
	wake(s.changed)
}

// renewScreen replaces an emulator that has failed. The history is lost with
// it, the session is not.
func (s *Session) renewScreen(fault any) {
	rows, cols := s.emu.Size()
	s.emu = s.opts.Emulator(rows, cols)
	s.modes.Store(&Modes{})
	s.happened([]Event{{Notice, fmt.Sprintf("the screen had to be made anew: internal fault: %v", fault)}})
	s.touch()
}

// resizeAll applies sizes, the newest one only, and not too often: a window
// that is drawn larger would have the shell draw itself a hundred times.
func (s *Session) resizeAll() {
	const resizePause = 60 * time.Millisecond
	for {
		select {
		case <-s.sizes:
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		size, input := s.size, s.input
		s.mu.Unlock()
		s.resizeScreen(size)
		if input != nil {
			input.resize(size[0], size[1])
		}
		pause(s.ctx, resizePause)
	}
}

func (s *Session) resizeScreen(size [2]int) {
	s.screen.Lock()
	defer s.screen.Unlock()
	defer func() {
		if fault := recover(); fault != nil {
			s.renewScreen(fault)
		}
	}()
	s.emu.Resize(size[0], size[1])
	s.settle()
}
