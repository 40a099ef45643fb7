package tui

// The palette finds whatever has a name: actions, workspaces, namespaces and
// contexts. What was chosen last comes first. Actions are listed at once, the
// rest as soon as something is typed; what has to be asked for comes when it
// comes.

import (
	"cmp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/workspace"
)

// mostRecent is how many choices are remembered.
const mostRecent = 50

func (a *App) openPalette() tea.Cmd {
	menu := &dialog.Menu{Title: "actions · workspaces · namespaces · contexts", Search: true, Ranked: true, Verb: "choose", Wide: 76}
	fill := func(error) { menu.SetItems(a.paletteItems()) } // what cannot be listed is not offered
	fill(nil)
	a.open(menu)
	if a.cfg.Scope == nil {
		return nil
	}
	cmds := []tea.Cmd{a.listContexts(fill)}
	if a.places.of != a.snap.Context || a.places.namespaces == nil {
		cmds = append(cmds, a.listNamespaces(fill))
	}
	return tea.Batch(cmds...)
}

func (a *App) paletteItems() []dialog.Item {
	items := slices.Concat(a.actionItems(false), a.workspaceItems(), a.placeItems())
	age := map[string]int{}
	for i, id := range a.recent {
		age[id] = i - len(a.recent) // negative, so that the others are older
	}
	for i := range items {
		items[i].Searched = items[i].Searched && age[items[i].ID] == 0
	}
	slices.SortStableFunc(items, func(x, y dialog.Item) int { return cmp.Compare(age[x.ID], age[y.ID]) })
	return items
}

func (a *App) workspaceItems() []dialog.Item {
	items := make([]dialog.Item, 0, len(a.snap.Workspaces))
	for i := range a.snap.Workspaces {
		w := &a.snap.Workspaces[i]
		note := strings.ToLower(string(w.Status.Phase)) + " · " + w.Namespace
		if w.Context != "" {
			note += " · " + w.Context
		}
		id := "workspace " + string(w.Cluster) + " " + w.UID
		items = append(items, dialog.Item{
			ID: id, Label: w.Name, Note: note, Searched: true,
			Choose: a.remember(id, func() tea.Cmd { return a.jump(w.Key(), w.Name) }),
		})
	}
	slices.SortFunc(items, func(x, y dialog.Item) int {
		return cmp.Or(strings.Compare(x.Label, y.Label), strings.Compare(x.Note, y.Note))
	})
	return items
}

func (a *App) placeItems() []dialog.Item {
	var items []dialog.Item
	place := func(kind, name, note string, choose func() tea.Cmd) {
		id := kind + " " + name
		items = append(items, dialog.Item{ID: id, Label: workspace.Safe(name), Note: note, Searched: true, Choose: a.remember(id, choose)})
	}
	if a.places.of == a.snap.Context {
		for _, name := range a.places.namespaces {
			place("namespace", name, "namespace", func() tea.Cmd { return a.setNamespace(name) })
		}
	}
	for _, c := range a.places.contexts {
		place("context", c.Name, "context", func() tea.Cmd { return a.setContext(c.Name) })
	}
	return items
}

// remember puts what is chosen in front of the next palette.
func (a *App) remember(id string, choose func() tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd {
		a.recent = append([]string{id}, slices.DeleteFunc(a.recent, func(other string) bool { return other == id })...)
		a.recent = a.recent[:min(len(a.recent), mostRecent)]
		return choose()
	}
}

// jump puts the cursor on a workspace, wherever it is.
func (a *App) jump(key workspace.Key, name string) tea.Cmd {
	w, ok := a.find(key)
	if !ok {
		a.say(name + " has gone meanwhile")
		return nil
	}
	a.showDeleted, a.focusPane, a.zoom = w.Deleted(), false, false
	it := func(w workspace.Workspace) bool { return w.Key() == key }
	if t := a.table(); !t.Select(it) {
		t.SetFilter("")
		t.Select(it)
	}
	return a.follow()
}
