package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/berth-sh/berth/workspace"
)

// find reads the workspaces that args name, each namespace listed once. The
// first that is missing fails all: nothing is done to some of them.
func (a *app) find(ctx context.Context, args []string) ([]workspace.Workspace, error) {
	refs, err := a.refs(args)
	if err != nil {
		return nil, err
	}
	c, err := a.cluster()
	if err != nil {
		return nil, err
	}
	lists := map[string]workspace.Snapshot{}
	found := make([]workspace.Workspace, 0, len(refs))
	for _, ref := range refs {
		list, ok := lists[ref.Namespace]
		if !ok {
			if list, err = c.list(ctx, ref.Namespace, a); err != nil {
				return nil, err
			}
			lists[ref.Namespace] = list
			a.reconcile(ctx, list)
		}
		w, ok := pick(list, ref)
		if !ok {
			return nil, notFound(ref, list)
		}
		found = append(found, w)
	}
	return found, nil
}

// findOne is find for one.
func (a *app) findOne(ctx context.Context, arg string) (workspace.Workspace, error) {
	found, err := a.find(ctx, []string{arg})
	if err != nil {
		return workspace.Workspace{}, err
	}
	return found[0], nil
}

// pick finds a workspace in a list; one that exists wins over a deleted one.
func pick(list workspace.Snapshot, ref workspace.Ref) (workspace.Workspace, bool) {
	var found workspace.Workspace
	ok := false
	for _, w := range list.Workspaces {
		if w.Ref == ref && (!ok || !w.Deleted()) {
			found, ok = w, true
		}
	}
	return found, ok
}

// notFound names what there is instead, where that is a short list.
func notFound(ref workspace.Ref, list workspace.Snapshot) error {
	err := workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("workspace %s: not found", ref))
	var names []string
	for _, w := range list.Workspaces {
		if !slices.Contains(names, w.Name) {
			names = append(names, w.Name)
		}
	}
	slices.Sort(names)
	switch {
	case len(names) == 0:
		return workspace.WithHint(err, "namespace "+ref.Namespace+" has no workspaces; all namespaces: berth ls -A")
	case len(names) <= 8:
		return workspace.WithHint(err, fmt.Sprintf("namespace %s has: %s", ref.Namespace, joinWords(names)))
	}
	return workspace.WithHint(err, "berth ls -n "+ref.Namespace)
}
