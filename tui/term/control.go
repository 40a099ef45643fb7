package term

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// control implements tokens.
func (s *screen) control(c byte) {
	switch c {
	case 0x07:
		s.event(Event{Kind: Bell})
		return
	case '\n', 0x0b, 0x0c:
		if s.modes.AltScreen {
			s.state.hidden++
		}
	case 0x0e, 0x0f: // shift out, shift in
		s.shiftTo(int(0x0f - c))
		return
	case '\b', '\t', '\r':
	default:
		return
	}
	s.printer.forget()
	_, _ = s.emu.Write([]byte{c})
}

// csi is a CSI sequence.
type csi struct {
	prefix byte // one of <=>?, 0 for none
	params []int
	inter  byte // 0 for none
	final  byte
}

// parseCSI reads what follows "ESC [". A missing number is -1; sub-parameters
// count as parameters, as only SGR has them, which is not read here.
func parseCSI(b []byte) csi {
	c := csi{final: b[len(b)-1]}
	b = b[:len(b)-1]
	if len(b) > 0 && b[0] >= '<' && b[0] <= '?' {
		c.prefix, b = b[0], b[1:]
	}
	if i := bytes.IndexFunc(b, func(r rune) bool { return r < 0x30 }); i >= 0 {
		c.inter, b = b[i], b[:i]
	}
	if len(b) == 0 {
		return c
	}
	for field := range bytes.FieldsFuncSeq(b, func(r rune) bool { return r == ':' }) {
		for part := range bytes.SplitSeq(field, []byte{';'}) {
			c.params = append(c.params, number(part))
		}
	}
	return c
}

func number(b []byte) int {
	const most = 1 << 16
	n := -1
	for _, d := range b {
		if d < '0' || d > '9' {
			return -1
		}
		n = min(most, max(0, n)*10+int(d-'0'))
	}
	return n
}

// param returns parameter i, or what stands for it when it is missing.
func (c csi) param(i, missing int) int {
	if i >= len(c.params) || c.params[i] < 0 {
		return missing
	}
	return c.params[i]
}

// sequence implements tokens.
func (s *screen) sequence(b []byte) {
	s.printer.forget()
	if len(b) > 2 && b[1] == '[' {
		s.csi(parseCSI(b[2:]), b)
		return
	}
	s.escape(b)
}

// csi acts on a CSI sequence. What is not known here goes nowhere.
func (s *screen) csi(c csi, raw []byte) {
	switch {
	case c.prefix == 0 && c.inter == 0:
		s.plainCSI(c, raw)
	case c.prefix == '?' && c.inter == 0 && (c.final == 'h' || c.final == 'l'):
		for _, mode := range c.params {
			s.setPrivate(mode, c.final == 'h')
		}
	case c.prefix == 0 && c.inter == ' ' && c.final == 'q':
		s.setCursorStyle(c.param(0, 0))
	case c.prefix == 0 && c.inter == '!' && c.final == 'p':
		s.softReset()
	default:
		s.ask(c)
	}
}

func (s *screen) plainCSI(c csi, raw []byte) {
	rows, cols := s.Size()
	switch c.final {
	case 'm':
		s.setPen(raw)
	case 'g':
		_, _ = s.emu.Write(raw)
	case '@', 'P':
		s.shiftCells(c, clamp(c.param(0, 1), 1, cols))
	case 'L', 'M':
		s.scrolls(c)
		s.shiftLines(c, clamp(c.param(0, 1), 1, rows))
	case 'A', 'B', 'E', 'F':
		s.moveLines(c.final, clamp(c.param(0, 1), 1, rows))
	case 'C', 'D', 'G', 'I', 'Z', '`', 'a', 'd', 'e', 'S', 'X', 'b':
		s.scrolls(c)
		s.put(fmt.Sprintf("\x1b[%d%c", clamp(c.param(0, 1), 1, max(rows, cols)), c.final))
	case 'T':
		if len(c.params) < 2 { // with more it is about the mouse
			s.put(fmt.Sprintf("\x1b[%dT", clamp(c.param(0, 1), 1, rows)))
		}
	case 'H', 'f':
		s.put(fmt.Sprintf("\x1b[%d;%dH", clamp(c.param(0, 1), 1, rows), clamp(c.param(1, 1), 1, cols)))
	case 'J':
		s.eraseDisplay(c.param(0, 0))
	case 'K':
		s.put("\x1b[" + strconv.Itoa(clamp(c.param(0, 0), 0, 3)) + "K")
	case 'r':
		s.setMargins(c.param(0, 1), c.param(1, rows))
	case 's':
		s.saveOrSides(c)
	case 'u':
		s.restoreCursor()
	case 'h', 'l':
		for _, mode := range c.params {
			s.setANSI(mode, c.final == 'h')
		}
	default:
		s.ask(c)
	}
}

// moveLines moves the cursor up or down. A margin that is in its way stops it,
// also from outside of the region, where x/vt goes on.
func (s *screen) moveLines(final byte, n int) {
	rows, _ := s.Size()
	at := s.emu.CursorPosition()
	y := at.Y - n
	if final == 'B' || final == 'E' {
		y = at.Y + n
	}
	least, most := 0, rows-1
	if at.Y >= s.state.top {
		least = s.state.top
	}
	if at.Y < s.state.bottom {
		most = s.state.bottom - 1
	}
	s.move(at.X, clamp(y, least, most))
	if final == 'E' || final == 'F' {
		s.put("\r")
	}
}

func clamp(v, least, most int) int { return max(least, min(v, most)) }

// scrolls counts what may go to the history of the second screen.
func (s *screen) scrolls(c csi) {
	if s.modes.AltScreen && (c.final == 'S' || c.final == 'M') {
		rows, _ := s.Size()
		s.state.hidden += clamp(c.param(0, 1), 1, rows)
	}
}

// eraseDisplay erases. x/vt erases the whole line for 1, and the screen too
// for 3, which is about the history alone.
func (s *screen) eraseDisplay(what int) {
	switch what {
	case 0:
		s.put("\x1b[J")
	case 1:
		at := s.emu.CursorPosition()
		for y := range at.Y {
			s.move(0, y)
			s.put("\x1b[2K")
		}
		s.move(at.X, at.Y)
		s.put("\x1b[1K")
	case 2:
		if s.modes.AltScreen {
			rows, _ := s.Size()
			s.state.hidden += rows
		}
		at := s.emu.CursorPosition()
		s.put("\x1b[2J\x1b[1;1f\x1b[J") // the first alone would leave out the colour
		s.move(at.X, at.Y)
	case 3:
		if !s.modes.AltScreen {
			s.emu.ClearScrollback()
			s.history.Clear()
		}
	}
}

// setMargins sets the region that scrolls. Margins beyond the screen would make
// x/vt panic.
func (s *screen) setMargins(top, bottom int) {
	rows, _ := s.Size()
	top, bottom = max(1, top), clamp(bottom, 0, rows)
	if bottom == 0 {
		bottom = rows
	}
	if top >= bottom {
		return
	}
	s.collect() // what has left the screen before is of the other region
	s.state.top, s.state.bottom = top-1, bottom
	s.put(fmt.Sprintf("\x1b[%d;%dr", top, bottom))
}

// saveOrSides is CSI s: with ?69 it sets the margins at the sides, else it
// saves the cursor.
func (s *screen) saveOrSides(c csi) {
	if !s.state.sides {
		s.saveCursor()
		return
	}
	_, cols := s.Size()
	left, right := max(1, c.param(0, 1)), clamp(c.param(1, cols), 0, cols)
	if right == 0 {
		right = cols
	}
	if left < right {
		s.put(fmt.Sprintf("\x1b[%d;%ds", left, right))
	}
}

// restoreCursor goes to where the cursor was saved. x/vt would go outside of a
// screen that has become smaller meanwhile, and keep in mind that the line
// before was full.
func (s *screen) restoreCursor() {
	s.put("\x1b8")
	at := s.Cursor()
	s.move(at.X, at.Y)
	s.state.sets, s.state.pen = s.state.savedSets, s.state.savedPen
	s.useSet()
}

func (s *screen) saveCursor() {
	s.put("\x1b7")
	s.state.savedSets, s.state.savedPen = s.state.sets, s.state.pen
}

// escape acts on the short sequences.
func (s *screen) escape(b []byte) {
	if i := bytes.IndexByte([]byte("()*+"), b[1]); len(b) == 3 && i >= 0 {
		s.designate(i, b[2])
		return
	}
	if string(b) == "\x1b#8" {
		s.align()
	}
	if len(b) != 2 {
		return
	}
	switch b[1] {
	case '=', '>':
		s.modes.AppKeypad = b[1] == '='
	case '8':
		s.restoreCursor()
	case 'E':
		s.put("\r\n")
	case 'c':
		s.reset()
	case 'n':
		s.shiftTo(2)
	case 'o':
		s.shiftTo(3)
	case 'D':
		if s.modes.AltScreen {
			s.state.hidden++
		}
		_, _ = s.emu.Write(b)
	case '7':
		s.saveCursor()
	case 'H', 'M':
		_, _ = s.emu.Write(b)
	}
}

// align is DECALN: a screen full of E.
func (s *screen) align() {
	rows, cols := s.Size()
	s.setMargins(1, rows)
	for y := range rows {
		s.move(0, y)
		s.put(strings.Repeat("E", cols))
	}
	s.move(0, 0)
}
