package tui

// The mouse does what keys do, where one sees it: a click on a row selects it
// and a second one opens it; one on a heading sorts, on a tab shows it, on a key
// of the last line presses it. In a dialog the wheel moves, and a click takes an
// item or a button. A shell has its own rules.

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/keymap"
	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/workspace"
)

// twiceIn is the longest time between the two clicks of a double click.
const twiceIn = 400 * time.Millisecond

// clicked is the last click on a row.
type clicked struct {
	key workspace.Key
	at  time.Time
}

// mouseEvent hands the mouse to the dialog, the shell or the list.
func (a *App) mouseEvent(msg tea.MouseMsg) tea.Cmd {
	kind := term.Press
	switch msg.(type) {
	case tea.MouseReleaseMsg:
		kind = term.Release
	case tea.MouseMotionMsg:
		kind = term.Motion
	}
	if len(a.dialogs) == 0 && a.shell.focus {
		return a.shellMouse(kind, msg.Mouse())
	}
	switch m := msg.(type) {
	case tea.MouseClickMsg:
		return a.click(m.Mouse())
	case tea.MouseWheelMsg:
		return a.wheel(m.Mouse())
	}
	return nil
}

func (a *App) click(m tea.Mouse) tea.Cmd {
	if m.Button != tea.MouseLeft {
		return nil
	}
	if n := len(a.dialogs); n > 0 {
		return a.clickDialog(a.dialogs[n-1], m)
	}
	r := a.layout()
	switch {
	case m.Y == r.footer && !a.finding:
		return a.pressAt(a.footerKeys(), 0, m.X)
	case m.Y >= r.list && m.Y < r.list+r.listH:
		a.focusPane = false
		a.table().SetSize(a.w, r.listH)
		return a.clickList(m.X, m.Y-r.list)
	case m.Y >= r.pane && m.Y < r.pane+r.paneH:
		a.focusPane = true
		if tab, ok := a.pane.TabAt(a.paneScene(r.paneH), m.X); ok && m.Y == r.pane {
			return a.pane.SetTab(tab)
		}
	}
	return nil
}

// clickList selects a row, opens it at the second click, or sorts by a column.
func (a *App) clickList(x, y int) tea.Cmd {
	before := a.clicked
	a.clicked = clicked{}
	if id, ok := a.table().HeadingAt(x, y); ok {
		a.table().SortBy(id)
		return a.follow()
	}
	if !a.table().Click(y) {
		return nil
	}
	w, ok := a.selected()
	if !ok { // the heading of a group
		return a.follow()
	}
	if before.key == w.Key() && a.now().Sub(before.at) <= twiceIn {
		action := a.keys.Lookup(a.context(), "enter")
		if action == nil { // a deleted one is not opened
			return nil
		}
		return a.invoke(action)
	}
	a.clicked = clicked{w.Key(), a.now()}
	return a.follow()
}

// pressAt runs the action whose hint is at column x of a line of hints that
// begins at column from.
func (a *App) pressAt(hints []*keymap.Action, from, x int) tea.Cmd {
	for _, action := range hints {
		to := from + cells.Width(a.hint(action))
		if x >= from && x < to {
			return a.invoke(action)
		}
		from = to
	}
	return nil
}

// clickDialog gives a click to the topmost dialog, if it is inside of it.
func (a *App) clickDialog(d dialog.Dialog, m tea.Mouse) tea.Cmd {
	hears, ok := d.(dialog.Clicker)
	if !ok {
		return nil
	}
	line, at, ok := dialog.Hit(d.Draw(a.dialogScene()), a.dialogScene(), dialog.Point{X: m.X, Y: m.Y})
	if !ok {
		return nil
	}
	done, cmd := hears.Click(line, at)
	if done {
		a.close(d)
	}
	return cmd
}

func (a *App) wheel(m tea.Mouse) tea.Cmd {
	n := wheelLines
	if m.Button == tea.MouseWheelUp {
		n = -wheelLines
	} else if m.Button != tea.MouseWheelDown {
		return nil
	}
	if top := len(a.dialogs); top > 0 {
		if hears, ok := a.dialogs[top-1].(dialog.Scroller); ok {
			hears.Scroll(n)
		}
		return nil
	}
	if r := a.layout(); m.Y >= r.pane && m.Y < r.pane+r.paneH {
		a.pane.Scroll(n)
		return nil
	}
	a.table().Move(n)
	return a.follow()
}
