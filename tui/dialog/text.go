package dialog

import (
	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
)

// Text is something to read.
type Text struct {
	Title string
	Lines []string // wrapped when drawn; already painted
	top   int
	last  int // the largest useful top
}

// Update scrolls and closes.
func (t *Text) Update(msg tea.Msg) (bool, tea.Cmd) {
	switch pressed(msg) {
	case "esc", "q", "enter", "ctrl+c":
		return true, nil
	case "up", "k":
		t.top--
	case "down", "j":
		t.top++
	case "pgup":
		t.top -= 10
	case "pgdown", "space":
		t.top += 10
	}
	t.top = max(0, min(t.top, t.last))
	return false, nil
}

// Scroll moves the view.
func (t *Text) Scroll(n int) { t.top = max(0, min(t.top+n, t.last)) }

// Draw shows as much as fits.
func (t *Text) Draw(s Scene) Box {
	b := Box{Title: t.Title, Width: min(100, s.W-6)}
	var lines []string
	for _, line := range t.Lines {
		lines = append(lines, cells.Wrap(line, b.Width)...)
	}
	room := max(1, s.H-4)
	t.last = max(0, len(lines)-room)
	t.top = max(0, min(t.top, t.last))
	b.Lines = lines[t.top:min(len(lines), t.top+room)]
	b.Footer = Keys(s.Theme, "↑↓", "scroll", "esc", "close")
	return b
}
