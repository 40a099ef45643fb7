package sshconf

// The aliases as callers see them.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// Reconcile makes the aliases of the scope those of list, which must be
// complete and free of errors: what it lacks loses its aliases. One File
// stands for one workspace, and its Alias is ignored: the short and the long
// alias are both made here. Other clusters and namespaces are never touched,
// and equal input writes nothing.
//
// Files that are refused (PinChangedError, bad values) come back as a joined
// error beside the Changes of all the others.
func (d *Dir) Reconcile(ctx context.Context, scope Scope, list []alias.File) (Changes, error) {
	return d.step(ctx, scope, func(p *plan) error { return p.reconcile(list) })
}

// Put adds or updates some workspaces of the scope and removes none.
func (d *Dir) Put(ctx context.Context, scope Scope, files ...alias.File) (Changes, error) {
	return d.step(ctx, scope, func(p *plan) error {
		var errs []error
		for _, f := range files {
			errs = append(errs, p.put(f))
		}
		return errors.Join(errs...)
	})
}

// Repin is Put for one workspace whose host key was rotated on purpose: it
// replaces the pin from. Any other pin is kept, and a PinChangedError.
func (d *Dir) Repin(ctx context.Context, scope Scope, file alias.File, from string) (Changes, error) {
	return d.step(ctx, scope, func(p *plan) error {
		p.rotated = from
		return p.put(file)
	})
}

// Remove drops all aliases of the named workspaces of the scope. Names
// without an alias are no error.
func (d *Dir) Remove(ctx context.Context, scope Scope, names ...string) (Changes, error) {
	return d.step(ctx, scope, func(p *plan) error {
		p.remove(names)
		return nil
	})
}

// step runs one plan under the lock and writes what it changed.
func (d *Dir) step(ctx context.Context, scope Scope, work func(*plan) error) (Changes, error) {
	var changes Changes
	var refused error
	err := d.locked(ctx, func(own *os.Root) error {
		before, err := load(own, true, everyAlias)
		if err != nil {
			return err
		}
		p, err := newPlan(scope, before)
		if err != nil {
			return err
		}
		refused = work(p)
		changes = p.changes()
		changes.Written, err = d.commit(own, p.files, changes)
		return err
	})
	return changes, errors.Join(err, refused)
}

// commit writes in an order that every cut leaves usable: an alias has its
// file and pin before ssh knows it, and loses them after.
func (d *Dir) commit(own *os.Root, files map[string]*alias.File, c Changes) (written bool, err error) {
	written, err = d.writeFiles(own, files, slices.Concat(c.Added, c.Updated))
	if err != nil {
		return written, err
	}
	wrote, err := d.render(own, files)
	written = written || wrote
	if err != nil {
		return written, err
	}
	for _, name := range c.Removed {
		if err := own.Remove(filepath.Join("alias", name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return written, fmt.Errorf("removing alias %s: %w", name, err)
		}
		written = true
	}
	return written, nil
}

// writers is how many alias files are written at a time. Each waits for the disk,
// which serves several as fast as one; thousands, one after another, would hold
// the lock for longer than another berth waits for it.
const writers = 16

// writeFiles writes the named alias files, until the first that cannot be.
func (d *Dir) writeFiles(own *os.Root, files map[string]*alias.File, names []string) (bool, error) {
	var written atomic.Bool
	group, ctx := errgroup.WithContext(context.Background()) // once begun, it is ended by its own failures only
	group.SetLimit(writers)
	for _, name := range names {
		group.Go(func() error {
			if ctx.Err() != nil { // another could not be
				return nil
			}
			data, err := files[name].Encode()
			if err != nil {
				return err
			}
			wrote, err := d.write(own, filepath.Join("alias", name), data)
			if wrote {
				written.Store(true)
			}
			return err
		})
	}
	err := group.Wait()
	return written.Load(), err
}

// render writes known_hosts and config.
func (d *Dir) render(own *os.Root, files map[string]*alias.File) (written bool, err error) {
	s, err := d.settings(own)
	if err != nil {
		return false, err
	}
	list := inOrder(files)
	wrotePins, err := d.stream(own, "known_hosts", func(w io.Writer) error { return renderKnownHosts(w, list) })
	if err != nil {
		return wrotePins, err
	}
	wroteConfig, err := d.stream(own, "config", func(w io.Writer) error { return renderConfig(w, list, s) })
	return wrotePins || wroteConfig, err
}

// settings reads what every alias shares.
func (d *Dir) settings(own *os.Root) (s settings, err error) {
	s.knownHosts = d.shown("known_hosts")
	if s.proxy, err = proxyCommand(d.helper); err != nil {
		return s, err
	}
	paths, err := readIdentities(own)
	if err != nil {
		return s, err
	}
	for _, path := range paths {
		// A key that is gone would make ssh complain at every start.
		if _, err := os.Stat(path); err != nil {
			continue
		}
		quoted, err := quotePath(path)
		if err != nil {
			return s, err
		}
		s.identities = append(s.identities, quoted)
	}
	return s, nil
}

// Read gives one alias, of kind workspace.ErrNotFound where there is none.
func (d *Dir) Read(name string) (alias.File, error) {
	if _, _, err := workspace.ParseAlias(name); err != nil {
		return alias.File{}, err
	}
	data, err := os.ReadFile(filepath.Join(d.path, "alias", name))
	if errors.Is(err, fs.ErrNotExist) {
		return alias.File{}, workspace.WithHint(
			workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("reading alias %s: there is none", name)),
			"berth ls shows the workspaces and writes their aliases")
	}
	if err != nil {
		return alias.File{}, fmt.Errorf("reading alias %s: %w", name, err)
	}
	f, err := alias.Parse(data)
	if err != nil {
		return alias.File{}, fmt.Errorf("reading alias %s: %w", name, err)
	}
	return f, checkFile(f)
}

// Find gives the alias to show for a workspace: the short one where it is
// this cluster's, else a long one. It is of kind workspace.ErrNotFound where
// there is none yet.
func (d *Dir) Find(scope Scope, name string) (alias.File, error) {
	want := holder{scope.Cluster, scope.Namespace, name}
	// The short one is nearly always there, and ten thousand others need not be
	// read for it.
	short := workspace.Ref{Namespace: scope.Namespace, Name: name}.Alias()
	if f, err := d.Read(short); err == nil && holderOf(f) == want {
		return f, nil
	}
	files, err := d.list(func(alias string) bool { return strings.HasPrefix(alias, name+"."+scope.Namespace+".") })
	if err != nil {
		return alias.File{}, err
	}
	files = slices.DeleteFunc(files, func(f alias.File) bool { return holderOf(f) != want })
	if len(files) == 0 {
		return alias.File{}, workspace.WithKind(workspace.ErrNotFound,
			fmt.Errorf("workspace %s/%s has no alias here", workspace.Safe(scope.Namespace), workspace.Safe(name)))
	}
	return slices.MinFunc(files, func(a, b alias.File) int {
		if n := strings.Count(a.Alias, ".") - strings.Count(b.Alias, "."); n != 0 {
			return n
		}
		return strings.Compare(a.Alias, b.Alias)
	}), nil
}

// List gives all aliases, sorted. A folder that does not exist yet has none.
func (d *Dir) List() ([]alias.File, error) { return d.list(everyAlias) }

func everyAlias(string) bool { return true }

// list gives the aliases whose names are wanted, sorted.
func (d *Dir) list(wanted func(alias string) bool) ([]alias.File, error) {
	own, err := os.OpenRoot(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading aliases: %w", err)
	}
	defer func() { _ = own.Close() }() // opened to read
	byAlias, err := load(own, false, wanted)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	files := make([]alias.File, 0, len(byAlias))
	for _, f := range inOrder(byAlias) {
		files = append(files, *f)
	}
	return files, err
}

// Print renders what ~/.ssh/berth/config says for the aliases of now, without
// writing it.
func (d *Dir) Print() ([]byte, error) {
	files, err := d.List()
	if err != nil {
		return nil, err
	}
	list := make([]*alias.File, len(files))
	for i := range files {
		list[i] = &files[i]
	}
	own, err := os.OpenRoot(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		own, err = nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", d.tilde(d.path), err)
	}
	if own != nil {
		defer func() { _ = own.Close() }() // opened to read
	}
	s, err := d.settings(own)
	if err != nil {
		return nil, err
	}
	var config bytes.Buffer
	err = renderConfig(&config, list, s)
	return config.Bytes(), err
}
