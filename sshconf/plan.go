package sshconf

// Which alias belongs to whom.
//
// The short alias NAME.NAMESPACE.berth belongs to the cluster that took it
// first and stays with it while its file exists; the long one names the
// cluster and always works. All aliases of one workspace (the same cluster,
// namespace and name) carry the same facts and live and die together.

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// holder is what owns aliases.
type holder struct{ cluster, namespace, name string }

// plan is one step from the files that are there to the ones that are wanted.
// Files are never changed: another content is another file, so that the ones
// that stay as they are are there once.
type plan struct {
	scope    Scope
	rotated  string // the pin that may change for the same UID, "" for none
	before   map[string]*alias.File
	files    map[string]*alias.File
	held     map[holder][]string
	repinned []string
}

func newPlan(scope Scope, before map[string]*alias.File) (*plan, error) {
	if scope.Cluster == "" || scope.Namespace == "" {
		return nil, workspace.Usagef("writing aliases: cluster and namespace must be named")
	}
	p := &plan{scope: scope, before: before, files: maps.Clone(before), held: make(map[holder][]string, len(before))}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		h := holderOf(*before[name])
		p.held[h] = append(p.held[h], name)
	}
	return p, nil
}

func holderOf(f alias.File) holder { return holder{f.Cluster, f.Namespace, f.Name} }

// reconcile makes the aliases of the scope those of the list. A file that is
// refused changes nothing for its workspace, so neither is that removed.
func (p *plan) reconcile(list []alias.File) error {
	var errs []error
	listed := make(map[string]bool, len(list))
	for _, f := range list {
		listed[f.Name] = true
		errs = append(errs, p.put(f))
	}
	for h, names := range p.held {
		if h.cluster == p.scope.Cluster && h.namespace == p.scope.Namespace && !listed[h.name] {
			for _, name := range names {
				if p.before[name].Origin != alias.Imported {
					delete(p.files, name)
				}
			}
		}
	}
	return errors.Join(errs...)
}

// put adds or updates every alias of one workspace.
func (p *plan) put(f alias.File) error {
	if f.Cluster != "" && f.Cluster != p.scope.Cluster || f.Namespace != "" && f.Namespace != p.scope.Namespace {
		return workspace.Usagef("writing aliases of %s: it is not of %s", workspace.Safe(f.Name), p.scope.Namespace)
	}
	f.Cluster, f.Namespace = p.scope.Cluster, p.scope.Namespace
	if err := checkValues(f); err != nil {
		return fmt.Errorf("writing aliases of %s: %w", workspace.Safe(f.Name), err)
	}
	f.Alias = ""
	if _, err := f.Encode(); err != nil {
		return fmt.Errorf("writing aliases of %s: %w", f.Name, err)
	}
	held := p.held[holderOf(f)]
	changed, err := p.checkPin(&f, held)
	if err != nil {
		return err
	}
	own := p.names(f.Name)
	for _, name := range own {
		f.Alias = name
		p.set(f)
	}
	for _, name := range held {
		if !slices.Contains(own, name) {
			// A long alias of another context for the same cluster keeps the
			// way that context had.
			f.Alias, f.Kubeconfig, f.Context = name, p.before[name].Kubeconfig, p.before[name].Context
			p.set(f)
		}
	}
	if changed {
		p.repinned = append(p.repinned, held...)
	}
	return nil
}

// set has a file be there under its alias.
func (p *plan) set(f alias.File) {
	if old := p.files[f.Alias]; old == nil || *old != f {
		p.files[f.Alias] = &f
	}
}

// checkPin compares f's host key with the pinned one. Where f has none, since
// nobody may have been allowed to read it, the pin stays.
func (p *plan) checkPin(f *alias.File, held []string) (changed bool, err error) {
	for _, name := range held {
		old := p.before[name]
		switch {
		case old.HostKey == "" || old.HostKey == f.HostKey:
		case f.HostKey == "":
			f.HostKey = old.HostKey
		case p.rotated == old.HostKey || old.UID != f.UID && f.UID != "" && old.UID != "":
			changed = true
		default:
			return false, workspace.WithHint(
				&PinChangedError{Alias: name, Pinned: fingerprint(old.HostKey), Now: fingerprint(f.HostKey)},
				"do not connect until somebody you trust confirms the new fingerprint; then forget the old one and pin the new: `"+forget(held)+" && berth ls`")
		}
	}
	return changed, nil
}

// forget is the command that drops the pins of a workspace. It names each file,
// since a pattern would also match those of the same name in other clusters.
func forget(held []string) string {
	return "rm ~/.ssh/berth/alias/" + strings.Join(held, " ~/.ssh/berth/alias/")
}

func fingerprint(line string) string {
	key, err := parseHostKey(line)
	if err != nil {
		return "(unreadable)" // cannot happen: both were checked
	}
	return ssh.FingerprintSHA256(key)
}

// names gives the aliases that a workspace of the scope gets, the one to show
// first.
func (p *plan) names(name string) []string {
	ref := workspace.Ref{Namespace: p.scope.Namespace, Name: name}
	var names []string
	if p.free(ref.Alias(), name) {
		names = append(names, ref.Alias())
	}
	if p.scope.ClusterName == "" {
		return names
	}
	slug := workspace.ClusterSlug(p.scope.ClusterName)
	long := ref.LongAlias(slug)
	if !p.free(long, name) {
		// Two clusters of one name: the identity tells them apart.
		sum := sha256.Sum256([]byte(p.scope.Cluster))
		slug = strings.TrimRight(slug[:min(len(slug), 33)], "-")
		long = ref.LongAlias(slug + "-" + hex.EncodeToString(sum[:3]))
	}
	return append(names, long)
}

// free reports whether the workspace may have the alias.
func (p *plan) free(name, workspaceName string) bool {
	f, taken := p.files[name]
	return !taken || holderOf(*f) == holder{p.scope.Cluster, p.scope.Namespace, workspaceName}
}

// remove drops every alias of the named workspaces.
func (p *plan) remove(names []string) {
	for _, name := range names {
		for _, a := range p.held[holder{p.scope.Cluster, p.scope.Namespace, name}] {
			delete(p.files, a)
		}
	}
}

// changes compares before and after.
func (p *plan) changes() Changes {
	var c Changes
	for name, f := range p.files {
		old, was := p.before[name]
		switch {
		case !was:
			c.Added = append(c.Added, name)
		case old != f && *old != *f:
			c.Updated = append(c.Updated, name)
		}
	}
	for name := range p.before {
		if _, stays := p.files[name]; !stays {
			c.Removed = append(c.Removed, name)
		}
	}
	slices.Sort(c.Added)
	slices.Sort(c.Updated)
	slices.Sort(c.Removed)
	c.Repinned = slices.Sorted(slices.Values(p.repinned))
	return c
}
