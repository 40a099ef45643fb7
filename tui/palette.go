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
	fill := func() { menu.SetItems(a.paletteItems()) } // what cannot be listed is not offered
	fill()
	a.open(menu)
	if a.cfg.Scope == nil {
		return nil
	}
	cmds := []tea.Cmd{a.listContexts(func(error) { fill() })}
	for _, context := range a.contexts() {
		if a.places.namespaces[context] == nil {
			cmds = append(cmds, a.listNamespaces(context, func([]string, error) { fill() }))
		}
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
	place := func(id, name, note string, choose func() tea.Cmd) {
		items = append(items, dialog.Item{ID: id, Label: workspace.Safe(name), Note: note, Searched: true, Choose: a.remember(id, choose)})
	}
	for _, context := range a.contexts() {
		for _, name := range a.places.namespaces[context] {
			if len(a.snap.Places) == 0 {
				place("namespace "+name, name, "namespace", func() tea.Cmd { return a.setNamespace(name) })
				continue
			}
			place("namespace "+name+" "+context, name, "namespace · "+workspace.Safe(context), func() tea.Cmd { return a.setNamespace(name, context) })
		}
	}
	for _, c := range a.places.contexts {
		place("context "+c.Name, c.Name, "context", func() tea.Cmd { return a.setContext(c.Name) })
	}
	return items
}

// contexts are those that are shown.
func (a *App) contexts() []string {
	if len(a.snap.Places) > 0 {
		return a.snap.Contexts()
	}
	return []string{a.snap.Context}
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
