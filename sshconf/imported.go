package sshconf

// Aliases that somebody has handed over.
//
// An imported alias belongs to the user, who alone takes it out again. It
// follows no list, until its cluster is listed from here after all and has the
// workspace: then it is an alias like any other. A pin never changes by an
// import, whatever UID it comes with: that is what an attack would look like.

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// Import adds the aliases of one workspace that was handed over: the short one
// and, where scope names a cluster, the long one. Where the short one belongs
// to another workspace it is a conflict, and long alone is what avoids it.
// Changes without anything in them mean that it is here already.
func (d *Dir) Import(ctx context.Context, scope Scope, f alias.File, long bool) (Changes, error) {
	if long && scope.ClusterName == "" {
		return Changes{}, workspace.Usagef("importing %s: a long alias needs the cluster's name", workspace.Safe(f.Name))
	}
	return d.step(ctx, scope, func(p *plan) error { return p.take(f, long) })
}

// take is put for an alias that was handed over.
func (p *plan) take(f alias.File, long bool) error {
	f.Cluster, f.Namespace, f.Origin, f.Kubeconfig, f.Context = p.scope.Cluster, p.scope.Namespace, alias.Imported, "", ""
	if err := checkValues(f); err != nil {
		return fmt.Errorf("importing %s: %w", workspace.Safe(f.Name), err)
	}
	held := p.held[holderOf(f)]
	for _, name := range held {
		old := p.before[name]
		if old.HostKey != "" && old.HostKey != f.HostKey {
			return workspace.WithHint(&PinChangedError{Alias: name, Pinned: fingerprint(old.HostKey), Now: fingerprint(f.HostKey)},
				"ask somebody you trust which one is right; to take the new one, first: "+release(*old))
		}
		if old.Origin != alias.Imported {
			return nil // its cluster is listed from here, and knows better
		}
	}
	names, err := p.taken(f.Name, long)
	if err != nil {
		return err
	}
	for _, name := range slices.Concat(names, held) {
		f.Alias = name
		if _, err := f.Encode(); err != nil {
			return fmt.Errorf("importing %s: %w", f.Name, err)
		}
		p.set(f)
	}
	return nil
}

// taken gives the aliases that an import gets.
func (p *plan) taken(name string, long bool) ([]string, error) {
	ref := workspace.Ref{Namespace: p.scope.Namespace, Name: name}
	wanted := make([]string, 0, 2)
	if !long {
		wanted = append(wanted, ref.Alias())
	}
	if p.scope.ClusterName != "" {
		wanted = append(wanted, ref.LongAlias(workspace.ClusterSlug(p.scope.ClusterName)))
	}
	var names []string
	for i, alias := range wanted {
		switch {
		case p.free(alias, name):
			names = append(names, alias)
		case i == 0:
			return nil, p.clash(alias)
		}
	}
	return names, nil
}

// clash says whose the alias is.
func (p *plan) clash(name string) error {
	err := workspace.WithKind(workspace.ErrConflict, fmt.Errorf("alias %s is another workspace's already", name))
	if f := p.files[name]; f.Origin == alias.Imported {
		err = workspace.WithHint(err, "take that one out first: "+release(*f))
	}
	return workspace.WithHint(err, "or import this one under a name of your own for its cluster, such as: --as other")
}

// release is the command that takes an alias out, for an error's hint.
func release(f alias.File) string {
	if f.Origin == alias.Imported {
		return "berth import --remove " + f.Alias
	}
	return forget([]string{f.Alias})
}

// Unimport takes every alias of an imported workspace out again; name is one
// of them. An alias that follows a cluster's list is a conflict: the next list
// would bring it back.
func (d *Dir) Unimport(ctx context.Context, name string) (Changes, error) {
	f, err := d.Read(name)
	if err != nil {
		return Changes{}, err
	}
	scope := Scope{Cluster: f.Cluster, Namespace: f.Namespace}
	return d.step(ctx, scope, func(p *plan) error {
		held := p.held[holderOf(f)]
		if !slices.Contains(held, name) {
			return workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("removing alias %s: it is gone already", name))
		}
		for _, other := range held {
			if p.before[other].Origin == alias.Imported {
				delete(p.files, other)
			}
		}
		if _, stays := p.files[name]; stays {
			return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, errors.New("alias "+name+" was not imported: it follows its cluster")),
				"it goes by itself when the workspace does")
		}
		return nil
	})
}
