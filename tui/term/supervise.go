package term

import (
	"context"
	"errors"
	"time"
)

// Phase is what a session does.
type Phase uint8

// The phases.
const (
	Connecting Phase = iota
	Live
	Lost   // and it will connect again
	Failed // and it will not unless told to
	Ended  // the shell has ended by itself
)

// Status is how a session is.
type Status struct {
	Phase   Phase
	Since   time.Time
	Err     error         // why, for Lost and Failed
	RetryAt time.Time     // of the next attempt, for Lost
	Code    int           // the shell's, for Ended
	Stalled bool          // the other side does not answer, for Live
	GoesOn  bool          // the shell goes on without us, for Live
	Lived   time.Duration // how long, for Ended
}

// Backoff is the pause before attempt n to connect again, the first being 1:
// a network that comes back is noticed at once, one that does not is not
// bothered.
func Backoff(n int) time.Duration {
	const least, most = 500 * time.Millisecond, 15 * time.Second
	if n <= 1 {
		return 0
	}
	return min(most, least<<min(n-2, 10))
}

// Reconnect connects now if the session is not connected, and gives a
// connection up that does not answer.
func (s *Session) Reconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.status.Phase == Lost || s.status.Phase == Failed || s.status.Phase == Ended:
		wake(s.retry)
	case s.status.Stalled && s.giveUp != nil:
		s.given = true
		s.giveUp()
	}
}

func (s *Session) setStatus(change func(*Status)) {
	s.mu.Lock()
	change(&s.status)
	s.mu.Unlock()
	s.opts.Notify()
	wake(s.changed)
}

func (s *Session) fail(err error) {
	s.setStatus(func(st *Status) { *st = Status{Phase: Failed, Since: s.opts.Now(), Err: err} })
}

// supervise opens shells, one after the other, until the session is closed.
func (s *Session) supervise() {
	again := false
	for attempt := 1; s.ctx.Err() == nil; attempt++ {
		s.setStatus(func(st *Status) { *st = Status{Phase: Connecting, Since: s.opts.Now(), Err: st.Err} })
		begun := time.Now()
		code, served, err := s.serve(again)
		again = again || served
		if s.ctx.Err() != nil {
			return
		}
		if served && time.Since(begun) > settled {
			attempt = 0
		}
		switch {
		case err == nil:
			s.setStatus(func(st *Status) {
				*st = Status{Phase: Ended, Since: s.opts.Now(), Code: code, Lived: time.Since(begun)}
			})
			again, attempt = false, 0
		case s.opts.Retry(err):
			if s.await(err, s.opts.Pause(attempt+1)) {
				attempt = 0
			}
			continue
		default:
			s.fail(err)
		}
		select {
		case <-s.retry:
			attempt = 0
		case <-s.ctx.Done():
		}
	}
}

// await waits before the next attempt and reports whether it was told not to.
func (s *Session) await(err error, pause time.Duration) (told bool) {
	since := s.opts.Now()
	s.setStatus(func(st *Status) { *st = Status{Phase: Lost, Since: since, Err: err, RetryAt: since.Add(pause)} })
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false
	case <-s.retry:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// settled is how long a shell must have lived for the next attempt to count as
// the first one.
const settled = 10 * time.Second

// serve opens one shell and stays with it until it ends. served says that it
// was open at all.
func (s *Session) serve(again bool) (code int, served bool, err error) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	s.mu.Lock()
	size := s.size
	s.mu.Unlock()
	shell, err := s.opts.Open(ctx, Start{
		Rows: size[0], Cols: size[1], Again: again,
		Stalled: func(stalled bool) {
			s.setStatus(func(st *Status) { st.Stalled = stalled && st.Phase == Live })
		},
		Tell: func(text string) { s.happened([]Event{{Notice, text}}) },
	})
	if err != nil {
		return 0, false, err
	}
	context.AfterFunc(ctx, func() { s.release(shell) })
	input := newQueue()
	defer input.close()
	_, goesOn := shell.(Ender)
	if !s.attach(input, cancel, again, goesOn) {
		return 0, true, context.Canceled
	}
	s.spawn("writing", func() { write(shell, input, size) })
	s.read(shell)
	code, err = shell.Wait()
	if s.detach() {
		err = ErrLost
	}
	return code, true, err
}

// release lets go of a shell, or ends it. Nobody is left to tell how that went.
func (s *Session) release(shell Shell) {
	s.mu.Lock()
	forGood := s.forGood
	s.mu.Unlock()
	if e, ok := shell.(Ender); ok && forGood {
		_ = e.End()
	}
	_ = shell.Close()
}

// attach has the session type into a shell. The screen keeps what it shows.
func (s *Session) attach(input *queue, giveUp func(), again, goesOn bool) bool {
	if again {
		s.ring.drain() // what the one before has said is not to be taken for the new one's
		s.screen.Lock()
		s.emu.Restart("── connected again, " + s.opts.Now().Format("15:04:05") + " ──")
		s.modes.Store(&Modes{})
		s.screen.Unlock()
		s.touch()
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return false
	}
	s.input, s.giveUp, s.given = input, giveUp, false
	if again && !goesOn { // another program, which is somewhere else
		s.title, s.where = "", ""
	}
	s.mu.Unlock()
	s.setStatus(func(st *Status) { *st = Status{Phase: Live, Since: s.opts.Now(), GoesOn: goesOn} })
	return true
}

// detach is the end of that. It reports whether the shell was given up.
func (s *Session) detach() (given bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.input, s.giveUp = nil, nil
	return s.given
}

// read moves output to the ring until the shell ends.
func (s *Session) read(shell Shell) {
	buf := make([]byte, 32<<10)
	for {
		n, err := shell.Read(buf)
		if n > 0 && !s.ring.put(buf[:n]) {
			return
		}
		if err != nil {
			return
		}
	}
}

// write moves input to the shell until it ends. size is what the shell was
// opened with.
func write(shell Shell, input *queue, size [2]int) {
	for {
		next, ok := input.take()
		if !ok {
			return
		}
		if next.bytes == nil {
			if now := [2]int{next.rows, next.cols}; now != size && shell.Resize(next.rows, next.cols) == nil {
				size = now
			}
			continue
		}
		if _, err := shell.Write(next.bytes); err != nil && !errors.Is(err, context.Canceled) {
			return // reading says why
		}
	}
}
