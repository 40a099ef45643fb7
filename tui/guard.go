package tui

import "github.com/berth-sh/berth/workspace"

// guardOf says how careful to be about a workspace.
func (a *App) guardOf(w workspace.Workspace) Guard {
	return a.guard(orElse(w.Context, a.snap.Context), w.Namespace)
}

// guard asks once about each place: it is asked with every frame.
func (a *App) guard(context, namespace string) Guard {
	if a.cfg.Guard == nil {
		return Guard{}
	}
	place := [2]string{context, namespace}
	g, ok := a.guards[place]
	if !ok {
		if a.guards == nil {
			a.guards = map[[2]string]Guard{}
		}
		g = a.cfg.Guard(context, namespace)
		a.guards[place] = g
	}
	return g
}

// guardHere says how careful to be about what the list shows.
func (a *App) guardHere() Guard {
	if len(a.snap.Places) == 0 {
		return a.guard(a.snap.Context, a.snap.Namespace)
	}
	all := Guard{ReadOnly: "every context is read-only"}
	for _, p := range a.snap.Places {
		g := a.guard(p.Context, p.Namespace)
		all.Production = all.Production || g.Production
		if g.ReadOnly == "" {
			all.ReadOnly = ""
		}
	}
	return all
}

// readOnly says why a workspace may not be changed, "" when it may.
func (a *App) readOnly(w workspace.Workspace) string {
	if a.cfg.ReadOnly {
		return "this is read-only"
	}
	return a.guardOf(w).ReadOnly
}

// warning is the word in a question about workspaces of production, "" for
// others.
func (a *App) warning(list ...workspace.Workspace) string {
	for _, w := range list {
		if a.guardOf(w).Production {
			return "production"
		}
	}
	return ""
}
