package tui

import (
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
			it := dialog.Item{ID: "action " + action.ID, Label: action.Title, Key: a.keysOf(action, groups), Disabled: action.Reason()}
			if groups {
				it.Group = action.Group
			}
			if !action.In(ctx) {
				it.Disabled = placeOf(action.Contexts[0])
			}
			it.Choose = a.remember(it.ID, func() tea.Cmd { return a.invoke(action) })
			items = append(items, it)
		}
	}
	return items
}

// placeOf says where on the screen a context is.
func placeOf(ctx keymap.Context) string {
	return map[keymap.Context]string{keymap.List: "in the list", keymap.Deleted: "in deleted workspaces", keymap.Detail: "in the pane below", keymap.Shell: "in a shell"}[ctx]
}

// keysOf writes the keys of an action, all of them as help shows them, or the
// first.
func (a *App) keysOf(action *keymap.Action, all bool) string {
	switch {
	case action.In(keymap.Shell):
		return a.cfg.Prefix + " " + shownKeys(action)
	case !all:
		return action.Key()
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
