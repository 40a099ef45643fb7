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
	return slices.Concat(a.sessionActions(), a.shellActions(), a.writeActions(), a.deletedActions(), a.markActions(), a.paneActions(), a.doctorActions(),
		a.listActions(), a.arrangeActions(), a.programActions())
}

func (a *App) sessionActions() []*keymap.Action {
	const group = "open"
	return []*keymap.Action{
		{
			ID: "shell", Title: "open a shell", Hint: "shell", Main: true, Group: group, Keys: []string{"enter"}, Contexts: living(),
			Enabled: a.whenOpenable, Run: a.enterShell,
		},
		{
			ID: "shell-whole", Title: "a shell on the whole terminal", Group: group, Keys: []string{"A"}, Contexts: living(),
			Enabled: a.whenOpenable, Run: a.shellWhole,
		},
		{
			ID: "editor", Title: "open in an editor", Hint: "editor", Main: true, Group: group, Keys: []string{"o"}, Contexts: living(),
			Enabled: a.whenOpenable, Run: a.chooseEditor,
		},
		{
			ID: "copy", Title: "copy ssh command, alias, name, URL or YAML", Group: group, Keys: []string{"y"}, Contexts: everywhere(),
			Enabled: a.whenTargets, Run: a.chooseCopy,
		},
	}
}

func (a *App) writeActions() []*keymap.Action {
	const group = "change"
	verbs := func(id, title, hint string, v *verb) *keymap.Action {
		return &keymap.Action{
			ID: id, Title: title, Hint: hint, Main: id != "restart", Group: group, Keys: []string{v.key}, Contexts: living(),
			Enabled: func() string { return a.whenVerb(v) }, Run: func() tea.Cmd { return a.act(v) },
		}
	}
	return []*keymap.Action{
		{
			ID: "create", Title: "create a workspace", Hint: "create", Main: true, Group: group, Keys: []string{"c"}, Contexts: lists(),
			Enabled: a.whenWritable, Run: a.openCreate,
		},
		verbs("start", "start the workspace", "", startVerb()),
		verbs("restart", "restart the workspace", "restart", restartVerb()),
		verbs("stop", "stop the workspace", "stop", stopVerb()),
		verbs("delete", "delete the workspace, keep its home", "delete", deleteVerb()),
		{
			ID: "undo", Title: "undo the last stop", Group: group, Keys: []string{"u"}, Contexts: everywhere(),
			Enabled: a.canUndo, Run: a.runUndo,
		},
	}
}

func (a *App) deletedActions() []*keymap.Action {
	const group = "deleted"
	contexts := []keymap.Context{keymap.Deleted, keymap.Detail}
	verbs := func(id, title string, v *verb) *keymap.Action {
		return &keymap.Action{
			ID: id, Title: title, Hint: v.name, Main: true, Group: group, Keys: []string{v.key}, Contexts: contexts,
			Enabled: func() string { return a.whenVerb(v) }, Run: func() tea.Cmd { return a.act(v) },
		}
	}
	return []*keymap.Action{
		{ID: "deleted", Title: "show or leave deleted workspaces", Group: group, Keys: []string{"D"}, Contexts: everywhere(), Run: a.toggleDeleted},
		verbs("restore", "restore a deleted workspace", restoreVerb()),
		verbs("purge", "purge: destroy a deleted home for good", a.purgeVerb()),
	}
}

func (a *App) listActions() []*keymap.Action {
	const group = "list"
	move := func(f func()) func() tea.Cmd { return func() tea.Cmd { f(); return a.follow() } }
	return []*keymap.Action{
		{ID: "filter", Title: "filter: words, !not, key=value", Hint: "filter", Group: group, Keys: []string{"/"}, Contexts: lists(), Run: a.startFilter},
		{ID: "namespace", Title: "look into another namespace", Group: group, Keys: []string{"n"}, Contexts: lists(), Enabled: a.whenScope, Run: a.chooseNamespace},
		{ID: "context", Title: "look into another context", Group: group, Keys: []string{"C"}, Contexts: lists(), Enabled: a.whenScope, Run: a.chooseContext},
		{ID: "all-namespaces", Title: "look into all namespaces", Group: group, Keys: []string{"0"}, Contexts: lists(), Enabled: a.whenScope, Run: func() tea.Cmd { return a.setNamespace("") }},
		{ID: "up", Title: "up", Group: group, Keys: []string{"up", "k"}, Contexts: lists(), Run: move(func() { a.table().Move(-1) })},
		{ID: "down", Title: "down", Group: group, Keys: []string{"down", "j"}, Contexts: lists(), Run: move(func() { a.table().Move(1) })},
		{ID: "page-up", Title: "a page up", Group: group, Keys: []string{"pgup", "ctrl+b"}, Contexts: lists(), Run: move(func() { a.table().Page(-1) })},
		{ID: "page-down", Title: "a page down", Group: group, Keys: []string{"pgdown", "ctrl+f"}, Contexts: lists(), Run: move(func() { a.table().Page(1) })},
		{ID: "home", Title: "first row", Group: group, Keys: []string{"home", "g"}, Contexts: lists(), Run: move(func() { a.table().Home() })},
		{ID: "end", Title: "last row", Group: group, Keys: []string{"end", "G"}, Contexts: lists(), Run: move(func() { a.table().End() })},
		{ID: "back", Title: "cancel, clear filter or marks, or leave deleted", Hint: "back", HintIn: keymap.Deleted, Group: group, Keys: []string{"esc"}, Contexts: lists(), Run: a.back},
	}
}

func (a *App) programActions() []*keymap.Action {
	const group = "program"
	return []*keymap.Action{
		{ID: "palette", Title: "find an action, a workspace or a place", Hint: "palette", Group: group, Keys: []string{":", "ctrl+p"}, Contexts: everywhere(), Run: a.openPalette},
		{ID: "help", Title: "this help", Hint: "help", Group: group, Keys: []string{"?"}, Contexts: everywhere(), Run: a.openHelp},
		{
			ID: "errors", Title: "errors so far", Group: group, Keys: []string{"E"}, Contexts: everywhere(), Run: a.showErrors,
			Enabled: func() string {
				if len(a.errors)+len(a.snap.Denied) == 0 && a.snap.Problem == "" {
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

func (a *App) whenTargets() string {
	if a.table().Marks().All > 0 {
		return ""
	}
	return a.whenSelected()
}

func (a *App) whenWritable() string {
	switch {
	case a.cfg.ReadOnly:
		return "this is read-only"
	case a.cfg.Actions == nil:
		return "not available here"
	}
	return a.guardHere().ReadOnly
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

// whenVerb allows a verb where there is something to do, and while nothing else
// is being done to the workspace.
func (a *App) whenVerb(v *verb) string {
	if reason := a.whenWritable(); reason != "" {
		return reason
	}
	if a.table().Marks().All > 0 {
		return a.whenMarked(v)
	}
	w, ok := a.selected()
	if !ok {
		return "no workspace is selected"
	}
	return a.whyNot(v, w)
}

// whenOpenable lets a stopped workspace through: opening it offers to start.
func (a *App) whenOpenable() string {
	w, ok := a.selected()
	switch {
	case a.table().OnHeading():
		return "" // unfolds it
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
