package tui

// The namespaces of several contexts in one menu. Each context is asked by
// itself: one that hangs or refuses takes nothing from the others. What is
// typed goes for all of them, what is chosen below a context for that one.

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/workspace"
)

// listing is what a context has said about its namespaces.
type listing struct {
	names []string
	err   error
}

func (a *App) chooseNamespaces() tea.Cmd {
	menu := &dialog.Menu{
		Title: "namespace", Search: true, Ranked: true, Verb: "go", Wide: 64,
		Free: func(name string) tea.Cmd { return a.setNamespace(name) },
	}
	places, lists := a.snap.Places, map[string]listing{}
	menu.Items = a.namespaceItems(places, lists)
	a.open(menu)
	cmds := make([]tea.Cmd, 0, len(places))
	for _, p := range places {
		cmds = append(cmds, a.listNamespaces(p.Context, func(names []string, err error) {
			if err != nil {
				a.logError("listing the namespaces of "+workspace.Safe(p.Context), err)
			}
			lists[p.Context] = listing{names, err}
			menu.SetItems(a.namespaceItems(places, lists))
		}))
	}
	return tea.Batch(cmds...)
}

// namespaceItems is the menu with what has been answered so far.
func (a *App) namespaceItems(places []workspace.Place, lists map[string]listing) []dialog.Item {
	const every = "every context"
	items := []dialog.Item{{ID: "0", Label: "all namespaces", Note: every, Group: every, Choose: func() tea.Cmd { return a.setNamespace("") }}}
	for _, name := range inAll(lists) {
		items = append(items, dialog.Item{ID: "0 " + name, Label: name, Note: every, Group: every, Choose: func() tea.Cmd { return a.setNamespace(name) }})
	}
	for _, p := range places {
		shown := workspace.Safe(p.Context)
		add := func(id, label, note, disabled string, choose func() tea.Cmd) {
			items = append(items, dialog.Item{ID: p.Context + " " + id, Label: label, Note: note, Group: shown, Disabled: disabled, Choose: choose})
		}
		list, answered := lists[p.Context]
		switch {
		case !answered:
			add("waits", "loading…", "", orElse(p.Problem, "it has not answered yet"), nil)
			continue
		case list.err != nil:
			add("typed", "type one", shown+" does not list them", "", func() tea.Cmd { return a.typeNamespace(p.Context) })
			continue
		}
		for _, name := range append([]string{""}, list.names...) {
			note := shown
			if name == p.Namespace {
				note += " · now"
			}
			add("in "+name, orElse(name, "all namespaces"), note, "", func() tea.Cmd { return a.setNamespace(name, p.Context) })
		}
	}
	return items
}

// inAll returns the names that every context has that lists its own, none while
// fewer than two do.
func inAll(lists map[string]listing) []string {
	var names []string
	n := 0
	for _, list := range lists {
		switch {
		case list.err != nil:
			continue
		case n == 0:
			names = slices.Clone(list.names)
		default:
			names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(list.names, name) })
		}
		n++
	}
	if n < 2 {
		return nil
	}
	return names
}

// typeNamespace asks for a namespace of a context that does not list them.
func (a *App) typeNamespace(in string) tea.Cmd {
	a.open(&dialog.Ask{
		Title: "namespace of " + workspace.Safe(in), Label: "name", Verb: "go",
		Done: func(name string) tea.Cmd { return a.setNamespace(name, in) },
	})
	return nil
}
