// Package dialog has the things that lie over the list and take the keys:
// questions, menus, forms and texts.
//
// A dialog is a plain struct: it gets messages, says when it is done and draws
// itself into a box. What a choice does is a function of whoever opened it.
// Dialogs about a workspace are bound to its identity and turn harmless when
// that goes away.
package dialog

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/theme"
	"github.com/berth-sh/berth/workspace"
)

// Dialog is one overlay.
type Dialog interface {
	// Update handles one message. done closes the dialog; the command runs
	// either way.
	Update(msg tea.Msg) (done bool, cmd tea.Cmd)
	// Draw makes the box for a screen.
	Draw(s Scene) Box
}

// Watcher is a dialog that follows the list: find returns the workspace that
// has the key now.
type Watcher interface {
	Watch(find func(workspace.Key) (workspace.Workspace, bool))
}

// Scene is the room and the look.
type Scene struct {
	Theme theme.Theme
	W, H  int // of the screen, in cells
}

// Box is a drawn dialog without its frame.
type Box struct {
	Title  string
	Lines  []string
	Footer string // keys, already painted
	Width  int    // of the content, wanted
	Cursor *Point // where typing happens, within the content; nil for none
	Danger bool   // something is lost
}

// Point is a place, counted from the top left corner.
type Point struct{ X, Y int }

// Frame draws the border and returns the lines, where they go, and the cursor
// on the screen.
func Frame(b Box, s Scene) (lines []string, at Point, cursor *Point) {
	inner := max(1, min(b.Width, s.W-6))
	body := b.Lines
	if b.Footer != "" {
		body = append(append([]string{}, body...), "", b.Footer)
	}
	height := max(0, min(len(body), s.H-2))
	if cut := len(body) - height; cut > 0 && b.Footer != "" && height > 1 {
		body = append(append([]string{}, body[:height-1]...), b.Footer) // the keys matter more than the last lines
	}
	ink := s.Theme.Muted
	if b.Danger {
		ink = s.Theme.Bad
	}
	title := cells.Cut(b.Title, inner-2)
	rule := strings.Repeat("─", max(0, inner+2-3-cells.Width(title)))
	lines = append(lines, ink.Paint("╭─ ")+s.Theme.Strong.Paint(title)+ink.Paint(" "+rule+"╮"))
	for _, line := range cells.Block(body, inner, height) {
		lines = append(lines, ink.Paint("│")+" "+line+" "+ink.Paint("│"))
	}
	lines = append(lines, ink.Paint("╰"+strings.Repeat("─", inner+2)+"╯"))
	at = Point{max(0, (s.W-inner-4)/2), max(0, (s.H-len(lines))/2)}
	if b.Cursor != nil && b.Cursor.Y < height && b.Cursor.X < inner {
		cursor = &Point{at.X + 2 + b.Cursor.X, at.Y + 1 + b.Cursor.Y}
	}
	return lines, at, cursor
}

// Keys writes the keys at a dialog's lower edge: "enter choose  esc close".
func Keys(t theme.Theme, pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b.WriteString("  ")
		}
		b.WriteString(t.Key.Paint(pairs[i]) + " " + t.Muted.Paint(pairs[i+1]))
	}
	return b.String()
}
