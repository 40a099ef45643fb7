package cli

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// listTimeout bounds one complete list.
const listTimeout = 30 * time.Second

// tell hears the steps of something that takes time.
type tell = func(workspace.Progress)

// cluster is one cluster in the words of package workspace: a client, and what
// the cluster publishes about itself, read once.
type cluster struct {
	client *kube.Client

	mu   sync.Mutex              // guards inst
	inst *workspace.Installation // nil until it was read
}

// installation is what the cluster publishes.
func (c *cluster) installation(ctx context.Context) (workspace.Installation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inst != nil {
		return *c.inst, nil
	}
	inst, err := c.client.Installation(ctx)
	if err != nil {
		return inst, err
	}
	c.inst = &inst
	return inst, nil
}

// namespaces lists all namespaces.
func (c *cluster) namespaces(ctx context.Context) ([]string, error) {
	list, err := c.client.Interface().CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, kube.Explain(err, "")
	}
	names := make([]string, len(list.Items))
	for i := range list.Items {
		names[i] = workspace.Safe(list.Items[i].Name)
	}
	return names, nil
}

// watcher follows a namespace, "" for all; the caller runs it.
func (c *cluster) watcher(ctx context.Context, namespace string, a *app) (*kube.Watcher, error) {
	id, err := c.client.Cluster(ctx)
	if err != nil {
		return nil, err
	}
	inst, err := c.installation(ctx)
	if err != nil {
		return nil, err
	}
	return kube.NewWatcher(c.client.Interface(), kube.WatchConfig{
		Namespace: namespace, Context: c.client.ContextName(), Cluster: id,
		ClusterName: clusterName(inst, c.client.ContextName()), Installation: inst, Program: a.program(), Kubectl: a.kubectl(),
		Log: a.logger(), Skew: c.client.Skew, Waiting: c.client.Waiting,
	}), nil
}

// clusterName is the short name for aliases.
func clusterName(inst workspace.Installation, context string) string {
	if inst.Cluster != "" {
		return inst.Cluster
	}
	return workspace.ClusterSlug(context)
}

// watch follows a namespace until stop, which waits for what it has started.
func (c *cluster) watch(ctx context.Context, namespace string, a *app) (w *kube.Watcher, stop func(), err error) {
	w, err = c.watcher(ctx, namespace, a)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.Run(ctx) // it ends with ctx and no other way
	}()
	return w, func() { cancel(); <-done }, nil
}

// list reads the workspaces of a namespace, "" for all. A list that may not be
// read at all is an error; one with gaps says so in Denied.
func (c *cluster) list(ctx context.Context, namespace string, a *app) (workspace.Snapshot, error) {
	w, stop, err := c.listed(ctx, namespace, a)
	if err != nil {
		return workspace.Snapshot{}, err
	}
	defer stop()
	s, _ := w.Snapshot()
	return s, nil
}

// listed is list that goes on following until stop.
func (c *cluster) listed(ctx context.Context, namespace string, a *app) (w *kube.Watcher, stop func(), err error) {
	w, stop, err = c.watch(ctx, namespace, a)
	if err != nil {
		return nil, nil, err
	}
	if err := awaitList(ctx, w); err != nil {
		stop()
		return nil, nil, err
	}
	return w, stop, nil
}

// awaitList waits for the first complete list.
func awaitList(ctx context.Context, w *kube.Watcher) error {
	ctx, cancel := context.WithTimeoutCause(ctx, listTimeout, timedOut(listTimeout))
	defer cancel()
	for {
		s, _ := w.Snapshot()
		switch {
		case s.Synced && deniedAll(s):
			return workspace.WithHint(&workspace.AccessError{Missing: s.Denied}, "ask for the role berth-developer in the namespace")
		case s.Synced:
			return nil
		}
		select {
		case <-w.Changed():
		case <-ctx.Done():
			err := fmt.Errorf("listing workspaces: %w", context.Cause(ctx))
			if s.Problem != "" {
				err = workspace.WithHint(fmt.Errorf("%w: %s", err, s.Problem), s.Hint)
			}
			return err
		}
	}
}

// deniedAll reports whether neither Deployments nor claims could be listed, so
// that an empty list means nothing.
func deniedAll(s workspace.Snapshot) bool {
	for _, d := range s.Denied {
		if d.Verb == "list" && d.Resource == "deployments.apps" {
			return true
		}
	}
	return false
}

// create makes a workspace; notes hears what was decided on the way.
func (c *cluster) create(ctx context.Context, ref workspace.Ref, spec workspace.Spec, keys []string, notes func(string), t tell) error {
	inst, err := c.installation(ctx)
	if err != nil {
		return err
	}
	preflight, err := c.client.Preflight(ctx, ref, spec, inst)
	if err != nil {
		return err
	}
	for _, note := range preflight.Notes {
		notes(note)
	}
	id, err := kube.NewIdentity(keys)
	if err != nil {
		return err
	}
	created, err := c.client.Create(ctx, kube.Request{Ref: ref, Spec: preflight.Spec, Identity: id, Installation: inst, AccessMode: preflight.AccessMode}, t)
	return c.unfinishedCreate(ref, inst, created, err)
}

// render gives the YAML that create would apply, without private key.
func (c *cluster) render(ctx context.Context, ref workspace.Ref, spec workspace.Spec, keys []string) (string, error) {
	inst, err := c.installation(ctx)
	if err != nil {
		return "", err
	}
	preflight, err := c.client.Preflight(ctx, ref, spec, inst)
	if err != nil {
		return "", err
	}
	id, err := kube.NewIdentity(keys)
	if err != nil {
		return "", err
	}
	objects, err := kube.Build(ref, preflight.Spec, id, inst)
	if err != nil {
		return "", err
	}
	if err := objects.On(ref, inst, preflight.Port); err != nil {
		return "", err
	}
	return objects.YAML()
}

// plan computes an edit.
func (c *cluster) plan(ctx context.Context, w workspace.Workspace, change func(*workspace.Spec) error) (*kube.Edit, error) {
	inst, err := c.installation(ctx)
	if err != nil {
		return nil, err
	}
	return c.client.Plan(ctx, w.Ref, w.UID, inst, change)
}

// The verbs take the workspace as the user saw it: its UID guards against one
// that took the name meanwhile.

func (c *cluster) start(ctx context.Context, w workspace.Workspace, _ tell) error {
	return c.client.Start(ctx, w.Ref, w.UID)
}

func (c *cluster) stop(ctx context.Context, w workspace.Workspace, _ tell) error {
	return c.client.Stop(ctx, w.Ref, w.UID)
}

func (c *cluster) restart(ctx context.Context, w workspace.Workspace, _ tell) error {
	return c.client.Restart(ctx, w.Ref, w.UID)
}

func (c *cluster) delete(ctx context.Context, w workspace.Workspace, t tell) error {
	inst, err := c.installation(ctx)
	if err != nil {
		return err
	}
	return c.client.Delete(ctx, w.Ref, w.UID, inst, t)
}

func (c *cluster) restore(ctx context.Context, w workspace.Workspace, t tell) error {
	return c.restoreAs(ctx, w, nil, t)
}

// restoreAs restores with a new identity where the kept one is gone; nil makes
// that kube.ErrIdentityGone.
func (c *cluster) restoreAs(ctx context.Context, w workspace.Workspace, id *kube.Identity, t tell) error {
	inst, err := c.installation(ctx)
	if err != nil {
		return err
	}
	_, err = c.client.Restore(ctx, kube.RestoreRequest{Ref: w.Ref, ClaimUID: w.ClaimUID, Installation: inst, NewIdentity: id}, t)
	return err
}

func (c *cluster) purge(ctx context.Context, w workspace.Workspace, t tell) error {
	switch {
	case !w.Deleted() && !w.DeletedAt.IsZero():
		return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s is still being deleted: its pod has not ended", w.Ref)),
			"try again in a moment; berth delete --wait waits for it")
	case !w.Deleted():
		return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s is not deleted", w.Ref)), "berth delete "+w.Name+" first")
	}
	return c.client.Purge(ctx, w.Ref, w.ClaimUID, t)
}

// logs calls line for each line.
func (c *cluster) logs(ctx context.Context, w workspace.Workspace, o kube.LogOptions, line func(workspace.LogLine)) error {
	for l, err := range c.client.Logs(ctx, w.Ref, o) {
		if err != nil {
			return err
		}
		line(l)
	}
	return nil
}

// authority is what CONNECT names at the gateway, "" where there is none. A
// kind that this version does not serve is reached through the API server.
func (c *cluster) authority(ref workspace.Ref, inst workspace.Installation) string {
	r, err := route.For(inst)
	if err != nil {
		return ""
	}
	return r.Authority(ref, inst)
}
