package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/keymap"
	"github.com/berth-sh/berth/tui/table"
)

// arrangeActions are about how the list looks.
func (a *App) arrangeActions() []*keymap.Action {
	const group = "arrange"
	do := func(f func()) func() tea.Cmd { return func() tea.Cmd { f(); return a.follow() } }
	inGroups := func() string {
		if a.table().Grouped() == table.NoGroups {
			return "b makes groups first"
		}
		return ""
	}
	return []*keymap.Action{
		{ID: "sort", Title: "sort by a column", Group: group, Keys: []string{"t"}, Contexts: lists(), Run: a.chooseSort},
		{ID: "reverse", Title: "reverse the order", Group: group, Keys: []string{"T"}, Contexts: lists(), Run: do(func() { a.table().Reverse() })},
		{ID: "group", Title: "group by namespace, phase, node, image or label", Group: group, Keys: []string{"b"}, Contexts: lists(), Run: a.chooseGrouping},
		{ID: "fold", Title: "fold the group", Group: group, Keys: []string{"left"}, Contexts: lists(), Enabled: inGroups, Run: do(func() { a.table().Fold(true) })},
		{ID: "unfold", Title: "unfold the group", Group: group, Keys: []string{"right"}, Contexts: lists(), Enabled: inGroups, Run: do(func() { a.table().Fold(false) })},
		{ID: "fold-all", Title: "fold or unfold all groups", Group: group, Keys: []string{"B"}, Contexts: lists(), Enabled: inGroups, Run: do(func() { a.table().FoldAll() })},
		{ID: "columns", Title: "show and hide columns", Group: group, Keys: []string{"v"}, Contexts: lists(), Run: a.chooseColumns},
		{ID: "pane-more", Title: "give the pane below more room", Group: group, Keys: []string{"+"}, Contexts: everywhere(), Run: func() tea.Cmd { return a.divide(paneStep) }},
		{ID: "pane-less", Title: "give the pane below less room", Group: group, Keys: []string{"-"}, Contexts: everywhere(), Run: func() tea.Cmd { return a.divide(-paneStep) }},
	}
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

func (a *App) chooseGrouping() tea.Cmd {
	t := a.table()
	var items []dialog.Item
	for _, g := range t.Groupings() {
		it := dialog.Item{Label: orElse(string(g), "no groups"), Choose: func() tea.Cmd {
			t.GroupBy(g)
			return a.follow()
		}}
		if g == t.Grouped() {
			it.Note = "now"
		}
		items = append(items, it)
	}
	a.open(&dialog.Menu{Title: "group by", Items: items, Verb: "group", Search: true, Wide: 50})
	return nil
}

// chooseColumns shows and hides columns until it is left.
func (a *App) chooseColumns() tea.Cmd {
	menu := &dialog.Menu{Title: "columns", Verb: "show or hide", Wide: 46, Stay: true}
	var fill func()
	fill = func() {
		t := a.table()
		t.SetSize(a.w, a.layout().listH)
		var items []dialog.Item
		for _, c := range t.Columns() {
			it := dialog.Item{ID: string(c.ID), Label: map[bool]string{false: "[x] ", true: "[ ] "}[c.Hidden] + strings.ToLower(string(c.ID))}
			switch {
			case c.Hidden || c.Placed:
			case c.Mute:
				it.Note = "nothing to say here"
			default:
				it.Note = "no room"
			}
			it.Choose = func() tea.Cmd {
				t.Hide(c.ID, !c.Hidden)
				fill()
				return nil
			}
			items = append(items, it)
		}
		menu.SetItems(items)
	}
	fill()
	a.open(menu)
	return nil
}

// How the screen is divided between list and pane, in hundredths for the pane.
const (
	paneStep  = 10
	paneLeast = 20
	paneMost  = 80
)

// divide gives the pane more or less of the screen, where there are two parts.
func (a *App) divide(by int) tea.Cmd {
	if r := a.layout(); r.listH == 0 || r.paneH == 0 {
		a.refuse("", "there is nothing to divide: one part has the whole screen")
		return nil
	}
	if a.split == 0 {
		a.split = 40
		if a.focusPane {
			a.split = 60
		}
	}
	before := a.split
	if a.split = max(paneLeast, min(paneMost, a.split+by)); a.split == before {
		a.refuse("", "the pane below has "+map[bool]string{true: "as much", false: "as little"}[by > 0]+" room as it can have")
	}
	return nil
}

// toggleZoom gives the pane the whole screen, or what it had. What a low screen
// has done already is not turned on behind its back.
func (a *App) toggleZoom() tea.Cmd {
	if !a.zoom && a.layout().listH == 0 {
		a.refuse("", "the pane has the whole screen already")
		return nil
	}
	a.zoom = !a.zoom
	return nil
}
