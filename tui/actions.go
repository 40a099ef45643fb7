package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/keymap"
	"github.com/berth-sh/berth/workspace"
)

// Sets of contexts.
func everywhere() []keymap.Context {
	return []keymap.Context{keymap.List, keymap.Deleted, keymap.Detail}
}

func lists() []keymap.Context { return []keymap.Context{keymap.List, keymap.Deleted} }

func living() []keymap.Context { return []keymap.Context{keymap.List, keymap.Detail} }

// actions is the whole registry, in the order of the help.
func (a *App) actions() []*keymap.Action {
	return slices.Concat(a.sessionActions(), a.shellActions(), a.writeActions(), a.deletedActions(), a.paneActions(), a.listActions(), a.programActions())
}

func (a *App) sessionActions() []*keymap.Action {
	const group = "open"
	return []*keymap.Action{
		{
			ID: "shell", Title: "open a shell", Hint: "shell", Group: group, Keys: []string{"enter"}, Contexts: living(),
			Enabled: a.whenOpenable, Run: a.enterShell,
		},
		{
			ID: "shell-whole", Title: "a shell on the whole terminal", Group: group, Keys: []string{"A"}, Contexts: living(),
			Enabled: a.whenOpenable, Run: a.shellWhole,
		},
		{
			ID: "editor", Title: "open in an editor", Hint: "open in editor", Group: group, Keys: []string{"o"}, Contexts: living(),
			Enabled: a.whenOpenable, Run: a.chooseEditor,
		},
		{
			ID: "copy", Title: "copy ssh command, alias or name", Group: group, Keys: []string{"y"}, Contexts: everywhere(),
			Enabled: a.whenSelected, Run: a.chooseCopy,
		},
	}
}

func (a *App) writeActions() []*keymap.Action {
	const group = "change"
	phases := func(verb string, allowed ...workspace.Phase) func() string {
		return func() string { return a.whenPhase(verb, allowed...) }
	}
	up := []workspace.Phase{workspace.Starting, workspace.Running, workspace.Failing, workspace.Unreachable}
	return []*keymap.Action{
		{
			ID: "create", Title: "create a workspace", Hint: "create", Group: group, Keys: []string{"c"}, Contexts: lists(),
			Enabled: a.whenWritable, Run: a.openCreate,
		},
		{
			ID: "start", Title: "start the workspace", Group: group, Keys: []string{"S"}, Contexts: living(),
			Enabled: phases("start", workspace.Stopped, workspace.Stopping), Run: a.start,
		},
		{
			ID: "restart", Title: "restart the workspace", Hint: "restart", Group: group, Keys: []string{"r"}, Contexts: living(),
			Enabled: phases("restart", up...), Run: a.askRestart,
		},
		{
			ID: "stop", Title: "stop the workspace", Hint: "stop", Group: group, Keys: []string{"s"}, Contexts: living(),
			Enabled: phases("stop", up...), Run: a.askStop,
		},
		{
			ID: "delete", Title: "delete the workspace, keep its home", Hint: "delete", Group: group, Keys: []string{"d"}, Contexts: living(),
			Enabled: phases("delete", append(up, workspace.Stopped, workspace.Stopping)...), Run: a.askDelete,
		},
		{
			ID: "undo", Title: "undo the last stop", Group: group, Keys: []string{"u"}, Contexts: everywhere(),
			Enabled: a.canUndo, Run: a.runUndo,
		},
	}
}

func (a *App) deletedActions() []*keymap.Action {
	const group = "deleted"
	contexts := []keymap.Context{keymap.Deleted, keymap.Detail}
	gone := func(verb string) func() string {
		return func() string { return a.whenPhase(verb, workspace.Deleted) }
	}
	return []*keymap.Action{
		{ID: "deleted", Title: "show or leave deleted workspaces", Group: group, Keys: []string{"D"}, Contexts: everywhere(), Run: a.toggleDeleted},
		{
			ID: "restore", Title: "restore a deleted workspace", Hint: "restore", Group: group, Keys: []string{"R"}, Contexts: contexts,
			Enabled: gone("restore"), Run: a.restore,
		},
		{
			ID: "purge", Title: "purge: destroy a deleted home for good", Hint: "purge", Group: group, Keys: []string{"P"}, Contexts: contexts,
			Enabled: gone("purge"), Run: a.askPurge,
		},
	}
}

func (a *App) listActions() []*keymap.Action {
	const group = "list"
	move := func(f func()) func() tea.Cmd { return func() tea.Cmd { f(); return a.follow() } }
	return []*keymap.Action{
		{ID: "filter", Title: "filter: words, !not, key=value", Hint: "filter", Group: group, Keys: []string{"/"}, Contexts: lists(), Run: a.startFilter},
		{ID: "sort", Title: "sort by a column", Group: group, Keys: []string{"t"}, Contexts: lists(), Run: a.chooseSort},
		{ID: "reverse", Title: "reverse the order", Group: group, Keys: []string{"T"}, Contexts: lists(), Run: move(func() { a.table().Reverse() })},
		{ID: "namespace", Title: "look into another namespace", Group: group, Keys: []string{"n"}, Contexts: lists(), Enabled: a.whenScope, Run: a.chooseNamespace},
		{ID: "all-namespaces", Title: "look into all namespaces", Group: group, Keys: []string{"0"}, Contexts: lists(), Enabled: a.whenScope, Run: func() tea.Cmd { return a.setNamespace("") }},
		{ID: "up", Title: "up", Group: group, Keys: []string{"up", "k"}, Contexts: lists(), Run: move(func() { a.table().Move(-1) })},
		{ID: "down", Title: "down", Group: group, Keys: []string{"down", "j"}, Contexts: lists(), Run: move(func() { a.table().Move(1) })},
		{ID: "page-up", Title: "a page up", Group: group, Keys: []string{"pgup", "ctrl+b"}, Contexts: lists(), Run: move(func() { a.table().Page(-1) })},
		{ID: "page-down", Title: "a page down", Group: group, Keys: []string{"pgdown", "ctrl+f"}, Contexts: lists(), Run: move(func() { a.table().Page(1) })},
		{ID: "home", Title: "first row", Group: group, Keys: []string{"home", "g"}, Contexts: lists(), Run: move(func() { a.table().Home() })},
		{ID: "end", Title: "last row", Group: group, Keys: []string{"end", "G"}, Contexts: lists(), Run: move(func() { a.table().End() })},
		{ID: "back", Title: "clear the filter, or leave deleted workspaces", Group: group, Keys: []string{"esc"}, Contexts: lists(), Run: a.back},
	}
}

func (a *App) programActions() []*keymap.Action {
	const group = "program"
	return []*keymap.Action{
		{ID: "palette", Title: "find an action", Hint: "palette", Group: group, Keys: []string{":", "ctrl+p"}, Contexts: everywhere(), Run: a.openPalette},
		{ID: "help", Title: "this help", Hint: "help", Group: group, Keys: []string{"?"}, Contexts: everywhere(), Run: a.openHelp},
		{
			ID: "errors", Title: "errors so far", Group: group, Keys: []string{"E"}, Contexts: everywhere(), Run: a.showErrors,
			Enabled: func() string {
				if len(a.errors) == 0 && a.snap.Problem == "" {
					return "there were none"
				}
				return ""
			},
		},
		{ID: "login", Title: "log in to the cluster", Group: group, Keys: []string{"L"}, Contexts: everywhere(), Enabled: a.whenLogin, Run: a.logIn},
		{ID: "mouse", Title: "mouse for the program or for the terminal", Group: group, Keys: []string{"M"}, Contexts: everywhere(), Run: a.toggleMouse},
		{ID: "quit", Title: "quit", Hint: "quit", Group: group, Keys: []string{"q"}, Contexts: everywhere(), Run: a.quit},
	}
}

// The reasons why an action cannot be used, "" when it can.

func (a *App) whenSelected() string {
	if _, ok := a.selected(); !ok {
		return "no workspace is selected"
	}
	return ""
}

func (a *App) whenWritable() string {
	switch {
	case a.cfg.ReadOnly:
		return "this is read-only"
	case a.cfg.Actions == nil:
		return "not available here"
	}
	return ""
}

func (a *App) whenLogin() string {
	switch {
	case a.cfg.Login == nil:
		return "not available here"
	case !a.snap.Login:
		return "the cluster does not ask for it"
	}
	return ""
}

func (a *App) whenScope() string {
	if a.cfg.Scope == nil {
		return "not available here"
	}
	return ""
}

// whenPhase allows an action in some phases, and while nothing else is being
// done to the workspace.
func (a *App) whenPhase(verb string, allowed ...workspace.Phase) string {
	if reason := a.whenWritable(); reason != "" {
		return reason
	}
	w, ok := a.selected()
	switch {
	case !ok:
		return "no workspace is selected"
	case a.jobs[w.Key()] != "":
		return w.Name + " is already " + a.jobs[w.Key()]
	case !slices.Contains(allowed, w.Status.Phase):
		return w.Name + " is " + strings.ToLower(string(w.Status.Phase)) + ", nothing to " + verb
	}
	return ""
}

// whenOpenable lets a stopped workspace through: opening it offers to start.
func (a *App) whenOpenable() string {
	w, ok := a.selected()
	switch {
	case a.cfg.Sessions == nil:
		return "not available here"
	case !ok:
		return "no workspace is selected"
	case a.shell.deck != nil && a.shell.deck.Find(w.Key()) != nil:
		return "" // what it has shown can still be seen
	}
	switch w.Status.Phase {
	case workspace.Starting, workspace.Stopping, workspace.Failing:
		return w.Name + " is " + strings.ToLower(string(w.Status.Phase)) + brief(w)
	case workspace.Deleted:
		return w.Name + " is deleted, restore it first"
	case workspace.Running, workspace.Unreachable, workspace.Stopped:
	}
	return ""
}

func brief(w workspace.Workspace) string {
	if w.Status.Brief == "" {
		return ""
	}
	return ": " + w.Status.Brief
}
