package term

import (
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// maxCluster caps one cell's text, in bytes: a letter with a thousand accents
// is an attack on whoever draws it.
const maxCluster = 64

// printer puts texts on the screen. It remembers the last character, because
// what comes next may belong to it: an accent, or the other half of an emoji.
type printer struct {
	last string // as far as nothing but text has come since; else ""
	x, y int    // its cell
	full bool   // it has filled its line
}

func (p *printer) forget() { p.last = "" }

// text implements tokens.
func (s *screen) text(b []byte) {
	if b[0] >= utf8.RuneSelf && s.printer.last != "" {
		if b = s.extend(b); len(b) == 0 {
			return
		}
	}
	for len(b) > 0 {
		n := asciiRun(b)
		if n > 0 && !s.state.insert {
			s.letters(b[:n])
			b = b[n:]
			continue
		}
		cluster, width := ansi.FirstGraphemeCluster(b, ansi.GraphemeWidth)
		s.cluster(cluster, width)
		b = b[len(cluster):]
	}
}

// asciiRun returns how many bytes at the start of b are letters that nothing
// behind them can join.
func asciiRun(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return max(0, i-1)
		}
	}
	return len(b)
}

// letters prints ASCII.
func (s *screen) letters(b []byte) {
	if last := len(b) - 1; last > 0 {
		_, _ = s.emu.Write(b[:last])
		b = b[last:]
	}
	s.narrow(b)
}

// narrow prints a character of one cell and finds out which one it is.
func (s *screen) narrow(c []byte) {
	before := s.emu.CursorPosition()
	_, _ = s.emu.Write(c)
	after := s.emu.CursorPosition()
	s.printer = printer{last: string(c), x: before.X, y: before.Y, full: after == before}
	if after.Y != before.Y || after.X < before.X { // it went to the next line
		s.printer.x, s.printer.y = max(0, after.X-1), after.Y
	}
}

// cluster prints one character of any kind.
func (s *screen) cluster(c []byte, width int) {
	c = short(c)
	if width == 0 {
		return // an accent of nothing
	}
	if s.state.insert {
		if _, cols := s.Size(); s.printer.last != "" && s.printer.full && !s.state.noWrap && cols > 1 {
			s.put("\r\n") // it goes to the next line anyway, and what is pushed aside is there
		}
		s.shiftCells(csi{final: '@'}, width)
	}
	if width == 1 {
		s.narrow(c)
		return
	}
	s.wide(c)
}

// short cuts a character that is too long, between two of its runes.
func short(c []byte) []byte {
	if len(c) <= maxCluster {
		return c
	}
	n := maxCluster
	for n > 0 && !utf8.RuneStart(c[n]) {
		n--
	}
	return c[:n]
}

// wide prints a character of two cells. x/vt blanks one that does not fit into
// its line, and does not notice that one has filled it.
func (s *screen) wide(c []byte) {
	_, cols := s.Size()
	if at := s.emu.CursorPosition(); at.X == cols-1 && !s.state.noWrap && cols > 1 {
		s.put("\r\n")
	}
	at := s.emu.CursorPosition()
	_, _ = s.emu.Write(c)
	s.printer = printer{last: string(c), x: at.X, y: at.Y}
	if at.X == cols-2 && !s.state.noWrap {
		s.printer.full = true
		s.fill(at.X, at.Y)
	}
}

// fill makes the line count as full after the wide character at x: a blank at
// its end does that, and then the character comes back.
func (s *screen) fill(x, y int) {
	cell := s.emu.CellAt(x, y)
	if cell == nil {
		return
	}
	kept := *cell
	s.put(" ")
	s.emu.SetCell(x, y, &kept)
}

// extend adds to the last character what b begins with, as far as it belongs
// to it, and returns the rest.
func (s *screen) extend(b []byte) []byte {
	p := &s.printer
	whole := append([]byte(p.last), b...)
	cluster, width := ansi.FirstGraphemeCluster(whole, ansi.GraphemeWidth)
	n := len(cluster) - len(p.last)
	if n <= 0 {
		return b
	}
	rest := b[n:]
	cell := s.emu.CellAt(p.x, p.y)
	if cell == nil || cell.Width == 0 {
		return rest
	}
	p.last = string(short(cluster))
	grown := *cell
	grown.Content = p.last
	_, cols := s.Size()
	if grown.Width == 1 && width == 2 && p.x+1 < cols {
		grown.Width = 2
		s.emu.SetCell(p.x, p.y, &grown)
		if p.x+2 < cols {
			s.move(p.x+2, p.y)
		} else {
			s.move(p.x+1, p.y)
			s.fill(p.x, p.y)
		}
		return rest
	}
	s.emu.SetCell(p.x, p.y, &grown)
	return rest
}
