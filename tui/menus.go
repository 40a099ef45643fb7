package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/keymap"
)

// openHelp lists every action of every context; enter runs it.
func (a *App) openHelp() tea.Cmd {
	a.open(&dialog.Menu{Title: "help", Items: a.actionItems(true), Search: true, Verb: "run", Wide: 74})
	return nil
}

// openPalette finds an action by its words.
func (a *App) openPalette() tea.Cmd {
	a.open(&dialog.Menu{Title: "actions", Items: a.actionItems(false), Search: true, Verb: "run", Wide: 64})
	return nil
}

// actionItems makes a menu out of the registry. What belongs to another part
// of the screen is listed and says so.
func (a *App) actionItems(groups bool) []dialog.Item {
	ctx := a.context()
	seen := map[*keymap.Action]bool{}
	var items []dialog.Item
	for _, c := range everywhere() {
		for _, action := range a.keys.All(c) {
			if seen[action] {
				continue
			}
			seen[action] = true
			it := dialog.Item{Label: action.Title, Key: strings.Join(action.Keys, " "), Disabled: action.Reason()}
			if groups {
				it.Group = action.Group
			}
			if !action.In(ctx) {
				it.Disabled = "in " + map[keymap.Context]string{keymap.List: "the list", keymap.Deleted: "deleted workspaces", keymap.Detail: "the pane below"}[action.Contexts[0]]
			}
			it.Choose = func() tea.Cmd { return a.invoke(action) }
			items = append(items, it)
		}
	}
	return items
}

func (a *App) chooseSort() tea.Cmd {
	t := a.table()
	sorted, down := t.Sorted()
	var items []dialog.Item
	for _, id := range t.Sortable() {
		it := dialog.Item{Label: strings.ToLower(string(id)), Choose: func() tea.Cmd {
			t.SortBy(id)
			return a.follow()
		}}
		if id == sorted {
			it.Note = map[bool]string{false: "↑ again reverses", true: "↓ again reverses"}[down]
		}
		items = append(items, it)
	}
	a.open(&dialog.Menu{Title: "sort by", Items: items, Verb: "sort", Search: true, Wide: 40})
	return nil
}

// namespacesMsg fills the namespace menu.
type namespacesMsg struct {
	menu  *dialog.Menu
	names []string
	err   error
}

func (a *App) chooseNamespace() tea.Cmd {
	menu := &dialog.Menu{
		Title: "namespace", Search: true, Verb: "go", Empty: "loading…", Wide: 50,
		Free: a.setNamespace,
	}
	a.open(menu)
	return a.do(func(ctx context.Context) tea.Msg {
		names, err := a.cfg.Scope.Namespaces(ctx)
		return runMsg{func() tea.Cmd { a.fillNamespaces(namespacesMsg{menu, names, err}); return nil }}
	})
}

func (a *App) fillNamespaces(msg namespacesMsg) {
	if msg.err != nil {
		msg.menu.Empty = "they may not be listed; type one"
		a.fail("listing namespaces", msg.err)
		return
	}
	items := []dialog.Item{{Label: "all namespaces", Key: "0", Choose: func() tea.Cmd { return a.setNamespace("") }}}
	for _, name := range msg.names {
		it := dialog.Item{Label: name, Choose: func() tea.Cmd { return a.setNamespace(name) }}
		if name == a.snap.Namespace {
			it.Note = "now"
		}
		items = append(items, it)
	}
	msg.menu.SetItems(items)
}

func (a *App) setNamespace(name string) tea.Cmd {
	return a.do(func(ctx context.Context) tea.Msg {
		return doneMsg{what: "going to " + orElse(name, "all namespaces"), err: a.cfg.Scope.SetNamespace(ctx, name)}
	})
}

func (a *App) toggleDeleted() tea.Cmd {
	a.showDeleted, a.focusPane, a.zoom = !a.showDeleted, false, false
	return a.follow()
}

// showTab shows a tab and gives it the keys; asked for the one that has them,
// it gives them back.
func (a *App) showTab(tab detail.Tab) tea.Cmd {
	if a.focusPane && a.pane.Tab() == tab {
		a.focusPane, a.zoom = false, false
		return nil
	}
	a.focusPane = true
	return a.pane.SetTab(tab)
}

func (a *App) toggleMouse() tea.Cmd {
	a.mouse = !a.mouse
	if a.mouse {
		a.say("mouse: click selects, wheel scrolls")
	} else {
		a.say("mouse: left to the terminal")
	}
	return nil
}
