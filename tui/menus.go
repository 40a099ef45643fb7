package tui

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/keymap"
	"github.com/berth-sh/berth/workspace"
)

// openHelp lists every action of every context; enter runs it.
func (a *App) openHelp() tea.Cmd {
	title := "help"
	if a.cfg.Version != "" {
		title += " · berth " + workspace.Safe(a.cfg.Version)
	}
	a.open(&dialog.Menu{Title: title, Items: a.actionItems(true), Search: true, Verb: "run", Wide: 74})
	return nil
}

// openPalette finds an action by its words; those used last come first.
func (a *App) openPalette() tea.Cmd {
	items := a.actionItems(false)
	age := func(it dialog.Item) int {
		if i := slices.IndexFunc(a.recent, func(id string) bool { return a.keys.Get(id).Title == it.Label }); i >= 0 {
			return i
		}
		return len(a.recent)
	}
	slices.SortStableFunc(items, func(x, y dialog.Item) int { return cmp.Compare(age(x), age(y)) })
	a.open(&dialog.Menu{Title: "actions", Items: items, Search: true, Verb: "run", Wide: 64})
	return nil
}

// actionItems makes a menu out of the registry. What belongs to another part
// of the screen is listed and says so.
func (a *App) actionItems(groups bool) []dialog.Item {
	ctx := a.context()
	seen := map[*keymap.Action]bool{}
	var items []dialog.Item
	for _, c := range slices.Concat([]keymap.Context{ctx}, everywhere(), []keymap.Context{keymap.Shell}) {
		for _, action := range a.keys.All(c) {
			if seen[action] {
				continue
			}
			seen[action] = true
			it := dialog.Item{Label: action.Title, Key: a.keysOf(action), Disabled: action.Reason()}
			if groups {
				it.Group = action.Group
			}
			if !action.In(ctx) {
				it.Disabled = "in " + map[keymap.Context]string{keymap.List: "the list", keymap.Deleted: "deleted workspaces", keymap.Detail: "the pane below", keymap.Shell: "a shell"}[action.Contexts[0]]
			}
			it.Choose = func() tea.Cmd {
				a.recent = append([]string{action.ID}, slices.DeleteFunc(a.recent, func(id string) bool { return id == action.ID })...)
				return a.invoke(action)
			}
			items = append(items, it)
		}
	}
	return items
}

// keysOf writes all keys of an action as help shows them.
func (a *App) keysOf(action *keymap.Action) string {
	if action.In(keymap.Shell) {
		return a.cfg.Prefix + " " + shownKeys(action)
	}
	return strings.Join(action.Keys, " ")
}

// shownKeys writes the keys of an action; nine digits are a range.
func shownKeys(action *keymap.Action) string {
	if n := len(action.Keys); n > 3 {
		return action.Keys[0] + "–" + action.Keys[n-1]
	}
	return strings.Join(action.Keys, " ")
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

// setNamespace moves the list; the header says so until the cluster has
// answered for the new place.
func (a *App) setNamespace(name string) tea.Cmd {
	goal := &name
	a.moving = goal
	return a.do(func(ctx context.Context) tea.Msg {
		err := a.cfg.Scope.SetNamespace(ctx, name)
		return runMsg{func() tea.Cmd {
			if err == nil {
				return a.takeSnapshot()
			}
			if a.moving == goal {
				a.moving = nil
			}
			if !errors.Is(err, context.Canceled) {
				a.fail("going to "+orElse(name, "all namespaces"), err)
			}
			return nil
		}}
	})
}

// arrived ends a move once the snapshot is about its goal.
func (a *App) arrived() {
	if a.moving != nil && a.snap.Namespace == *a.moving && (a.snap.Synced || a.snap.Problem != "") {
		a.moving = nil
	}
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
