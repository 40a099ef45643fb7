package term

import "time"

// Press sends a key. It reports false when there is no shell to send it to.
func (s *Session) Press(k Key) bool { return s.Send(EncodeKey(k, s.Modes())) }

// Paste sends a text as it would be pasted.
func (s *Session) Paste(text string) bool { return s.Send(EncodePaste(text, s.Modes())) }

// Mouse sends an event of the mouse if the program wants it.
func (s *Session) Mouse(e Mouse) bool {
	b := EncodeMouse(e, s.Modes())
	return len(b) > 0 && s.Send(b)
}

// Focus tells the program about the focus if it wants to know.
func (s *Session) Focus(in bool) {
	switch {
	case !s.Modes().Focus:
	case in:
		s.Send([]byte("\x1b[I"))
	default:
		s.Send([]byte("\x1b[O"))
	}
}

// Send sends bytes as they are. It never waits. It reports false when there is
// no shell; when the shell has not read for so long that the queue is full,
// the bytes are dropped and an event says so.
func (s *Session) Send(b []byte) bool {
	s.mu.Lock()
	input := s.input
	s.mu.Unlock()
	if input == nil {
		return false
	}
	if !input.put(b) {
		s.happened([]Event{{Notice, "the shell reads nothing: what was typed or pasted is dropped"}})
	}
	return true
}

// reply sends what the emulator answers. Here it matters less that it arrives.
func (s *Session) reply(b []byte) {
	s.mu.Lock()
	input := s.input
	s.mu.Unlock()
	if input != nil {
		input.put(b)
	}
}

// Resize changes the size, a moment later.
func (s *Session) Resize(rows, cols int) {
	size := [2]int{max(1, rows), max(2, cols)}
	s.mu.Lock()
	same := s.size == size
	s.size = size
	s.mu.Unlock()
	if !same {
		wake(s.sizes)
	}
}

// Pace is how long to wait after a frame before the next one is drawn: longer
// while much is printed, and longer where drawing is slow.
func (s *Session) Pace() time.Duration {
	const least, most, flooded = 8 * time.Millisecond, 96 * time.Millisecond, 96 * time.Millisecond
	if s.ring.waiting() > floodBytes {
		return flooded
	}
	return max(least, min(most, 2*s.frame.Load().Cost))
}
