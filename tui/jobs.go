package tui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/workspace"
)

// doneMsg ends a change or a creation.
type doneMsg struct {
	what string
	key  workspace.Key
	form *dialog.Create // of a creation
	err  error
	then func(a *App) tea.Cmd
}

// runMsg brings a piece of work back into the loop.
type runMsg struct{ run func() tea.Cmd }

// run does a verb to a workspace; its row tells so until the cluster has
// accepted.
func (a *App) run(v *verb, w workspace.Workspace) tea.Cmd {
	what := v.ing + " " + w.Name
	a.jobs[w.Key()], a.work[w.Key()] = v.ing, what
	return a.do(func(ctx context.Context) tea.Msg {
		err := v.call(a.cfg.Actions, ctx, w, func(workspace.Progress) {})
		return doneMsg{what: what, key: w.Key(), err: err, then: func(a *App) tea.Cmd {
			if v.undo != nil {
				a.offer(v.past+" "+w.Name, func() tea.Cmd { return a.runAll(v.undo(), []workspace.Workspace{w}) })
			} else {
				a.say(v.past + " " + w.Name + v.then)
			}
			return nil
		}}
	})
}

func (a *App) finish(msg doneMsg) tea.Cmd {
	delete(a.jobs, msg.key)
	delete(a.work, msg.key)
	defer a.reassure()
	a.look(a.selected()) // a session may have had the terminal
	switch {
	case msg.form != nil:
		return a.created(msg)
	case errors.Is(msg.err, context.Canceled):
		return nil
	case msg.err != nil:
		a.fail(msg.what, msg.err)
		return nil
	case msg.then != nil:
		return msg.then(a)
	}
	return nil
}

// openCreate shows the form; one whose creation runs or has failed comes back.
// Where several contexts are shown it asks for one first: the form is about
// that one's templates and namespace.
func (a *App) openCreate() tea.Cmd {
	if a.create != nil {
		a.create.Named = a.create.Named || a.create.Context != a.snap.Context // the list may have gone elsewhere
		a.open(a.create)
		return nil
	}
	if len(a.snap.Places) > 0 {
		return a.chooseWhereToCreate()
	}
	return a.withConsent(func() tea.Cmd {
		return a.newCreate(workspace.Place{Context: a.snap.Context, Namespace: a.snap.Namespace, Installation: a.snap.Installation})
	})
}

// chooseWhereToCreate offers the contexts, the one of the row under the cursor
// first.
func (a *App) chooseWhereToCreate() tea.Cmd {
	menu := &dialog.Menu{Title: "new workspace in which context?", Search: true, Ranked: true, Wide: 64}
	if w, ok := a.selected(); ok {
		menu.First = w.Context
	}
	for _, p := range a.snap.Places {
		guard := a.guard(p.Context, p.Namespace)
		it := dialog.Item{
			ID: p.Context, Label: workspace.Safe(p.Context), Note: orElse(p.Namespace, "all namespaces"), Disabled: guard.ReadOnly,
			Choose: func() tea.Cmd { return a.withConsent(func() tea.Cmd { return a.newCreate(p) }) },
		}
		if guard.Production {
			it.Note = "production · " + it.Note
		}
		if !p.Synced {
			it.Disabled = orElse(p.Problem, "it has not answered yet")
		}
		menu.Items = append(menu.Items, it)
	}
	a.open(menu)
	return nil
}

func (a *App) newCreate(in workspace.Place) tea.Cmd {
	form := dialog.NewCreate(in.Installation, in.Namespace)
	form.Context, form.Named = in.Context, len(a.snap.Places) > 0
	form.Submit = func(ref workspace.Ref, spec workspace.Spec) tea.Cmd {
		a.create = form
		return a.do(func(ctx context.Context) tea.Msg {
			err := a.cfg.Actions.Create(ctx, in.Context, ref, spec, func(p workspace.Progress) { a.mail.put(step{form, p}) })
			return doneMsg{what: "creating " + ref.Name, form: form, err: err}
		})
	}
	a.open(form)
	return form.Init()
}

// created ends a creation: the form closes and the cursor goes to the new
// workspace, or the form says why not.
func (a *App) created(msg doneMsg) tea.Cmd {
	a.readMail()
	if msg.err != nil {
		a.fail(msg.what, msg.err)
		a.offerUndo(msg.form, msg.err)
		return msg.form.Failed(msg.err)
	}
	ref := msg.form.Ref()
	a.close(msg.form)
	a.create = nil
	a.say("created " + ref.Name)
	a.takeSnapshot()
	a.live.Select(func(w workspace.Workspace) bool {
		return w.Ref == ref && (w.Context == "" || w.Context == msg.form.Context)
	})
	return a.follow()
}

// undoable is an error after which what was made can be removed.
type undoable interface {
	error
	Undo(ctx context.Context, tell Tell) error
}

// offerUndo lets a form remove what its creation has made before it failed.
func (a *App) offerUndo(form *dialog.Create, err error) {
	var u undoable
	if !errors.As(err, &u) {
		return
	}
	form.Undo = func() tea.Cmd {
		what := "undoing the creation of " + form.Ref().Name
		return a.do(func(ctx context.Context) tea.Msg {
			err := u.Undo(ctx, func(p workspace.Progress) { a.mail.put(step{form, p}) })
			return runMsg{func() tea.Cmd { return a.undone(what, form, err) }}
		})
	}
}

// undone closes the form of a creation that left nothing; the next one starts
// anew.
func (a *App) undone(what string, form *dialog.Create, err error) tea.Cmd {
	a.readMail()
	if err != nil {
		a.fail(what, err)
		return form.Failed(err)
	}
	a.close(form)
	a.create = nil
	a.say("removed what was made of " + form.Ref().Name)
	return nil
}
