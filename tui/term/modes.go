package term

import "fmt"

// setPrivate sets or resets a DEC private mode.
func (s *screen) setPrivate(mode int, on bool) {
	switch mode {
	case 1:
		s.modes.AppCursor = on
	case 6:
		s.state.origin = on
		s.forward(mode, on)
		s.move(0, s.originRow()) // the mode moves the cursor home
	case 7:
		s.state.noWrap = !on
		s.forward(mode, on)
	case 12:
		s.state.cursor.Blink = on
	case 25:
		s.state.cursor.Hidden = !on
	case 66:
		s.modes.AppKeypad = on
	case 69:
		s.setSides(on)
	case 47, 1047, 1049:
		s.setAltScreen(mode, on)
	case 1048:
		if on {
			s.saveCursor()
		} else {
			s.restoreCursor()
		}
	case 9, 1000, 1002, 1003:
		s.setMouse(mode, on)
	case 1004:
		s.modes.Focus = on
	case 1006:
		s.modes.MouseSGR = on
	case 2004:
		s.modes.Paste = on
	case 2026:
		s.modes.Hold = on
	}
}

// privateMode reports whether a mode that setPrivate knows is set.
func (s *screen) privateMode(mode int) (on, known bool) {
	m, st := s.modes, s.state
	switch mode {
	case 1:
		on = m.AppCursor
	case 6:
		on = st.origin
	case 7:
		on = !st.noWrap
	case 9:
		on = m.Mouse == MousePress
	case 12:
		on = st.cursor.Blink
	case 25:
		on = !st.cursor.Hidden
	case 47, 1047, 1049:
		on = m.AltScreen
	case 66:
		on = m.AppKeypad
	case 69:
		on = st.sides
	case 1000:
		on = m.Mouse == MouseClicks
	case 1002:
		on = m.Mouse == MouseDrag
	case 1003:
		on = m.Mouse == MouseMotion
	case 1004:
		on = m.Focus
	case 1006:
		on = m.MouseSGR
	case 2004:
		on = m.Paste
	case 2026:
		on = m.Hold
	default:
		return false, false
	}
	return on, true
}

// ansiMode reports whether a mode that setANSI knows is set.
func (s *screen) ansiMode(mode int) (on, known bool) {
	switch mode {
	case 4:
		return s.state.insert, true
	case 20:
		return s.state.newLine, true
	}
	return false, false
}

// setSides is ?69. Without it there are no margins at the sides.
func (s *screen) setSides(on bool) {
	if !on && s.state.sides {
		at := s.emu.CursorPosition()
		s.put("\x1b[s")
		s.move(at.X, at.Y)
	}
	s.state.sides = on
	s.forward(69, on)
}

func (s *screen) originRow() int {
	if s.state.origin {
		return s.state.top
	}
	return 0
}

func (s *screen) forward(mode int, on bool) {
	letter := 'l'
	if on {
		letter = 'h'
	}
	s.put(fmt.Sprintf("\x1b[?%d%c", mode, letter))
}

// setAltScreen shows the second screen or the first one.
func (s *screen) setAltScreen(mode int, on bool) {
	if on == s.modes.AltScreen {
		return
	}
	at := s.emu.CursorPosition()
	if on {
		s.collect() // these lines are of the first screen
		if mode == 1049 {
			s.saveCursor()
		}
		s.modes.AltScreen = true
		s.forward(max(mode, 1047), true)
		s.move(at.X, at.Y)
		return
	}
	s.put("\x1b[3J") // its history holds what nobody will see again
	s.state.hidden = 0
	s.modes.AltScreen = false
	s.forward(max(mode, 1047), false)
	if mode == 1049 {
		s.restoreCursor()
	} else {
		s.move(at.X, at.Y)
	}
}

func (s *screen) setMouse(mode int, on bool) {
	wanted := map[int]MouseMode{9: MousePress, 1000: MouseClicks, 1002: MouseDrag, 1003: MouseMotion}[mode]
	switch {
	case on:
		s.modes.Mouse = wanted
	case s.modes.Mouse == wanted || wanted == MouseClicks:
		s.modes.Mouse = MouseNone
	}
}

// setANSI sets or resets one of the standard's own modes.
func (s *screen) setANSI(mode int, on bool) {
	switch mode {
	case 4:
		s.state.insert = on
	case 20:
		s.state.newLine = on
		if on {
			s.put("\x1b[20h")
		} else {
			s.put("\x1b[20l")
		}
	}
}

// setCursorStyle is DECSCUSR: odd numbers blink.
func (s *screen) setCursorStyle(n int) {
	c := &s.state.cursor
	switch n {
	case 0, 1, 2:
		c.Shape = Block
	case 3, 4:
		c.Shape = Underline
	case 5, 6:
		c.Shape = Bar
	default:
		return
	}
	c.Blink = n == 0 || n%2 == 1
}

// softReset is DECSTR, of which x/vt knows nothing: modes and looks, but
// neither the screen nor the cursor.
func (s *screen) softReset() {
	rows, _ := s.Size()
	at := s.emu.CursorPosition()
	s.collect()
	s.put("\x1b[r\x1b[?6l\x1b[?7h\x1b[m\x1b(B")
	s.modes.AppCursor, s.modes.AppKeypad = false, false
	s.state.noWrap, s.state.insert, s.state.origin, s.state.sets = false, false, false, charsets{}
	s.state.cursor.Hidden, s.state.pen = false, ""
	s.state.top, s.state.bottom = 0, rows
	s.move(at.X, at.Y)
}

// reset is RIS: everything but the history.
func (s *screen) reset() {
	rows, _ := s.Size()
	if s.modes.AltScreen {
		s.put("\x1b[3J")
	}
	s.collect()
	s.put("\x1bc")
	s.modes, s.state = Modes{}, state{bottom: rows, cursor: Cursor{Blink: true}}
}
