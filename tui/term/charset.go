package term

// charsets are the four character sets that a program may designate, and which
// one of them is in use. x/vt does not know shift out and shift in, so it only
// ever hears of the set in use. Zero is ASCII.
type charsets struct {
	designated [4]byte
	used       int
}

func (c charsets) current() byte {
	if d := c.designated[c.used]; d != 0 {
		return d
	}
	return 'B'
}

func (c charsets) ascii() bool { return c.current() == 'B' }

// designate makes one of the four sets another one. Those that are not known
// are ASCII.
func (s *screen) designate(slot int, set byte) {
	if set != '0' && set != 'A' {
		set = 'B'
	}
	s.state.sets.designated[slot] = set
	s.useSet()
}

func (s *screen) shiftTo(slot int) {
	s.state.sets.used = slot
	s.useSet()
}

func (s *screen) useSet() { s.put("\x1b(" + string(rune(s.state.sets.current()))) }
