package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
)

func (a *App) startFilter() tea.Cmd {
	a.filter = dialog.NewInput(a.table().Filter())
	a.filtering = true
	return nil
}

// keyFilter edits the filter; the list narrows with every key.
func (a *App) keyFilter(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "esc":
			a.filtering = false
			a.table().SetFilter("")
			return a.follow()
		case "enter", "tab":
			a.filtering = false
			return nil
		case "up":
			a.table().Move(-1)
			return a.follow()
		case "down":
			a.table().Move(1)
			return a.follow()
		}
	}
	var cmd tea.Cmd
	a.filter, cmd = a.filter.Update(msg)
	a.table().SetFilter(a.filter.Value())
	return tea.Batch(cmd, a.follow())
}

// back cancels, or undoes the last narrowing.
func (a *App) back() tea.Cmd {
	switch t := a.table(); {
	case t.DropRange():
	case a.cancelBulk():
	case t.Filter() != "":
		t.SetFilter("")
	case t.Unmark():
	case a.showDeleted:
		a.showDeleted = false
	}
	return a.follow()
}

func (a *App) click(m tea.Mouse) tea.Cmd {
	if len(a.dialogs) > 0 || m.Button != tea.MouseLeft {
		return nil
	}
	r := a.layout()
	switch {
	case m.Y >= r.list && m.Y < r.list+r.listH:
		a.focusPane = false
		a.table().SetSize(a.w, r.listH)
		if a.table().Click(m.Y - r.list) {
			return a.follow()
		}
	case m.Y >= r.pane && m.Y < r.pane+r.paneH:
		a.focusPane = true
	}
	return nil
}

func (a *App) wheel(m tea.Mouse) tea.Cmd {
	n := 3
	if m.Button == tea.MouseWheelUp {
		n = -3
	} else if m.Button != tea.MouseWheelDown {
		return nil
	}
	r := a.layout()
	switch {
	case len(a.dialogs) > 0:
	case m.Y >= r.pane && m.Y < r.pane+r.paneH:
		a.pane.Scroll(n)
	default:
		a.table().Move(n)
		return a.follow()
	}
	return nil
}
