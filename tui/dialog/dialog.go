// Package dialog has the things that lie over the list and take the keys:
// questions, menus, forms and texts.
//
// A dialog is a plain struct: it gets messages, says when it is done and draws
// itself into a box. What a choice does is a function of whoever opened it.
// Dialogs about a workspace are bound to its identity and turn harmless when
// that goes away.
package dialog

import (
	"slices"
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

// Clicker is a dialog that takes clicks. line is the content's line that was
// clicked on, as Draw has made it, and at the place, counted from the upper left
// corner of the content.
type Clicker interface {
	Click(line string, at Point) (done bool, cmd tea.Cmd)
}

// Scroller is a dialog that the wheel moves, by lines or items.
type Scroller interface {
	Scroll(n int)
}

// Scene is the room and the look.
type Scene struct {
	Theme theme.Theme
	W, H  int  // of the screen, in cells
	Plain bool // for screen readers: at the upper left, with the cursor on what has the focus
}

// Box is a drawn dialog without its frame.
type Box struct {
	Title  string
	Lines  []string
	Tail   []string // below the lines; stays when the lines do not all fit
	Footer string   // keys, already painted; stays too
	Width  int      // of the content, wanted
	Cursor *Point   // where typing happens, within the content; nil for none
	Focus  string   // the line that has the focus, as it is in Lines or Tail; "" for none
	Danger bool     // something is lost
}

// Point is a place, counted from the top left corner.
type Point struct{ X, Y int }

// Frame draws the border and returns the lines, where they go, and the cursor
// on the screen.
func Frame(b Box, s Scene) (lines []string, at Point, cursor *Point) {
	inner := max(1, min(b.Width, s.W-6))
	body := b.body(max(0, s.H-2))
	height := len(body)
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
	if s.Plain {
		at = Point{}
		cursor = &Point{2, 1 + max(0, slices.Index(body, b.Focus))}
	}
	if b.Cursor != nil && (b.Focus == "" || !s.Plain) && b.Cursor.Y < height && b.Cursor.X < inner {
		cursor = &Point{at.X + 2 + b.Cursor.X, at.Y + 1 + b.Cursor.Y}
	}
	return lines, at, cursor
}

// Hit returns what of a box's content is at a place of the screen.
func Hit(b Box, s Scene, where Point) (line string, at Point, ok bool) {
	_, corner, _ := Frame(b, s)
	body := b.body(max(0, s.H-2))
	at = Point{where.X - corner.X - 2, where.Y - corner.Y - 1}
	if inner := max(1, min(b.Width, s.W-6)); at.X < 0 || at.X >= inner || at.Y < 0 || at.Y >= len(body) {
		return "", at, false
	}
	return body[at.Y], at, true
}

// body is all that the frame holds, in at most h lines. Where they do not fit,
// blank lines go first, then the last of Lines: what is asked and the keys
// matter most.
func (b Box) body(h int) []string {
	tail := slices.Clone(b.Tail)
	if len(tail) > 0 {
		tail = append([]string{""}, tail...)
	}
	if b.Footer != "" {
		tail = append(tail, "", b.Footer)
	}
	blank := func(line string) bool { return strings.TrimSpace(line) == "" }
	lines := slices.Clone(b.Lines)
	if len(lines)+len(tail) > h {
		tail = slices.DeleteFunc(tail, blank)
	}
	if len(lines)+len(tail) > h && b.Cursor == nil {
		lines = slices.DeleteFunc(lines, blank)
	}
	tail = tail[max(0, len(tail)-h):]
	return append(lines[:min(len(lines), h-len(tail))], tail...)
}

// Keys writes the keys at a dialog's lower edge: "enter choose  esc close".
func Keys(t theme.Theme, pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == "↑↓" && t.Words {
			pairs[i] = "arrows"
		}
		if i > 0 {
			b.WriteString("  ")
		}
		b.WriteString(t.Key.Paint(pairs[i]) + " " + t.Muted.Paint(pairs[i+1]))
	}
	return b.String()
}
