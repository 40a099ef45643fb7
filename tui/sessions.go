package tui

import (
	"context"
	"errors"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/workspace"
)

// shellWhole hands the terminal over to a session. A stopped workspace is offered
// to be started, never started by itself.
func (a *App) shellWhole() tea.Cmd {
	return a.opened(func(w workspace.Workspace) tea.Cmd {
		a.say("connecting to " + w.Name + "…")
		return a.do(func(context.Context) tea.Msg {
			cmd, err := a.cfg.Sessions.Shell(a.ctx, w) // the session outlives this command
			return doneMsg{what: "shell in " + w.Name, err: err, then: func(a *App) tea.Cmd {
				return a.handOver("shell in "+w.Name, cmd)
			}}
		})
	})
}

// handOver gives the terminal to a command until it ends.
func (a *App) handOver(what string, cmd ExecCommand) tea.Cmd {
	a.toast = toast{}
	a.look(workspace.Workspace{}, false) // until it is over
	return tea.Exec(&guest{ExecCommand: cmd}, ended(what, cmd))
}

// ended tells how a command left. A code is what somebody chose to end with,
// or the last command's, so it is told and no failure of the program's own.
func ended(what string, cmd ExecCommand) tea.ExecCallback {
	return func(err error) tea.Msg {
		code := 0
		if coder, ok := cmd.(ExitCoder); ok && err == nil {
			code = coder.ExitCode()
		}
		var coder ExitCoder
		if errors.As(err, &coder) {
			code = coder.ExitCode()
		}
		if code <= 0 { // -1 is a process ended by a signal: its error says more
			return doneMsg{what: what, err: err}
		}
		return doneMsg{what: what, then: func(a *App) tea.Cmd {
			a.say(what + " ended, exit " + strconv.Itoa(code))
			return nil
		}}
	}
}

// opened calls next with the selected workspace if it can be opened.
func (a *App) opened(next func(workspace.Workspace) tea.Cmd) tea.Cmd {
	w, ok := a.selected()
	if !ok {
		return nil
	}
	if w.Status.Phase == workspace.Stopped {
		return a.offerStart(w)
	}
	return a.withConsent(func() tea.Cmd { return next(w) })
}

func (a *App) offerStart(w workspace.Workspace) tea.Cmd {
	if reason := orElse(a.whenWritable(), a.readOnly(w)); reason != "" {
		a.say(w.Name + " is stopped; " + reason)
		return nil
	}
	return a.confirm(dialog.Confirm{
		Title: w.Name + " is stopped. Start it?", Verb: "start", Trigger: "enter",
		Body: []string{"", "It can be opened as soon as it runs."},
	}, startVerb(), w)
}

func (a *App) chooseEditor() tea.Cmd {
	return a.opened(func(w workspace.Workspace) tea.Cmd { return a.chooseEditorFor(w, "") })
}

// chooseEditorFor opens a workspace in an editor, in a directory if that is
// known.
func (a *App) chooseEditorFor(w workspace.Workspace, directory string) tea.Cmd {
	if a.cfg.Sessions == nil {
		return nil
	}
	editors := a.cfg.Sessions.Editors(w)
	switch len(editors) {
	case 0:
		a.open(&dialog.Text{Title: "no editor found", Lines: []string{
			"No editor that works over ssh was found on this machine: VS Code and its family, Zed, JetBrains Gateway, Neovim.", "",
			"Any of them works with the alias:", "", "  ssh " + w.Alias,
		}})
		return nil
	case 1:
		return a.openEditor(w, OpenRequest{Editor: editors[0], Directory: directory})
	}
	items := make([]dialog.Item, len(editors))
	for i, name := range editors {
		key := ""
		if i < 9 {
			key = strconv.Itoa(i + 1)
		}
		items[i] = dialog.Item{Label: name, Key: key, Choose: func() tea.Cmd { return a.openEditor(w, OpenRequest{Editor: name, Directory: directory}) }}
	}
	a.open(&dialog.Menu{Title: "open " + w.Name + " in", Items: items, Verb: "open", Wide: 40})
	return nil
}

func (a *App) openEditor(w workspace.Workspace, how OpenRequest) tea.Cmd {
	a.say("opening " + w.Name + " in " + how.Editor + "…")
	return a.do(func(context.Context) tea.Msg {
		res, err := a.cfg.Sessions.Open(a.ctx, w, how) // what it opens outlives this command
		return doneMsg{what: "opening " + w.Name + " in " + how.Editor, err: err, then: func(a *App) tea.Cmd {
			switch {
			case len(res.Lacks) > 0:
				a.askAnyway(w, how, res.Lacks)
				return nil
			case res.Terminal != nil:
				return a.handOver(how.Editor+" in "+w.Name, res.Terminal)
			case res.Copy != "":
				copied := a.copyText(res.Copy)
				a.say(orElse(res.Message, "nothing here could open it") + " · copied ✓")
				return copied
			}
			a.say(orElse(res.Message, "opened in "+how.Editor))
			return nil
		}}
	})
}

// askAnyway asks whether a workspace is opened although it lacks something. The
// question comes a while after the key, so letters do not answer it.
func (a *App) askAnyway(w workspace.Workspace, how OpenRequest, lacks []string) {
	a.say("")
	body := []string{address(a.snap, w), ""}
	a.open(&dialog.Confirm{
		Title: w.Name + " lacks what " + how.Editor + " needs. Open it anyway?", Verb: "open", Letterless: true, Now: a.now, Opened: a.now(),
		Body: append(body, lacks...), Target: w.Key(),
		Yes: func() tea.Cmd {
			how.Anyway = true
			return a.openEditor(w, how)
		},
	})
}
