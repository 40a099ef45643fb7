package term

import (
	"fmt"

	"github.com/charmbracelet/x/ansi"
)

// Resize implements Emulator. x/vt cuts a screen at its lower edge, where the
// prompt is, and keeps nothing of it; so before it becomes lower, what is
// above goes to the history.
func (s *screen) Resize(rows, cols int) {
	rows, cols = max(1, rows), max(1, cols)
	before, w := s.Size()
	if before == rows && w == cols {
		return // the same size would still reset margins and tabs
	}
	s.collect()
	total := s.history.total // what a change of the size moves is not new
	if s.modes.AltScreen {
		s.resizeBelow(rows, cols)
	} else {
		s.shift(rows)
		s.emu.Resize(cols, rows)
	}
	s.emu.SetScrollbackSize(backlog(rows))
	s.printer.forget()
	s.state.top, s.state.bottom = 0, rows
	s.collect()
	if !s.modes.AltScreen && s.emu.CursorPosition().Y == before-1 {
		s.pull(rows - before)
	}
	s.history.total = total
}

// pull brings the newest n lines of the history back to a screen that has grown
// and was full.
func (s *screen) pull(n int) {
	_, cols := s.Size()
	var lines []string
	for len(lines) < n && s.history.Len() > 0 && ansi.StringWidth(s.history.Line(s.history.Len()-1)) <= cols {
		lines = append(lines, s.history.Pop())
	}
	if len(lines) == 0 {
		return
	}
	at, pen := s.emu.CursorPosition(), s.state.pen
	s.put(fmt.Sprintf("\x1b[m\x1b[%dT", len(lines)))
	for i, line := range lines {
		s.move(0, len(lines)-1-i)
		(&lexer{}).write([]byte(line), s) // the usual one may be in the middle of something
	}
	s.state.pen = pen
	s.put("\x1b[m" + string(pen))
	s.move(at.X, at.Y+len(lines))
	s.printer.forget()
}

// shift scrolls the first screen so that the cursor's row is still there when
// it has only so many rows.
func (s *screen) shift(rows int) {
	at := s.emu.CursorPosition()
	k := at.Y - rows + 1
	if k <= 0 {
		return
	}
	s.state.top = 0
	s.put(fmt.Sprintf("\x1b[r\x1b[%dS", k))
	s.move(at.X, at.Y-k)
}

// resizeBelow resizes while the second screen is shown: the first one, which
// comes back when the program ends, gets what it would have got.
func (s *screen) resizeBelow(rows, cols int) {
	above, at := s.save(), s.emu.CursorPosition()
	s.put("\x1b[?1047l")
	s.shift(rows)
	s.emu.Resize(cols, rows)
	s.put("\x1b[?1047h")
	s.restore(above)
	s.move(min(at.X, cols-1), min(at.Y, rows-1))
}

// move puts the cursor somewhere, whatever the margins are.
func (s *screen) move(x, y int) { s.put(fmt.Sprintf("\x1b[%d;%df", y+1, x+1)) }

// Restart implements Emulator.
func (s *screen) Restart(note string) {
	rows, _ := s.Size()
	if s.modes.AltScreen {
		s.put("\x1b[3J\x1b[?1049l")
	}
	s.setSides(false)
	at := s.emu.CursorPosition()
	s.lexer = lexer{}
	s.printer = printer{}
	s.modes = Modes{}
	s.state = state{bottom: rows, cursor: Cursor{Blink: true}}
	s.put("\x1b[r\x1b[?6l\x1b[?7h\x1b[20l\x1b[?5W\x1b[m\x1b]8;;\x1b\\\x1b(B")
	s.put("\x1b[H\x1b7") // where restoring the cursor leads that was never saved
	s.move(at.X, at.Y)
	if at.X > 0 {
		s.put("\r\n")
	}
	if note != "" {
		s.put("\x1b[2m" + note + "\x1b[m\r\n")
	}
	s.collect()
}
