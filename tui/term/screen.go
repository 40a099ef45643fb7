package term

import (
	"image/color"
	"io"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
)

// screen is the Emulator over charm's x/vt. That one keeps the cells, the
// cursor and the margins. Everything else is done before it, because at the
// version that is pinned it
//   - panics on margins that are larger than the screen, and works for as long
//     as a number in a sequence says;
//   - answers questions into a pipe that blocks it;
//   - loses wide characters at the right edge, and characters that are cut in
//     two by a write;
//   - keeps a history for the second screen that nobody can read, of 112 bytes
//     for a cell;
//   - does not know insert mode, soft reset, CSI u and others.
type screen struct {
	lexer   lexer
	emu     *vt.Emulator
	history *History

	printer printer
	modes   Modes
	state   state

	foreground, background color.Color
	replies                []byte
	events                 []Event
	scratch                []uv.Cell // of Render: a row of cells is large
}

// state is what the screen itself needs to know of the modes that the program
// has set.
type state struct {
	noWrap  bool // ?7 is off
	insert  bool // 4
	origin  bool // ?6
	sides   bool // ?69: CSI s sets margins
	newLine bool // 20
	sets    charsets
	top     int // margins: rows top to bottom-1
	bottom  int
	cursor  Cursor // its looks
	pen     pen

	savedSets charsets
	savedPen  pen
	hidden    int // lines that may have gone to the history of the second screen
}

func newScreen(rows, cols, history int) *screen {
	s := &screen{history: NewHistory(history)}
	s.renew(max(1, rows), max(1, cols))
	return s
}

// renew makes the emulator anew, empty.
func (s *screen) renew(rows, cols int) {
	s.emu = vt.NewEmulator(cols, rows)
	s.emu.SetScrollbackSize(backlog(rows))
	if p, ok := s.emu.InputPipe().(*io.PipeWriter); ok {
		_ = p.CloseWithError(io.EOF) // an answer that slips through must not block: ours are made here
	}
	s.printer = printer{}
	s.modes = Modes{}
	s.state = state{bottom: rows, cursor: Cursor{Blink: true}}
}

// maxBatch is the number of bytes after which lines are taken out of the
// emulator's own history.
const maxBatch = 1 << 10

// backlog is how many lines one batch can push out: the shortest sequence that
// pushes a screen has four bytes.
func backlog(rows int) int { return (maxBatch/4 + 1) * rows }

// Write implements Emulator.
func (s *screen) Write(b []byte) {
	for len(b) > 0 {
		n := min(len(b), maxBatch)
		s.lexer.write(b[:n], s)
		s.collect()
		b = b[n:]
	}
}

// collect moves what has left the screen to the history. Only a scroll of the
// whole screen counts: what leaves a region within it was not above.
func (s *screen) collect() {
	if back := s.emu.Scrollback(); back.Len() > 0 {
		if s.state.top == 0 {
			_, cols := s.Size()
			for _, line := range back.Lines() {
				s.history.Add(renderCells(line, cols))
			}
		}
		back.Clear()
	}
	if s.state.hidden > maxHidden {
		s.dropHidden()
	}
}

// maxHidden is how many lines the second screen's history may hold.
const maxHidden = 256

// dropHidden empties the history of the second screen, which only the sequence
// does that also clears the screen.
func (s *screen) dropHidden() {
	s.state.hidden = 0
	saved := s.save()
	s.put("\x1b[3J")
	s.restore(saved)
}

// save copies the cells of the screen that is shown.
func (s *screen) save() [][]uv.Cell {
	rows, _ := s.Size()
	cells := make([][]uv.Cell, rows)
	for y := range cells {
		cells[y] = s.row(y)
	}
	return cells
}

func (s *screen) restore(cells [][]uv.Cell) {
	rows, cols := s.Size()
	for y := range min(rows, len(cells)) {
		s.setRow(y, cells[y][:min(cols, len(cells[y]))])
	}
}

// put writes to the emulator what was made or checked here.
func (s *screen) put(seq string) { _, _ = s.emu.WriteString(seq) } // it takes everything

// Size implements Emulator.
func (s *screen) Size() (rows, cols int) { return s.emu.Height(), s.emu.Width() }

// Render implements Emulator.
func (s *screen) Render() []string {
	rows, cols := s.Size()
	lines := make([]string, rows)
	for y := range lines {
		s.scratch = s.appendRow(s.scratch[:0], y)
		lines[y] = renderCells(s.scratch, cols)
	}
	return lines
}

// Cursor implements Emulator.
func (s *screen) Cursor() Cursor {
	c := s.state.cursor
	at := s.emu.CursorPosition()
	rows, cols := s.Size()
	c.X, c.Y = max(0, min(at.X, cols-1)), max(0, min(at.Y, rows-1))
	return c
}

// Modes implements Emulator.
func (s *screen) Modes() Modes { return s.modes }

// History implements Emulator.
func (s *screen) History() *History { return s.history }

// SetColors implements Emulator.
func (s *screen) SetColors(foreground, background color.Color) {
	s.foreground, s.background = foreground, background
}

// Replies implements Emulator.
func (s *screen) Replies() []byte {
	out := s.replies
	s.replies = nil
	return out
}

// Events implements Emulator.
func (s *screen) Events() []Event {
	out := s.events
	s.events = nil
	return out
}
