package tui

// Where the list looks: namespaces and contexts. What there is to choose from is
// asked for when a menu opens, and the menu does not wait for it.

import (
	"context"
	"errors"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/workspace"
)

// places are what was listed last.
type places struct {
	namespaces map[string][]string // by context
	contexts   []workspace.Context
	together   []string // contexts that were shown in one list
}

// goal is where the list is on its way to.
type goal struct {
	context   *string // nil stays
	namespace *string // nil is the context's own
	in        string  // of several contexts, the one that goes there; "" is all of them
}

// switching reports whether the list is on its way.
func (g goal) switching() bool { return g.context != nil || g.namespace != nil }

func (a *App) chooseNamespace() tea.Cmd {
	if len(a.snap.Places) > 0 {
		return a.chooseNamespaces()
	}
	menu := &dialog.Menu{
		Title: "namespace", Search: true, Verb: "go", Empty: "loading…", Wide: 50,
		Free: func(name string) tea.Cmd { return a.setNamespace(name) },
	}
	a.open(menu)
	return a.listNamespaces(a.snap.Context, func(names []string, err error) {
		if err != nil {
			menu.Empty = "they may not be listed; type one"
			a.fail("listing namespaces", err)
			return
		}
		items := []dialog.Item{{Label: "all namespaces", Key: "0", Choose: func() tea.Cmd { return a.setNamespace("") }}}
		for _, name := range names {
			it := dialog.Item{Label: name, Choose: func() tea.Cmd { return a.setNamespace(name) }}
			if name == a.snap.Namespace {
				it.Note = "now"
			}
			items = append(items, it)
		}
		menu.SetItems(items)
	})
}

// listNamespaces asks for the namespaces of a context and then calls done in
// the loop.
func (a *App) listNamespaces(in string, done func([]string, error)) tea.Cmd {
	return a.do(func(ctx context.Context) tea.Msg {
		names, err := a.cfg.Scope.Namespaces(ctx, in)
		return runMsg{func() tea.Cmd {
			if err == nil {
				if a.places.namespaces == nil {
					a.places.namespaces = map[string][]string{}
				}
				a.places.namespaces[in] = names
			}
			done(names, err)
			return nil
		}}
	})
}

// listContexts asks for the contexts and then calls done in the loop.
func (a *App) listContexts(done func(error)) tea.Cmd {
	return a.do(func(ctx context.Context) tea.Msg {
		contexts, err := a.cfg.Scope.Contexts(ctx)
		return runMsg{func() tea.Cmd {
			if err == nil {
				a.places.contexts = contexts
			}
			done(err)
			return nil
		}}
	})
}

func (a *App) chooseContext() tea.Cmd {
	menu := &dialog.Menu{Title: "context", Search: true, Verb: "go", Empty: "loading…", Wide: 64}
	a.open(menu)
	return a.listContexts(func(err error) {
		if err != nil {
			menu.Empty = "the kubeconfig has none that can be read"
			a.fail("listing contexts", err)
			return
		}
		var items []dialog.Item
		if all := a.places.together; len(all) > 0 {
			it := dialog.Item{Label: workspace.Safe(strings.Join(all, ", ")), Note: "in one list", Choose: func() tea.Cmd { return a.setContext(all...) }}
			if len(a.snap.Places) > 0 {
				it.Note = "now"
			}
			items = append(items, it)
		}
		for _, c := range a.places.contexts {
			it := dialog.Item{Label: workspace.Safe(c.Name), Note: c.Server, Choose: func() tea.Cmd { return a.setContext(c.Name) }}
			if c.Name == a.snap.Context {
				it.Note = "now"
			}
			items = append(items, it)
		}
		menu.SetItems(items)
	})
}

// setNamespace moves the list, or one of its contexts; the header says so until
// the cluster has answered for the new place.
func (a *App) setNamespace(name string, in ...string) tea.Cmd {
	g, what := goal{namespace: &name}, orElse(name, "all namespaces")
	if len(in) == 1 {
		g.in = in[0]
		what += " of " + workspace.Safe(g.in)
	}
	return a.move(g, what, func(ctx context.Context) error {
		return a.cfg.Scope.SetNamespace(ctx, name, in...)
	})
}

// setContext moves the list to another cluster, to the same one as somebody
// else, or to several.
func (a *App) setContext(names ...string) tea.Cmd {
	name := strings.Join(names, ", ") // as a snapshot of several has it
	return a.move(goal{context: &name}, workspace.Safe(name), func(ctx context.Context) error {
		return a.cfg.Scope.SetContext(ctx, names...)
	})
}

func (a *App) move(g goal, what string, set func(context.Context) error) tea.Cmd {
	a.moving = g
	return a.do(func(ctx context.Context) tea.Msg {
		err := set(ctx)
		return runMsg{func() tea.Cmd {
			if err == nil {
				return a.takeSnapshot()
			}
			if a.moving == g {
				a.moving = goal{}
			}
			if !errors.Is(err, context.Canceled) {
				a.fail("going to "+what, err)
			}
			return nil
		}}
	})
}

// arrived ends a move once the snapshot is about its goal.
func (a *App) arrived() {
	if g := a.moving; g.switching() && (g.context == nil || a.snap.Context == *g.context) && a.there(g) {
		a.moving = goal{}
	}
}

// there reports whether every context that moves has answered for its goal's
// namespace, or has failed to.
func (a *App) there(g goal) bool {
	is := func(namespace string, synced bool, problem string) bool {
		return (g.namespace == nil || namespace == *g.namespace) && (synced || problem != "")
	}
	if len(a.snap.Places) == 0 || g.namespace == nil {
		return is(a.snap.Namespace, a.snap.Synced, a.snap.Problem)
	}
	return !slices.ContainsFunc(a.snap.Places, func(p workspace.Place) bool {
		return (g.in == "" || g.in == p.Context) && !is(p.Namespace, p.Synced, p.Problem)
	})
}

// namespaces names those that the contexts of a joined list are in, or are on
// their way to.
func (a *App) namespaces() []string {
	var names []string
	for _, p := range a.snap.Places {
		if g := a.moving; g.namespace != nil && g.in == p.Context {
			p.Namespace = *g.namespace
		}
		if name := orElse(p.Namespace, "all namespaces"); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
