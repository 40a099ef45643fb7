package shells

import (
	"fmt"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/term"
)

// Look is looking around in what a shell has printed, as it was at one moment.
type Look struct {
	snap   *term.Snapshot
	casual bool // begun by the wheel: any other key goes back to the shell

	searching bool
	query     textinput.Model
	down      bool // direction of the search
	found     string
}

// Snapshot takes a picture of the shell. It waits for its turn.
func (t *Tab) Snapshot() *term.Snapshot { return t.session.Snapshot() }

// Look begins to look around in snap.
func (t *Tab) Look(snap *term.Snapshot, casual bool) {
	snap.SetHeight(t.deck.size[0])
	t.look = &Look{snap: snap, casual: casual}
}

// Looking reports whether somebody looks around.
func (t *Tab) Looking() bool { return t.look != nil }

// Unlook goes back to the shell.
func (t *Tab) Unlook() { t.look = nil }

// Scroll moves the view; at the end of what the wheel began, the shell is back.
func (t *Tab) Scroll(n int) {
	t.look.snap.Scroll(n)
	if t.look.casual && n > 0 && t.look.snap.AtEnd() {
		t.look = nil
	}
}

// Drag selects from one place on the screen to another one. It was seen as a
// screen when begin is set, else as what is looked at.
func (t *Tab) Drag(fromX, fromY, toX, toY int, begin bool) {
	s := t.look.snap
	if begin {
		s.Unmark()
		s.To(fromX, s.RowAt(fromY))
		s.Mark(false)
	}
	s.To(toX, s.RowAt(toY))
}

// Taken returns what is selected and, when nobody has scrolled, ends looking
// around.
func (t *Tab) Taken() string {
	text := t.look.snap.Text()
	if t.look.casual && t.look.snap.AtEnd() {
		t.look = nil
	}
	return text
}

// Looked is what a key has come to while somebody looks around.
type Looked struct {
	Copied string // for the clipboard
	Said   string // why the key did nothing
	Pass   bool   // the key is for the shell
}

// LookKey handles a key while somebody looks around.
func (t *Tab) LookKey(msg tea.KeyPressMsg) Looked {
	l := t.look
	if l.searching {
		return Looked{Said: l.searchKey(msg)}
	}
	key := msg.String()
	switch key {
	case "esc", "q", "ctrl+c":
		if l.snap.Marked() && key == "esc" {
			l.snap.Unmark()
			return Looked{}
		}
		t.look = nil
		return Looked{Pass: l.casual && key != "esc"}
	case "y", "enter":
		if text := l.snap.Text(); text != "" {
			t.look = nil
			return Looked{Copied: text}
		}
		switch {
		case key == "enter":
			t.look = nil
		case !l.casual:
			return Looked{Said: "nothing is selected; v begins"}
		}
		return Looked{Pass: l.casual}
	}
	if l.casual && !l.wheelKey(key) {
		t.look = nil
		return Looked{Pass: true}
	}
	return Looked{Said: l.move(key)}
}

// wheelKey reports whether a key only scrolls.
func (l *Look) wheelKey(key string) bool {
	switch key {
	case "pgup", "pgdown", "shift+up", "shift+down":
		return true
	}
	return false
}

// move handles the keys that move, select and search. It returns why one of them
// does nothing.
func (l *Look) move(key string) (said string) {
	s := l.snap
	_, page, _ := s.Place()
	switch key {
	case "up", "k", "shift+up":
		s.Move(0, -1)
	case "down", "j", "shift+down":
		s.Move(0, 1)
	case "left", "h":
		s.Move(-1, 0)
	case "right", "l":
		s.Move(1, 0)
	case "pgup", "ctrl+b":
		s.Move(0, -max(1, page-1))
	case "pgdown", "ctrl+f":
		s.Move(0, max(1, page-1))
	case "ctrl+u":
		s.Move(0, -max(1, page/2))
	case "ctrl+d":
		s.Move(0, max(1, page/2))
	case "g", "home":
		s.Ends(false)
	case "G", "end":
		s.Ends(true)
	case "0", "^":
		s.LineEnd(false)
	case "$":
		s.LineEnd(true)
	case "v", "space":
		s.Mark(false)
	case "V":
		s.Mark(true)
	case "/", "?":
		l.searching, l.down = true, key == "?"
		l.query = dialog.NewInput("")
	case "n":
		return l.search(l.down)
	case "N":
		return l.search(!l.down)
	default:
		return key + " does nothing here; esc goes back to the shell"
	}
	return ""
}

// searchKey edits what is looked for.
func (l *Look) searchKey(msg tea.KeyPressMsg) (said string) {
	switch msg.String() {
	case "esc", "ctrl+c":
		l.searching = false
	case "enter":
		l.searching = false
		return l.search(l.down)
	default:
		l.query, _ = l.query.Update(msg) // it has nothing to wait for
	}
	return ""
}

func (l *Look) search(down bool) (said string) {
	if l.query.Value() == "" {
		return "/ looks for something first"
	}
	hit, hits := l.snap.Search(l.query.Value(), down)
	if l.found = fmt.Sprintf("%d of %d", hit, hits); hits == 0 {
		l.found = "not found"
	}
	return ""
}

// place says where the view is, and what has come since.
func (l *Look) place(total int) string {
	above, shown, all := l.snap.Place()
	text := fmt.Sprintf("%d–%d of %d", above+1, above+shown, all)
	if fresh := total - l.snap.Total(); fresh > 0 {
		text += fmt.Sprintf("  ↓ %d new", fresh)
	}
	if l.found != "" {
		text = l.found + "  " + text
	}
	return text
}

// draw returns the rows and the cursor.
func (l *Look) draw(s Scene) (rows []string, x, y int) {
	l.snap.SetHeight(s.H)
	rows = l.snap.Draw(s.Theme.Button.Paint, s.Theme.Match.Paint)
	above, _, _ := l.snap.Place()
	rows = cells.Block(rows, s.W, s.H)
	x, y = l.snap.X, l.snap.Y-above
	if l.searching {
		l.query.SetWidth(max(4, s.W-8))
		rows[s.H-1] = cells.Fit(" "+s.Theme.Key.Paint("/")+" "+l.query.View(), s.W)
		x, y = 3, s.H-1
		if c := l.query.Cursor(); c != nil {
			x += c.X
		}
	}
	return rows, x, y
}
