package term

import (
	"sort"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Snapshot is a shell's history and screen at one moment, to look around in
// while the shell goes on. Rows are as wide as the screen was.
type Snapshot struct {
	rows   []string
	joined []bool // the row goes on in the next one
	cols   int
	screen int // the row that was the screen's first
	total  int // lines that had ever left the screen when it was taken

	top    int // the first row that is shown
	height int

	X, Y   int // the cursor, in rows of the snapshot
	mark   *point
	byLine bool

	query string
	hits  []point
}

type point struct{ x, y int }

func newSnapshot(history, screen []string, cursor Cursor, cols, total int) *Snapshot {
	s := &Snapshot{cols: max(1, cols), total: total}
	for _, line := range history {
		parts := wrapLine(line, s.cols)
		for i, part := range parts {
			s.rows = append(s.rows, part)
			s.joined = append(s.joined, i < len(parts)-1)
		}
	}
	s.screen = len(s.rows)
	s.rows = append(s.rows, screen...)
	s.joined = append(s.joined, make([]bool, len(screen))...)
	s.X, s.Y = cursor.X, s.screen+cursor.Y
	return s
}

// ScreenRow returns which row was row y of the screen.
func (s *Snapshot) ScreenRow(y int) int { return s.screen + y }

// RowAt returns which row is shown at line y.
func (s *Snapshot) RowAt(y int) int { return s.top + y }

// SetHeight tells how many rows are shown.
func (s *Snapshot) SetHeight(h int) {
	bottom := s.top + s.height
	if s.height == 0 {
		bottom = len(s.rows)
	}
	s.height = max(1, h)
	s.top = bottom - s.height
	s.show()
}

// Place is where the view is: rows above it, rows shown, all rows.
func (s *Snapshot) Place() (above, shown, all int) {
	return s.top, min(s.height, len(s.rows)), len(s.rows)
}

// Total is how many lines had ever left the screen when it was taken.
func (s *Snapshot) Total() int { return s.total }

// AtEnd reports whether the last row is shown.
func (s *Snapshot) AtEnd() bool { return s.top+s.height >= len(s.rows) }

func (s *Snapshot) clamp() {
	s.top = max(0, min(s.top, len(s.rows)-s.height))
	s.Y = max(0, min(s.Y, len(s.rows)-1))
	s.X = max(0, min(s.X, s.cols-1))
}

// Scroll moves the view, and the cursor as far as it must to stay in it.
func (s *Snapshot) Scroll(n int) {
	s.top += n
	s.clamp()
	s.Y = max(s.top, min(s.Y, s.top+s.height-1))
	s.clamp()
}

// Move moves the cursor, and the view as far as it must to show it.
func (s *Snapshot) Move(dx, dy int) {
	s.X, s.Y = s.X+dx, s.Y+dy
	s.clamp()
	s.show()
}

// To puts the cursor somewhere.
func (s *Snapshot) To(x, y int) {
	s.X, s.Y = x, y
	s.clamp()
	s.show()
}

// Ends puts the cursor into the first row, or into the last that is not empty.
func (s *Snapshot) Ends(last bool) {
	s.X, s.Y = 0, 0
	if last {
		for s.Y = len(s.rows) - 1; s.Y > 0 && s.rows[s.Y] == ""; s.Y-- {
			continue
		}
	}
	s.show()
}

// LineEnd puts the cursor behind the last letter of its row, or before the first.
func (s *Snapshot) LineEnd(last bool) {
	s.X = 0
	if last {
		s.X = max(0, ansi.StringWidth(strings.TrimRight(Plain(s.rows[s.Y]), " "))-1)
	}
	s.clamp()
}

func (s *Snapshot) show() {
	s.top = max(s.Y-s.height+1, min(s.top, s.Y))
	s.clamp()
}

// Mark begins a selection at the cursor, or ends the one there is. byLine
// selects whole rows.
func (s *Snapshot) Mark(byLine bool) {
	if s.mark != nil && s.byLine == byLine {
		s.mark = nil
		return
	}
	if s.mark == nil {
		s.mark = &point{s.X, s.Y}
	}
	s.byLine = byLine
}

// Marked reports whether something is selected.
func (s *Snapshot) Marked() bool { return s.mark != nil }

// Unmark ends the selection.
func (s *Snapshot) Unmark() { s.mark = nil }

// span returns the first and the last cell that is selected.
func (s *Snapshot) span() (from, to point) {
	from, to = *s.mark, point{s.X, s.Y}
	if to.y < from.y || to.y == from.y && to.x < from.x {
		from, to = to, from
	}
	if s.byLine {
		from.x, to.x = 0, s.cols-1
	}
	return from, to
}

// selected returns which cells of row y are selected, from left to right-1.
func (s *Snapshot) selected(y int) (left, right int) {
	if s.mark == nil {
		return 0, 0
	}
	from, to := s.span()
	switch {
	case y < from.y || y > to.y:
		return 0, 0
	case y == from.y && y == to.y:
		return from.x, to.x + 1
	case y == from.y:
		return from.x, s.cols
	case y == to.y:
		return 0, to.x + 1
	}
	return 0, s.cols
}

// Text returns what is selected. Rows that are one line become one again.
func (s *Snapshot) Text() string {
	if s.mark == nil {
		return ""
	}
	from, to := s.span()
	var b strings.Builder
	for y := from.y; y <= to.y; y++ {
		left, right := s.selected(y)
		row := ansi.Cut(Plain(s.rows[y]), left, right)
		if s.joined[y] && y < to.y {
			b.WriteString(row)
			continue
		}
		b.WriteString(strings.TrimRight(row, " "))
		if y < to.y || s.byLine {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Search looks for a text, upwards or downwards from the cursor, and moves the
// cursor there. Capitals count only if there are some in the text. It returns
// which hit that is, of how many.
func (s *Snapshot) Search(query string, down bool) (hit, hits int) {
	if query != s.query {
		s.query, s.hits = query, s.find(query)
	}
	if len(s.hits) == 0 {
		return 0, 0
	}
	at := point{s.X, s.Y}
	i := sort.Search(len(s.hits), func(i int) bool {
		h := s.hits[i]
		return h.y > at.y || h.y == at.y && h.x >= at.x
	})
	switch here := i < len(s.hits) && s.hits[i] == at; {
	case down && here:
		i++
	case !down:
		i--
	}
	i = (i + len(s.hits)) % len(s.hits)
	s.To(s.hits[i].x, s.hits[i].y)
	return i + 1, len(s.hits)
}

// find returns where a text is, in order.
func (s *Snapshot) find(query string) []point {
	if query == "" {
		return nil
	}
	fold := strings.ToLower(query) == query
	var hits []point
	for y, row := range s.rows {
		text := Plain(row)
		if fold {
			text = strings.ToLower(text)
		}
		for at := 0; ; {
			i := strings.Index(text[at:], query)
			if i < 0 {
				break
			}
			at += i
			hits = append(hits, point{ansi.StringWidth(text[:at]), y})
			at += len(query)
		}
	}
	return hits
}

// Draw returns the rows that are shown, each of at most cols cells. What is
// selected or was found is painted.
func (s *Snapshot) Draw(selected, found func(string) string) []string {
	out := make([]string, 0, s.height)
	hit := sort.Search(len(s.hits), func(i int) bool { return s.hits[i].y >= s.top })
	for y := s.top; y < min(len(s.rows), s.top+s.height); y++ {
		row := s.rows[y]
		first := hit
		for hit < len(s.hits) && s.hits[hit].y == y {
			hit++
		}
		if left, right := s.selected(y); right > left {
			row = paint(row, left, min(right, max(left+1, ansi.StringWidth(row))), selected)
		} else {
			for i := hit - 1; i >= first; i-- {
				row = paint(row, s.hits[i].x, s.hits[i].x+ansi.StringWidth(s.query), found)
			}
		}
		out = append(out, row)
	}
	return out
}

// paint has the cells from left to right-1 of a row painted.
func paint(row string, left, right int, ink func(string) string) string {
	width := ansi.StringWidth(row)
	text := Plain(ansi.Cut(row, left, right))
	text += strings.Repeat(" ", max(0, right-left-ansi.StringWidth(text)))
	out := ansi.Cut(row, 0, left) + "\x1b[m" + ink(text)
	if right < width {
		out += ansi.Cut(row, right, width)
	}
	return out
}
