package shells

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/tui/theme"
	"github.com/berth-sh/berth/workspace"
)

// Scene is the room and the look.
type Scene struct {
	Theme theme.Theme
	Now   time.Time
	Spin  int
	W, H  int
	Rule  bool // the bar divides the screen
}

// Draw returns the current tab's terminal as lines of the scene's size, and
// its cursor, nil for none.
func (d *Deck) Draw(s Scene) ([]string, *term.Cursor) {
	t := d.current
	if t == nil || s.H <= 0 || s.W <= 0 {
		return cells.Block(nil, s.W, s.H), nil
	}
	if t.look != nil {
		rows, x, y := t.look.draw(s)
		return rows, &term.Cursor{X: min(x, s.W-1), Y: y}
	}
	f := t.session.Frame()
	// A size takes a moment to arrive; until then the rows around the cursor are
	// the ones to see.
	first := max(0, min(f.Cursor.Y-s.H+1, len(f.Lines)-s.H))
	rows := cells.Block(f.Lines[first:], s.W, s.H)
	status := t.Status()
	if status.Phase != term.Live {
		t.overlay(s, rows, status)
		return rows, nil
	}
	c := f.Cursor
	c.Y -= first
	if c.Hidden || c.X >= s.W || c.Y >= s.H {
		return rows, nil
	}
	return rows, &c
}

// overlay says below the screen, which stays as it was, why it does not move.
func (t *Tab) overlay(s Scene, rows []string, status term.Status) {
	text, ink := t.Explain(s, status)
	lines := cells.Wrap(s.Theme.Written(text), max(1, s.W-2))
	lines = lines[:min(len(lines), max(1, s.H/2))]
	for i, line := range lines {
		rows[s.H-len(lines)+i] = ink.Plus(s.Theme.Row).Paint(cells.Fit(" "+line, s.W))
	}
}

// Explain says in words how a shell is that is not live.
func (t *Tab) Explain(s Scene, status term.Status) (string, theme.Ink) {
	ago := func(at time.Time) string { return cells.Since(at, s.Now) }
	reason := func() string {
		if status.Err == nil {
			return ""
		}
		text := workspace.Safe(status.Err.Error())
		if hint := workspace.HintOf(status.Err); hint != "" {
			text += " (" + workspace.Safe(hint) + ")"
		}
		return text
	}
	switch status.Phase {
	case term.Connecting:
		text := theme.Spin(s.Spin) + " connecting to " + t.Workspace.Name + "…"
		if status.Err != nil {
			text += " before: " + reason()
		}
		return text, s.Theme.Busy
	case term.Lost:
		if phase := t.Workspace.Status.Phase; phase != workspace.Running && phase != workspace.Unreachable {
			return "✕ " + t.Workspace.Name + " is " + s.Theme.Phase(phase).Word + "; its shell comes back when it runs · x close", s.Theme.Bad
		}
		wait := max(0, status.RetryAt.Sub(s.Now)).Round(time.Second)
		next := "connecting again"
		if wait > 0 {
			next = fmt.Sprintf("connecting again in %s", wait)
		}
		return "✕ disconnected: " + reason() + " · " + next + "; r now, x close", s.Theme.Bad
	case term.Failed:
		return "✕ not connected: " + reason() + " · r try again, x close", s.Theme.Bad
	case term.Ended:
		if status.Code == 0 {
			return "the shell has ended, " + ago(status.Since) + " ago · enter close, r another one", s.Theme.Muted
		}
		return "the shell has ended: " + ended(status.Code) + " · enter close, r another one", s.Theme.Busy
	case term.Live:
	}
	return "", ""
}

// ended says what an exit code means.
func ended(code int) string {
	switch code {
	case 128 + 1, 128 + 9, 128 + 15: // hung up, killed, terminated
		return fmt.Sprintf("the workspace ended it (%d)", code)
	}
	return fmt.Sprintf("exit %d", code)
}

// Unasked reports whether a shell has ended that its user did not leave.
func (t *Tab) Unasked() bool {
	status := t.Status()
	return status.Phase == term.Ended && strings.HasPrefix(ended(status.Code), "the workspace")
}

// Waits reports whether something in the current tab moves by itself: a
// spinner, or seconds that are counted.
func (d *Deck) Waits() bool {
	if d.current == nil {
		return false
	}
	p := d.current.Status().Phase
	return p == term.Connecting || p == term.Lost
}

// Why returns why a tab is not connected, nil when it is.
func (t *Tab) Why() error {
	if st := t.Status(); st.Phase == term.Lost || st.Phase == term.Failed {
		return errors.Join(st.Err)
	}
	return nil
}
