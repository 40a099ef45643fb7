package term

import "time"

// Frame is what a session shows.
type Frame struct {
	Lines      []string // styled, one for each row, not longer than Cols
	Cursor     Cursor
	Rows, Cols int
	Modes      Modes
	Total      int           // lines that ever left the screen
	Cost       time.Duration // of making it

	gen uint64
}

// Frame returns the newest frame that can be had without waiting.
func (s *Session) Frame() *Frame {
	last := s.frame.Load()
	gen := s.gen.Load()
	if last.gen == gen {
		return last
	}
	if !s.screen.TryLock() {
		s.wanted.Store(true) // who has the lock makes one
		return last
	}
	defer s.screen.Unlock()
	if s.held() {
		return last
	}
	f := s.render(s.gen.Load())
	s.frame.Store(f)
	return f
}

// render makes a frame, with the screen locked.
func (s *Session) render(gen uint64) *Frame {
	begun := time.Now()
	rows, cols := s.emu.Size()
	f := &Frame{Lines: s.emu.Render(), Cursor: s.emu.Cursor(), Rows: rows, Cols: cols, Modes: s.emu.Modes(), Total: s.emu.History().Total(), gen: gen}
	f.Cost = time.Since(begun)
	return f
}

// Snapshot returns a copy of history and screen, to look around in. It waits
// for its turn, so it is not for whoever draws.
func (s *Session) Snapshot() *Snapshot {
	s.screen.Lock()
	defer s.screen.Unlock()
	_, cols := s.emu.Size()
	h := s.emu.History()
	return newSnapshot(h.Lines(), s.emu.Render(), s.emu.Cursor(), cols, h.Total())
}
