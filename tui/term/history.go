package term

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// historyBytes caps a history, whatever the number of its lines.
const historyBytes = 32 << 20

// History holds the lines that have left the screen, the newest ones. Each is
// a styled string: a cell of the emulator takes a hundred times the memory of
// the letter in it.
type History struct {
	lines []string // a ring
	first int      // of the ring
	limit int
	bytes int
	total int // lines that ever came
}

// NewHistory returns a history of at most limit lines.
func NewHistory(limit int) *History { return &History{limit: max(1, limit)} }

// Add appends a line: printable, with nothing but SGR sequences and
// hyperlinks in it.
func (h *History) Add(line string) {
	h.total++
	h.bytes += len(line)
	if len(h.lines) < h.limit {
		h.lines = append(h.lines, line)
	} else {
		h.bytes -= len(h.lines[h.first])
		h.lines[h.first] = line
		h.first = (h.first + 1) % h.limit
	}
	for i := 0; h.bytes > historyBytes && i < len(h.lines); i++ { // the oldest are emptied, not taken out
		at := (h.first + i) % len(h.lines)
		h.bytes -= len(h.lines[at])
		h.lines[at] = ""
	}
}

// Pop takes the newest line out again, "" when there is none.
func (h *History) Pop() string {
	if len(h.lines) == 0 {
		return ""
	}
	if h.first > 0 { // make it a plain slice, whose end can be cut
		h.lines, h.first = h.Lines(), 0
	}
	last := h.lines[len(h.lines)-1]
	h.lines = h.lines[:len(h.lines)-1]
	h.bytes -= len(last)
	return last
}

// Len is the number of lines that are held.
func (h *History) Len() int { return len(h.lines) }

// Total is the number of lines that ever came.
func (h *History) Total() int { return h.total }

// Line returns line i, 0 being the oldest one held.
func (h *History) Line(i int) string { return h.lines[(h.first+i)%len(h.lines)] }

// Lines returns all lines, the oldest first.
func (h *History) Lines() []string {
	out := make([]string, 0, len(h.lines))
	out = append(out, h.lines[h.first:]...)
	return append(out, h.lines[:h.first]...)
}

// Clear forgets all lines.
func (h *History) Clear() { h.lines, h.first, h.bytes = nil, 0, 0 }

// Plain returns a line without its styles.
func Plain(line string) string {
	if strings.IndexByte(line, 0x1b) < 0 {
		return line
	}
	return ansi.Strip(line)
}
