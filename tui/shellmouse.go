package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"github.com/berth-sh/berth/tui/shells"
	"github.com/berth-sh/berth/tui/term"
)

// drag is a selection that is being drawn with the mouse.
type drag struct {
	x, y int  // where it began, on the screen of the shell
	on   bool // the mouse has moved far enough
}

// lookAround takes a picture of a shell, outside the loop, and shows it.
func (a *App) lookAround(t *shells.Tab, casual bool, then func()) tea.Cmd {
	return a.do(func(context.Context) tea.Msg {
		snap := t.Snapshot()
		return runMsg{func() tea.Cmd {
			if t == a.shellTab() && a.shell.focus && !t.Looking() {
				t.Look(snap, casual)
				if then != nil {
					then()
				}
			}
			return nil
		}}
	})
}

// shellMouse handles the mouse while a shell is shown: its own lines here, the
// rest as the program in the shell wants it.
func (a *App) shellMouse(kind term.MouseKind, m tea.Mouse) tea.Cmd {
	r, t := a.shellLayout(), a.shellTab()
	switch {
	case t == nil:
		return nil
	case m.Y == r.bar && kind == term.Press && m.Button == tea.MouseLeft:
		if other := a.shell.deck.At(a.shellScene(1), m.X, lipgloss.Width(a.shellPlace())); other != nil {
			a.shell.deck.Select(other)
			return a.focusShell()
		}
		return nil
	case m.Y == r.footer && kind == term.Press && m.Button == tea.MouseLeft && !t.Looking():
		return a.pressAt(a.shellHints(), lipgloss.Width(a.shellLead()), m.X)
	case m.Y >= r.list && m.Y < r.list+r.listH && kind == term.Press:
		return a.clickAbove(m, r)
	case m.Y < r.term || m.Y >= r.term+r.termH:
		return nil
	}
	if !t.Looking() && m.Mod&uv.ModShift == 0 && t.Mouse(term.Mouse{Kind: kind, X: m.X, Y: m.Y - r.term, Button: m.Button, Mod: m.Mod}) {
		a.quiet = true
		return nil
	}
	if m.Button == tea.MouseWheelUp || m.Button == tea.MouseWheelDown {
		return a.shellWheel(t, m.Button == tea.MouseWheelDown)
	}
	return a.shellDrag(t, kind, m.X, m.Y-r.term)
}

// clickAbove is the mouse in the list above a shell.
func (a *App) clickAbove(m tea.Mouse, r shellRooms) tea.Cmd {
	switch m.Button {
	case tea.MouseWheelUp:
		a.live.Move(-wheelLines)
	case tea.MouseWheelDown:
		a.live.Move(wheelLines)
	case tea.MouseLeft:
		if id, ok := a.live.HeadingAt(m.X, m.Y-r.list); ok {
			a.live.SortBy(id)
			return nil
		}
		if a.live.Click(m.Y - r.list) {
			w, _ := a.live.Selected()
			if t := a.shell.deck.Find(w.Key()); t != nil {
				a.shell.deck.Select(t)
				return a.focusShell()
			}
			a.shell.focus = false
			return a.follow()
		}
	}
	return nil
}

// wheelLines is how far one turn of the wheel goes.
const wheelLines = 3

// shellWheel scrolls. A program that fills the screen gets arrows instead, as
// there is nothing to scroll.
func (a *App) shellWheel(t *shells.Tab, down bool) tea.Cmd {
	n := -wheelLines
	if down {
		n = wheelLines
	}
	switch {
	case t.Looking():
		t.Scroll(n)
	case t.Modes().AltScreen && t.Live():
		code := tea.KeyUp
		if down {
			code = tea.KeyDown
		}
		for range wheelLines {
			t.Press(uv.Key{Code: code})
		}
		a.quiet = true
	case !down:
		return a.lookAround(t, true, func() { t.Scroll(n) })
	}
	return nil
}

// shellDrag selects with the mouse: pressed, moved and let go copies.
func (a *App) shellDrag(t *shells.Tab, kind term.MouseKind, x, y int) tea.Cmd {
	d := a.shell.dragging
	switch {
	case kind == term.Press:
		a.shell.dragging = &drag{x: x, y: y}
	case d == nil:
	case kind == term.Motion && !d.on && abs(x-d.x)+abs(y-d.y) >= 2:
		d.on = true
		if t.Looking() {
			t.Drag(d.x, d.y, x, y, true)
			return nil
		}
		return a.lookAround(t, true, func() { t.Drag(d.x, d.y, x, y, true) })
	case kind == term.Motion && d.on && t.Looking():
		t.Drag(d.x, d.y, x, y, false)
	case kind == term.Release:
		a.shell.dragging = nil
		if d.on && t.Looking() {
			return a.copyText(t.Taken())
		}
	}
	return nil
}

func abs(n int) int { return max(n, -n) }
