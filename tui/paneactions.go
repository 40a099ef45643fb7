package tui

import (
	"cmp"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/tui/keymap"
)

func (a *App) paneActions() []*keymap.Action {
	const group = "look closer"
	only := []keymap.Context{keymap.Detail}
	show := func(id, title, key, hint string, tab detail.Tab) *keymap.Action {
		return &keymap.Action{
			ID: id, Title: title, Hint: hint, Group: group, Keys: []string{key}, Contexts: everywhere(),
			Enabled: a.whenSelected, Run: func() tea.Cmd { return a.showTab(tab) },
		}
	}
	inLogs := func() string {
		if a.pane.Tab() != detail.Logs {
			return "only in the log"
		}
		return ""
	}
	inText := func() string {
		if a.pane.Tab() != detail.Logs && a.pane.Tab() != detail.YAML {
			return "only in the log and the YAML"
		}
		return ""
	}
	found := func() string {
		if text, _, _ := a.pane.Finding(); text == "" {
			return "/ looks for something first"
		}
		return inText()
	}
	do := func(f func()) func() tea.Cmd { return func() tea.Cmd { f(); return nil } }
	return []*keymap.Action{
		show("why", "why it is as it is", "w", "", detail.Why),
		show("logs", "read the log", "l", "logs", detail.Logs),
		show("yaml", "read the YAML", "Y", "", detail.YAML),
		{ID: "next-tab", Title: "next tab", Group: group, Keys: []string{"tab"}, Contexts: everywhere(), Run: func() tea.Cmd { return a.pane.SetTab(a.pane.Tab() + 1) }},
		{ID: "prev-tab", Title: "previous tab", Group: group, Keys: []string{"shift+tab"}, Contexts: everywhere(), Run: func() tea.Cmd { return a.pane.SetTab(a.pane.Tab() - 1) }},
		{ID: "follow", Title: "follow the log or stop following", Hint: "follow", Group: group, Keys: []string{"f"}, Contexts: only, Enabled: inLogs, Run: do(a.pane.Follow)},
		{ID: "wrap", Title: "wrap long lines of the log", Hint: "wrap", Group: group, Keys: []string{"W"}, Contexts: only, Enabled: inLogs, Run: do(a.wrapLog)},
		{ID: "previous", Title: "log of the run before", Hint: "previous", Group: group, Keys: []string{"p"}, Contexts: only, Enabled: inLogs, Run: a.pane.Previous},
		{ID: "stamps", Title: "time stamps of the log", Group: group, Keys: []string{"t"}, Contexts: only, Enabled: inLogs, Run: do(a.pane.Stamps)},
		{ID: "container", Title: "log of another container", Group: group, Keys: []string{"c"}, Contexts: only, Enabled: inLogs, Run: a.chooseContainer},
		{ID: "save-log", Title: "write the log to a file", Hint: "save", Group: group, Keys: []string{"ctrl+s"}, Contexts: only, Enabled: a.whenSavable, Run: a.askSaveLog},
		{ID: "find", Title: "find in the log or the YAML", Hint: "find", Group: group, Keys: []string{"/"}, Contexts: only, Enabled: inText, Run: a.startFind},
		{ID: "find-next", Title: "next match", Group: group, Keys: []string{"n"}, Contexts: only, Enabled: found, Run: do(func() { a.pane.Jump(1) })},
		{ID: "find-previous", Title: "match before", Group: group, Keys: []string{"N"}, Contexts: only, Enabled: found, Run: do(func() { a.pane.Jump(-1) })},
		{ID: "find-only", Title: "only lines with a match, or all", Group: group, Keys: []string{"&"}, Contexts: only, Enabled: func() string { return cmp.Or(inLogs(), found()) }, Run: do(a.pane.Only)},
		{ID: "zoom", Title: "give the pane the whole screen", Hint: "zoom", Group: group, Keys: []string{"z"}, Contexts: only, Run: a.toggleZoom},
		{ID: "pane-up", Title: "scroll up", Group: group, Keys: []string{"up", "k"}, Contexts: only, Run: do(func() { a.pane.Scroll(-1) })},
		{ID: "pane-down", Title: "scroll down", Group: group, Keys: []string{"down", "j"}, Contexts: only, Run: do(func() { a.pane.Scroll(1) })},
		{ID: "pane-pgup", Title: "scroll a page up", Group: group, Keys: []string{"pgup", "ctrl+b"}, Contexts: only, Run: do(func() { a.pane.Page(-1) })},
		{ID: "pane-pgdn", Title: "scroll a page down", Group: group, Keys: []string{"pgdown", "ctrl+f", "space"}, Contexts: only, Run: do(func() { a.pane.Page(1) })},
		{ID: "pane-home", Title: "scroll to the first line", Group: group, Keys: []string{"home", "g"}, Contexts: only, Run: do(func() { a.pane.Ends(false) })},
		{ID: "pane-end", Title: "scroll to the last line", Group: group, Keys: []string{"end", "G"}, Contexts: only, Run: do(func() { a.pane.Ends(true) })},
		{ID: "pane-leave", Title: "back to the list", Hint: "back", Group: group, Keys: []string{"esc"}, Contexts: only, Run: do(a.leavePane)},
	}
}
