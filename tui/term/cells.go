package term

import (
	"bytes"
	"fmt"
	"slices"

	uv "github.com/charmbracelet/ultraviolet"
)

// shiftCells inserts or deletes n cells at the cursor. x/vt does it only in rows
// that scroll, and tears wide characters apart; such a row is written anew.
func (s *screen) shiftCells(c csi, n int) {
	at := s.Cursor()
	row := s.row(at.Y)
	wide := slices.ContainsFunc(row, func(c uv.Cell) bool { return c.Width != 1 })
	outside := at.Y < s.state.top || at.Y >= s.state.bottom
	if !wide && !outside || s.state.sides {
		s.put(fmt.Sprintf("\x1b[%d%c", n, c.final))
		return
	}
	n = min(n, len(row)-at.X)
	s.put(fmt.Sprintf("\x1b[%d;%df\x1b[%dX", at.Y+1, at.X+1, n)) // what a blank looks like at the moment
	blanks := slices.Clone(s.row(at.Y)[at.X : at.X+n])
	if c.final == 'P' {
		row = append(slices.Delete(row, at.X, at.X+n), blanks...)
	} else {
		row = slices.Insert(row, at.X, blanks...)[:len(row)]
	}
	s.setRow(at.Y, row)
	s.move(at.X, at.Y)
}

// shiftLines inserts or deletes n lines at the cursor, which goes to the left.
// x/vt would also move it down by the height of the upper margin.
func (s *screen) shiftLines(c csi, n int) {
	before := s.emu.CursorPosition()
	s.put(fmt.Sprintf("\x1b[%d%c", n, c.final))
	if after := s.emu.CursorPosition(); after != before {
		s.move(after.X, before.Y)
	}
}

// row copies the cells of a row.
func (s *screen) row(y int) []uv.Cell {
	_, cols := s.Size()
	return s.appendRow(make([]uv.Cell, 0, cols), y)
}

func (s *screen) appendRow(row []uv.Cell, y int) []uv.Cell {
	_, cols := s.Size()
	for x := range cols {
		if c := s.emu.CellAt(x, y); c != nil {
			row = append(row, *c)
		} else {
			row = append(row, uv.EmptyCell)
		}
	}
	return row
}

// setRow writes a row. Halves of wide characters become blanks.
func (s *screen) setRow(y int, row []uv.Cell) {
	for x := range row {
		s.emu.SetCell(x, y, nil)
	}
	for x := 0; x < len(row); {
		c := row[x]
		if c.Width == 0 || x+c.Width > len(row) {
			c.Content, c.Width = " ", 1
		}
		whole := true
		for i := 1; i < c.Width; i++ {
			whole = whole && row[x+i].Width == 0
		}
		if !whole {
			c.Content, c.Width = " ", 1
		}
		s.emu.SetCell(x, y, &c)
		x += c.Width
	}
}

// setPen is SGR. The number for a double underline is known to x/vt in its
// newer form only.
func (s *screen) setPen(raw []byte) {
	s.state.pen = s.state.pen.with(raw)
	if bytes.Contains(raw, []byte("21")) && !bytes.ContainsAny(raw, ":") {
		raw = doubleUnderline(raw)
	}
	_, _ = s.emu.Write(raw)
}

func doubleUnderline(raw []byte) []byte {
	fields := bytes.Split(raw[2:len(raw)-1], []byte{';'})
	for i := 0; i < len(fields); i++ {
		switch string(fields[i]) {
		case "38", "48", "58": // numbers of a colour follow
			if i+1 < len(fields) && string(fields[i+1]) == "2" {
				i += 4
			} else {
				i += 2
			}
		case "21":
			fields[i] = []byte("4:2")
		}
	}
	return slices.Concat([]byte("\x1b["), bytes.Join(fields, []byte{';'}), []byte("m"))
}
