package cli

// Aliases follow the lists. Every complete list of one (cluster, namespace),
// from whichever command, makes the aliases of that pair match it; a list with
// gaps removes nothing, and other clusters are never touched. A failure here
// never fails the command: it goes to the log, except for a host key that
// changed, which the user must see.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/moby/sys/atomicwriter"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// place is where the workspaces of a list live, for their alias files.
type place struct {
	cluster     workspace.ClusterID
	clusterName string
	inst        workspace.Installation
	kubeconfig  string
	context     string
}

func (p place) scope(namespace string) sshconf.Scope {
	return sshconf.Scope{Cluster: string(p.cluster), ClusterName: p.clusterName, Namespace: namespace}
}

// place describes the cluster of a snapshot.
func (a *app) place(s workspace.Snapshot) (place, error) {
	client, err := a.client()
	if err != nil {
		return place{}, err
	}
	p := place{cluster: s.Cluster, clusterName: s.ClusterName, inst: s.Installation, kubeconfig: client.KubeconfigPath(), context: client.ContextName()}
	if p.clusterName == "" {
		p.clusterName = workspace.ClusterSlug(p.context)
	}
	if p.kubeconfig != "" {
		p.kubeconfig, err = filepath.Abs(p.kubeconfig)
	}
	return p, err
}

// reconcile makes the aliases of a complete list's namespaces match it.
func (a *app) reconcile(ctx context.Context, s workspace.Snapshot) {
	if !s.Live() || len(s.Denied) > 0 || s.Cluster == "" {
		return
	}
	changes, err := a.tryReconcile(ctx, s)
	for _, name := range changes {
		fmt.Fprintf(a.err, "berth: the host key behind %s is a new one\n", name)
	}
	a.tellAliasError(err)
}

// tellAliasError logs what went wrong with aliases, and tells the user about a
// changed host key and about mistakes in their settings.
func (a *app) tellAliasError(err error) {
	if err == nil {
		return
	}
	a.logger().Warn("aliases", "error", err)
	var pin *sshconf.PinChangedError
	text := workspace.Safe(err.Error())
	if errors.As(err, &pin) {
		text = workspace.Safe(pin.Error())
	}
	var settings *settingsError
	if pin != nil || errors.As(err, &settings) {
		fmt.Fprintf(a.err, "berth: %s\n", text)
		if hint := workspace.HintOf(err); hint != "" {
			fmt.Fprintf(a.err, "hint: %s\n", workspace.Safe(hint))
		}
	}
}

func (a *app) tryReconcile(ctx context.Context, s workspace.Snapshot) (repinned []string, err error) {
	dir, err := a.ssh()
	if err != nil {
		return nil, err
	}
	p, err := a.place(s)
	if err != nil {
		return nil, err
	}
	lists := map[string][]alias.File{}
	if s.Namespace != "" {
		lists[s.Namespace] = make([]alias.File, 0, len(s.Workspaces))
	} else if err := addKnown(dir, s.Cluster, lists); err != nil {
		return nil, err
	}
	var errs []error
	for _, w := range s.Workspaces {
		file, err := a.aliasFile(w, p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		lists[w.Namespace] = append(lists[w.Namespace], file)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...) // the lists have gaps
	}
	for namespace, list := range lists {
		changes, err := dir.Reconcile(ctx, p.scope(namespace), list)
		repinned = append(repinned, changes.Repinned...)
		var pin *sshconf.PinChangedError
		if errors.As(err, &pin) {
			var healed []string
			healed, err = followRotations(ctx, dir, p.scope(namespace), list, s.Workspaces)
			repinned = append(repinned, healed...)
		}
		errs = append(errs, err)
	}
	return repinned, errors.Join(errs...)
}

// followRotations replaces pins whose own key says which one follows, and
// reconciles again: what is still refused then was changed by somebody else.
func followRotations(ctx context.Context, dir *sshconf.Dir, scope sshconf.Scope, list []alias.File, workspaces []workspace.Workspace) (healed []string, err error) {
	for _, file := range list {
		i := slices.IndexFunc(workspaces, func(w workspace.Workspace) bool {
			return w.Namespace == file.Namespace && w.Name == file.Name && w.UID == file.UID
		})
		pinned, findErr := dir.Find(scope, file.Name)
		if i < 0 || findErr != nil || !workspace.Succeeds(workspaces[i].Succession, pinned.HostKey, file.HostKey) {
			continue
		}
		changes, err := dir.Repin(ctx, scope, file, pinned.HostKey)
		if err != nil {
			return healed, err
		}
		healed = append(healed, changes.Repinned...)
	}
	changes, err := dir.Reconcile(ctx, scope, list)
	return append(healed, changes.Repinned...), err
}

// addKnown adds the namespaces that have aliases of the cluster: in a list of
// all namespaces, one without workspaces is an empty list.
func addKnown(dir *sshconf.Dir, cluster workspace.ClusterID, lists map[string][]alias.File) error {
	known, err := dir.List()
	if err != nil {
		return err
	}
	for _, f := range known {
		if f.Cluster == string(cluster) {
			lists[f.Namespace] = nil
		}
	}
	return nil
}

// aliasFile says how to reach a workspace.
func (a *app) aliasFile(w workspace.Workspace, p place) (alias.File, error) {
	c, err := a.cluster()
	if err != nil {
		return alias.File{}, err
	}
	f := alias.File{
		Alias: w.Ref.Alias(), Cluster: string(p.cluster), Namespace: w.Namespace, Name: w.Name, UID: w.UID,
		User: w.Spec.User, HostKey: w.HostKey,
		Transport: alias.PortForward, Kubeconfig: p.kubeconfig, Context: p.context,
	}
	if f.User == "" {
		f.User = "dev"
	}
	if at := w.Route.Direct(); at != "" {
		f.Transport, f.Address = alias.Direct, at
		own, err := a.gatewaySettings(p)
		own.onto(&f, a.env.home) // a proxy stands before it as well
		return f, err
	}
	gateway := p.inst.Gateway
	authority := c.authority(w.Ref, p.inst)
	if !gateway.Published() || authority == "" {
		return f, nil
	}
	f.Authority = authority
	err = a.wayThrough(&f, p)
	return f, err
}

// wayThrough writes into an alias file how the gateway of p's cluster is
// reached: as the cluster publishes it, and as the user's settings have it.
func (a *app) wayThrough(f *alias.File, p place) (err error) {
	own, err := a.gatewaySettings(p)
	if err != nil {
		return err
	}
	gateway := p.inst.Gateway
	f.Transport, f.Address = alias.Gateway, gateway.Address
	if gateway.TLS.Enabled() {
		f.TLS, f.ServerName = true, gateway.TLS.ServerName
		f.CA, err = a.saveCA(gateway.TLS.CA)
	}
	own.onto(f, a.env.home)
	return err
}

// saveCA keeps a gateway's CA in a file, since alias files hold only paths.
// Its name is its content's hash: a new CA is a new file, and a connection
// that reads the old one meanwhile is not cut short.
func (a *app) saveCA(pem string) (string, error) {
	if pem == "" {
		return "", nil
	}
	sum := sha256.Sum256([]byte(pem))
	path := filepath.Join(a.env.stateDir(), "ca", hex.EncodeToString(sum[:8])+".pem")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("keeping the gateway's CA: %w", err)
	}
	if err := atomicwriter.WriteFile(path, []byte(pem), 0o600); err != nil {
		return "", fmt.Errorf("keeping the gateway's CA: %w", err)
	}
	return path, nil
}
