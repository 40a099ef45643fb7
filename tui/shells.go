package tui

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/keymap"
	"github.com/berth-sh/berth/tui/shells"
	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/workspace"
)

// Messages about shells.
type (
	pokedMsg struct{}                // something has happened in some tab
	shownMsg struct{ t *shells.Tab } // a tab has a new frame
)

// shellActions are what may follow the prefix.
func (a *App) shellActions() []*keymap.Action {
	const group = "in a shell"
	only := []keymap.Context{keymap.Shell}
	tab := func(f func(*shells.Tab) tea.Cmd) func() tea.Cmd {
		return func() tea.Cmd {
			if t := a.shellTab(); t != nil {
				return f(t)
			}
			return nil
		}
	}
	several := func() string {
		if a.shell.deck == nil || len(a.shell.deck.Tabs()) < 2 {
			return "there is one shell"
		}
		return ""
	}
	do := func(f func()) func() tea.Cmd { return func() tea.Cmd { f(); return a.watchShell() } }
	return []*keymap.Action{
		{ID: "shell-list", Title: "back to the list; the shell goes on", Hint: "list", Group: group, Keys: []string{"d"}, Contexts: only, Run: do(a.leaveShell)},
		{ID: "shell-new", Title: "another shell here", Hint: "new", Group: group, Keys: []string{"c"}, Contexts: only, Run: tab(func(t *shells.Tab) tea.Cmd { return a.openTab(t.Workspace) })},
		{ID: "shell-close", Title: "close this shell", Hint: "close", Group: group, Keys: []string{"x"}, Contexts: only, Run: tab(a.askClose)},
		{
			ID: "shell-tab", Title: "shell 1 to 9", Group: group, Keys: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, Contexts: only,
			Run: func() tea.Cmd { return a.pickTab(a.shell.chosen) },
		},
		{ID: "shell-next", Title: "next shell", Hint: "next", Group: group, Keys: []string{"n"}, Contexts: only, Enabled: several, Run: do(func() { a.shell.deck.Step(1) })},
		{ID: "shell-prev", Title: "previous shell", Group: group, Keys: []string{"p"}, Contexts: only, Enabled: several, Run: do(func() { a.shell.deck.Step(-1) })},
		{ID: "shell-scroll", Title: "look around, find, copy", Hint: "scroll", Group: group, Keys: []string{"["}, Contexts: only, Run: tab(func(t *shells.Tab) tea.Cmd { return a.lookAround(t, false, nil) })},
		{ID: "shell-zoom", Title: "with the list, or without", Hint: "split", Group: group, Keys: []string{"z"}, Contexts: only, Run: a.toggleSplit},
		{ID: "shell-editor", Title: "open this workspace in an editor", Group: group, Keys: []string{"e"}, Contexts: only, Run: tab(a.editorHere)},
		{
			ID: "shell-reconnect", Title: "connect again now", Group: group, Keys: []string{"r"}, Contexts: only,
			Enabled: a.whenApart, Run: tab(func(t *shells.Tab) tea.Cmd { t.Reconnect(); return nil }),
		},
		{ID: "shell-help", Title: "help", Hint: "help", Group: group, Keys: []string{"?"}, Contexts: only, Run: a.openHelp},
	}
}

// whenApart says of a shell that is connected that it is: there is nothing to
// connect again.
func (a *App) whenApart() string {
	if t := a.shellTab(); t != nil && t.Live() && !t.Status().Stalled {
		return t.Workspace.Name + " is connected and answers"
	}
	return ""
}

// enterShell shows the shell of the selected workspace, or opens one.
func (a *App) enterShell() tea.Cmd {
	if a.table().OnHeading() {
		a.table().Fold(false)
		return a.follow()
	}
	if a.shell.deck == nil {
		return a.shellWhole()
	}
	if w, ok := a.selected(); ok && w.Status.Phase != workspace.Stopped {
		if t := a.shell.deck.Find(w.Key()); t != nil {
			a.shell.deck.Select(t)
			return a.focusShell()
		}
	}
	return a.opened(a.openTab)
}

// openTab opens another shell.
func (a *App) openTab(w workspace.Workspace) tea.Cmd {
	a.fitShell()
	a.shell.deck.Open(w)
	a.countShells()
	return a.focusShell()
}

// focusShell gives the shell the keys and the screen.
func (a *App) focusShell() tea.Cmd {
	if !a.shell.focus {
		a.shell.focus, a.focusPane, a.zoom = true, false, false
		a.toast = toast{}
	}
	a.fitShell()
	t := a.shellTab()
	t.Focus(true)
	a.live.Select(func(w workspace.Workspace) bool { return w.Key() == t.Key() })
	return a.watchShell()
}

// leaveShell goes back to the list. The shell goes on.
func (a *App) leaveShell() {
	if a.toast.refusal { // it was about a key in the shell
		a.toast = toast{}
	}
	if t := a.shellTab(); t != nil {
		t.Focus(false)
		a.live.Select(func(w workspace.Workspace) bool { return w.Key() == t.Key() })
	}
	a.shell.focus, a.shell.prefix, a.shell.dragging = false, prefix{turn: a.shell.prefix.turn}, nil
}

// watchShell arms the command that waits for the next frame of the tab that is
// shown.
func (a *App) watchShell() tea.Cmd {
	t := a.shellTab()
	if t == nil || !a.shell.focus {
		return nil
	}
	wait := t.Await()
	if wait == nil {
		return nil
	}
	return a.do(func(ctx context.Context) tea.Msg {
		if !wait(ctx) {
			return nil
		}
		return shownMsg{t}
	})
}

// waitShells arms the command that waits for what happens in tabs.
func (a *App) waitShells() tea.Cmd {
	if a.shell.deck == nil {
		return nil
	}
	return a.do(func(ctx context.Context) tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-a.shell.deck.Poked():
		}
		pause(ctx, breath)
		return pokedMsg{}
	})
}

// collect takes what has happened in all tabs.
func (a *App) collect() tea.Cmd {
	var cmds []tea.Cmd
	for _, h := range a.shell.deck.Collect(a.shell.focus) {
		switch h.Kind {
		case term.Notice:
			a.say(h.Tab.Name() + ": " + h.Text)
		case term.Clipboard:
			cmds = append(cmds, a.wantsCopy(h.Tab, h.Text))
		case term.Bell:
			cmds = append(cmds, a.ring(h.Tab))
		case term.Title, term.Directory:
		}
	}
	for _, t := range a.shell.deck.Tabs() {
		cmds = append(cmds, a.closeEnded(t))
	}
	a.countShells()
	return tea.Batch(append(cmds, a.watchShell())...)
}

// ring passes the bell of the shell that has the keys on, once a second at most.
// Others only mark their tabs.
func (a *App) ring(t *shells.Tab) tea.Cmd {
	if !a.shell.focus || t != a.shellTab() || a.now().Sub(a.shell.rang) < time.Second {
		return nil
	}
	a.shell.rang = a.now()
	return tea.Raw("\a")
}

// closeEnded takes a tab away whose user has left the shell. One that ended
// otherwise stays, with its last words.
func (a *App) closeEnded(t *shells.Tab) tea.Cmd {
	st := t.Status()
	if st.Phase != term.Ended || t.Unasked() || st.Code != 0 && t.Brief() {
		return nil
	}
	text := "shell in " + t.Name() + " ended"
	if st.Code != 0 {
		text += fmt.Sprintf(", exit %d", st.Code)
	}
	cmd := a.closeTab(t)
	a.say(text)
	return cmd
}

// askClose closes a shell, after a question while something may run in it.
func (a *App) askClose(t *shells.Tab) tea.Cmd {
	if !t.Live() {
		return a.closeTab(t)
	}
	a.open(&dialog.Confirm{
		Title: "close the shell in " + t.Name() + "?", Verb: "close", Trigger: "x", Now: a.now, Opened: a.now(),
		Body: []string{"What runs in it ends. " + a.cfg.Prefix + " d leaves it running."},
		Yes:  func() tea.Cmd { return a.closeTab(t) },
	})
	return nil
}

// closeTab ends a shell and shows another one of its workspace, or the list.
func (a *App) closeTab(t *shells.Tab) tea.Cmd {
	shown := a.shell.focus && a.shellTab() == t
	a.shell.deck.Close(t)
	a.countShells()
	if !shown {
		return nil
	}
	if a.shellTab() != nil {
		return a.focusShell()
	}
	a.leaveShell()
	a.live.Select(func(w workspace.Workspace) bool { return w.Key() == t.Key() })
	a.shell.deaf.until = a.now().Add(deafFor)
	return a.follow()
}

func (a *App) pickTab(key string) tea.Cmd {
	if n, err := strconv.Atoi(key); err != nil || !a.shell.deck.Pick(n-1) {
		a.say("there is no shell " + key)
		return nil
	}
	return a.focusShell()
}

func (a *App) toggleSplit() tea.Cmd {
	if a.h < splitLeast { // what cannot be seen must not be turned on and off
		a.say(fmt.Sprintf("a screen of %d lines is too low to be split", a.h))
		return nil
	}
	a.shell.split = !a.shell.split
	a.fitShell()
	return nil
}

// editorHere opens the shell's workspace in an editor.
func (a *App) editorHere(t *shells.Tab) tea.Cmd { return a.chooseEditorFor(t.Workspace, t.Directory()) }

// wantsCopy is about a program that wants to write to the clipboard: that is
// asked once for each workspace, and refused to shells that nobody sees.
func (a *App) wantsCopy(t *shells.Tab, text string) tea.Cmd {
	key := fmt.Sprint(t.Key())
	allowed, answered := a.shell.mayCopy[key]
	switch {
	case answered && !allowed || a.shell.asking:
		return nil
	case !a.shell.focus || t != a.shellTab():
		return nil
	case answered:
		return a.copyText(text)
	}
	a.shell.asking = true // a program that asks on and on is asked about once
	answer := func(yes bool) func() tea.Cmd {
		return func() tea.Cmd {
			a.shell.asking, a.shell.mayCopy[key] = false, yes
			if yes {
				return a.copyText(text)
			}
			return nil
		}
	}
	a.open(&dialog.Confirm{
		Title: "may " + t.Workspace.Name + " write to your clipboard?", Verb: "allow", Stay: "no", Letterless: true, Now: a.now, Opened: a.now(),
		Body: append([]string{
			"A program in its shell wants to copy " + amount(len(text)) + ". The answer holds for this workspace until you leave berth. It can never read your clipboard.", "",
		}, preview(strings.Split(text, "\n"))...),
		Yes: answer(true), No: answer(false),
	})
	return nil
}

// countShells brings the badges in the list up to date.
func (a *App) countShells() {
	if a.shell.deck != nil {
		a.live.SetShells(a.shell.deck.Counts())
	}
}

// openShells says which shells would be left, for the question about leaving.
func (a *App) openShells() (ends, goesOn []string) {
	if a.shell.deck == nil {
		return nil, nil
	}
	gone, stays := map[string]bool{}, map[string]bool{}
	for _, t := range a.shell.deck.Tabs() {
		switch st := t.Status(); {
		case st.Phase == term.Ended || st.Phase == term.Failed:
		case st.GoesOn:
			stays[t.Name()] = true
		default:
			gone[t.Name()] = true
		}
	}
	return slices.Sorted(maps.Keys(gone)), slices.Sorted(maps.Keys(stays))
}

// preview is the beginning of a text for a question.
func preview(lines []string) []string {
	const most = 4
	var out []string
	for i, line := range lines {
		if i == most {
			return append(out, fmt.Sprintf("  … %d more", len(lines)-most))
		}
		out = append(out, "  "+cells.Cut(workspace.Safe(line), 58))
	}
	return out
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// amount is a number of bytes for people.
func amount(n int) string {
	if n < 10_000 {
		return counted(n, "byte")
	}
	return fmt.Sprintf("%d kB", n/1000)
}
