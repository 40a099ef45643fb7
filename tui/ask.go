package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/workspace"
)

// open puts a dialog on top.
func (a *App) open(d dialog.Dialog) { a.dialogs = append(a.dialogs, d) }

// close takes a dialog away, wherever it is.
func (a *App) close(d dialog.Dialog) {
	for i, other := range a.dialogs {
		if other == d {
			a.dialogs = append(a.dialogs[:i:i], a.dialogs[i+1:]...)
			return
		}
	}
}

// toDialog hands a message to the topmost dialog.
func (a *App) toDialog(msg tea.Msg) tea.Cmd {
	if len(a.dialogs) == 0 {
		return nil
	}
	top := a.dialogs[len(a.dialogs)-1]
	done, cmd := top.Update(msg)
	if done {
		a.close(top)
	}
	return cmd
}

// confirm asks before a verb. It is about the workspace that was selected when
// it was asked, whatever the list does meanwhile.
func (a *App) confirm(c dialog.Confirm, v *verb, w workspace.Workspace) tea.Cmd {
	c.Target, c.Now, c.Opened, c.Warning = w.Key(), a.now, a.now(), a.warning(w)
	c.Body = append([]string{address(a.snap, w)}, c.Body...)
	c.Yes = func() tea.Cmd {
		current, ok := a.find(w.Key())
		if !ok {
			a.say(w.Name + " has changed or gone meanwhile; nothing was done")
			return nil
		}
		a.table().Take(current.Key())
		return a.run(v, current)
	}
	a.open(&c)
	return nil
}

// address says which workspace is meant: names repeat across clusters.
func address(s workspace.Snapshot, w workspace.Workspace) string {
	parts := []string{w.Name}
	for _, p := range []string{w.Namespace, orElse(w.Context, s.Context)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " · ")
}

// withConsent asks once, at the first create or open, for the line in the ssh
// config, and goes on whatever the answer is. It comes where a form was
// expected, so letters do not answer it; esc leaves it for the next run.
func (a *App) withConsent(next func() tea.Cmd) tea.Cmd {
	c := a.cfg.Consent
	if c == nil || a.asked || a.cfg.ReadOnly || !c.Needed() {
		return next()
	}
	a.asked = true
	line, file := c.Line()
	settle := func(what string, f func(context.Context) error, said string) func() tea.Cmd {
		return func() tea.Cmd {
			return a.do(func(ctx context.Context) tea.Msg {
				err := f(ctx)
				return runMsg{func() tea.Cmd { // an editor finds the alias only once the line is there
					cmd := next()
					switch {
					case err != nil:
						a.fail(what, err)
					case said != "":
						a.say(said)
					}
					return cmd
				}}
			})
		}
	}
	a.open(&dialog.Confirm{
		Title: "let ssh and editors know your workspaces?", Verb: "add", Stay: "no", Letterless: true, Now: a.now, Opened: a.now(),
		Body: []string{
			"Adds one line at the top of " + file + ":", "", "  " + line, "",
			"With it, plain ssh, VS Code and others reach every workspace by its alias. Without it, only this program does; berth ssh-config install adds it later.",
		},
		Yes: settle("adding the line to "+file, c.Install, "added one line to "+file),
		No:  settle("remembering the answer", c.Refuse, ""), Later: next,
	})
	return nil
}
