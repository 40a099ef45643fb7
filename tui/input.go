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
