// Package tuitest has a cluster in memory that plays every part that the
// program needs, for tests and for looking at the screens without a cluster.
package tuitest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/workspace"
)

// Cluster implements every interface of the program. Its zero value is of no
// use; New makes one.
type Cluster struct {
	mu      sync.Mutex // guards snap, gen, calls and written
	snap    workspace.Snapshot
	gen     uint64
	calls   []string
	changed chan struct{}

	written map[string]string // by path

	Now  func() time.Time
	Fail error         // returned by every action
	Slow time.Duration // how long an action takes
}

// Epoch is the moment at which the demonstration cluster is drawn.
func Epoch() time.Time { return time.Date(2026, time.March, 6, 14, 2, 0, 0, time.UTC) }

// New returns a cluster that shows snap.
func New(snap workspace.Snapshot) *Cluster {
	return &Cluster{snap: snap, gen: 1, changed: make(chan struct{}, 1), Now: Epoch}
}

// Snapshot is part of the program's Source.
func (c *Cluster) Snapshot() (workspace.Snapshot, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.snap, c.gen
}

// Changed is part of the program's Source.
func (c *Cluster) Changed() <-chan struct{} { return c.changed }

// Set replaces what the cluster shows.
func (c *Cluster) Set(snap workspace.Snapshot) {
	c.mu.Lock()
	c.snap = snap
	c.gen++
	c.mu.Unlock()
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// Change replaces one workspace by what f makes of it.
func (c *Cluster) Change(key workspace.Key, f func(*workspace.Workspace)) {
	snap, _ := c.Snapshot()
	snap.Workspaces = slices.Clone(snap.Workspaces)
	for i := range snap.Workspaces {
		if snap.Workspaces[i].Key() == key {
			f(&snap.Workspaces[i])
		}
	}
	c.Set(snap)
}

// Calls lists what was asked of the cluster: "stop api".
func (c *Cluster) Calls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

func (c *Cluster) act(ctx context.Context, verb, name string) error {
	c.mu.Lock()
	c.calls = append(c.calls, verb+" "+name)
	c.mu.Unlock()
	t := time.NewTimer(c.Slow)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
	}
	return c.Fail
}

// Propose is part of the program's Files.
func (c *Cluster) Propose(name string) string { return "./" + name }

// Write is part of the program's Files.
func (c *Cluster) Write(_ context.Context, path string, text []byte, replace bool) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.written[path]; there && !replace {
		return "", workspace.WithKind(workspace.ErrConflict, fmt.Errorf("%s is there already", path))
	}
	if c.written == nil {
		c.written = map[string]string{}
	}
	c.written[path] = string(text)
	return path, nil
}

// Written returns the files that were written.
func (c *Cluster) Written() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.written)
}

// Namespaces is part of the program's Scope.
func (c *Cluster) Namespaces(context.Context, string) ([]string, error) {
	return []string{"default", "team-a", "team-b"}, nil
}

// SetNamespace is part of the program's Scope.
func (c *Cluster) SetNamespace(ctx context.Context, namespace string, in ...string) error {
	if err := c.act(ctx, "namespace", strings.Join(append([]string{namespace}, in...), " in ")); err != nil {
		return err
	}
	snap, _ := c.Snapshot()
	snap.Namespace = namespace
	snap.Places = slices.Clone(snap.Places)
	for i := range snap.Places {
		if len(in) == 0 || slices.Contains(in, snap.Places[i].Context) {
			snap.Places[i].Namespace = namespace
		}
		if snap.Places[i].Namespace != namespace {
			snap.Namespace = ""
		}
	}
	c.Set(snap)
	return nil
}

// Contexts is part of the program's Scope.
func (c *Cluster) Contexts(context.Context) ([]workspace.Context, error) {
	return []workspace.Context{{Name: "dev", Server: "https://dev.example.com:6443"}, {Name: "prod", Server: "https://10.0.0.1:6443"}}, nil
}

// SetContext is part of the program's Scope.
func (c *Cluster) SetContext(ctx context.Context, names ...string) error {
	name := strings.Join(names, ", ")
	if err := c.act(ctx, "context", name); err != nil {
		return err
	}
	snap, _ := c.Snapshot()
	snap.Context, snap.Places, snap.Namespace = name, nil, "default"
	if len(names) > 1 {
		for _, n := range names {
			snap.Places = append(snap.Places, workspace.Place{Context: n, Namespace: "default", Synced: true})
		}
	}
	c.Set(snap)
	return nil
}

// Create adds a workspace that starts.
func (c *Cluster) Create(ctx context.Context, in string, ref workspace.Ref, spec workspace.Spec, tell func(workspace.Progress)) error {
	for i, step := range []string{"secret " + ref.Name + "-ssh", "claim " + ref.Name + "-home", "deployment " + ref.Name} {
		at := time.Duration(i) * time.Second
		tell(workspace.Progress{Step: step, Elapsed: at})
		if err := c.act(ctx, "create", step); err != nil {
			return err
		}
		tell(workspace.Progress{Step: step, Done: true, Elapsed: at + time.Second})
	}
	spec, err := spec.Complete(workspace.Installation{Templates: []workspace.Template{{Name: spec.Template}}})
	if err != nil {
		return err
	}
	snap, _ := c.Snapshot()
	if len(snap.Places) == 0 {
		in = ""
	}
	snap.Workspaces = append(slices.Clone(snap.Workspaces), workspace.Workspace{
		Cluster: snap.Cluster, Context: in, UID: fmt.Sprint("new-", len(snap.Workspaces)), Ref: ref, Spec: spec, Alias: ref.Alias(), Created: c.Now(),
		Status: workspace.Status{Phase: workspace.Starting, Reason: workspace.ReasonCreating, Brief: "creating", Sentence: "The pod is being made.", Since: c.Now()},
	})
	c.Set(snap)
	return nil
}

func (c *Cluster) phase(ctx context.Context, verb string, w workspace.Workspace, p workspace.Phase) error {
	if err := c.act(ctx, verb, w.Name); err != nil {
		return err
	}
	c.Change(w.Key(), func(w *workspace.Workspace) {
		w.Status = workspace.Status{Phase: p, Sentence: "This is " + string(p) + ".", Since: c.Now()}
		if p == workspace.Deleted {
			w.DeletedAt = c.Now()
		}
	})
	return nil
}

// Start is part of the program's Actions.
func (c *Cluster) Start(ctx context.Context, w workspace.Workspace, _ func(workspace.Progress)) error {
	return c.phase(ctx, "start", w, workspace.Starting)
}

// Stop is part of the program's Actions.
func (c *Cluster) Stop(ctx context.Context, w workspace.Workspace, _ func(workspace.Progress)) error {
	return c.phase(ctx, "stop", w, workspace.Stopped)
}

// Restart is part of the program's Actions.
func (c *Cluster) Restart(ctx context.Context, w workspace.Workspace, _ func(workspace.Progress)) error {
	return c.phase(ctx, "restart", w, workspace.Starting)
}

// Delete is part of the program's Actions.
func (c *Cluster) Delete(ctx context.Context, w workspace.Workspace, _ func(workspace.Progress)) error {
	return c.phase(ctx, "delete", w, workspace.Deleted)
}

// Restore is part of the program's Actions.
func (c *Cluster) Restore(ctx context.Context, w workspace.Workspace, _ func(workspace.Progress)) error {
	return c.phase(ctx, "restore", w, workspace.Starting)
}

// Purge is part of the program's Actions.
func (c *Cluster) Purge(ctx context.Context, w workspace.Workspace, _ func(workspace.Progress)) error {
	if err := c.act(ctx, "purge", w.Name); err != nil {
		return err
	}
	snap, _ := c.Snapshot()
	snap.Workspaces = slices.DeleteFunc(slices.Clone(snap.Workspaces), func(o workspace.Workspace) bool { return o.Key() == w.Key() })
	c.Set(snap)
	return nil
}

// Why is part of the program's Reader. It explains a start that is under way,
// and one that is over.
func (c *Cluster) Why(_ context.Context, w workspace.Workspace) (workspace.Account, error) {
	a := workspace.Account{Status: w.Status, At: c.Now()}
	at := func(before time.Duration) time.Time { return c.Now().Add(-before) }
	began := w.Status.Since
	stage := func(name string, state workspace.StageState, from, to time.Time) {
		a.Start = append(a.Start, workspace.Stage{Name: name, State: state, Began: from, At: to})
	}
	switch w.Status.Phase { //nolint:exhaustive // the others have no pod
	case workspace.Starting:
		stage("scheduled", workspace.StageDone, began, began.Add(time.Second))
		stage("volume ready", workspace.StageDone, began.Add(time.Second), began.Add(3*time.Second))
		stage("image pulled", workspace.StageRunning, began.Add(3*time.Second), time.Time{})
		stage("container started", workspace.StageWaiting, time.Time{}, time.Time{})
		stage("sshd ready", workspace.StageWaiting, time.Time{}, time.Time{})
	case workspace.Running:
		stage("scheduled", workspace.StageDone, at(90*time.Second), at(89*time.Second))
		stage("volume ready", workspace.StageDone, at(89*time.Second), at(87*time.Second))
		stage("image pulled", workspace.StageDone, at(87*time.Second), at(70*time.Second))
		stage("container started", workspace.StageDone, at(70*time.Second), at(69*time.Second))
		stage("sshd ready", workspace.StageDone, at(69*time.Second), at(64*time.Second))
	case workspace.Failing:
		a.Status.Evidence = append(slices.Clone(a.Status.Evidence), workspace.Evidence{
			Object: "Pod/" + w.Pod, Field: "event Failed", Says: "Failed: Failed to pull image", Count: 4, Since: at(40 * time.Second),
			Command: "kubectl -n " + w.Namespace + " describe pod " + w.Pod,
		})
	}
	return a, nil
}

// Containers is part of the program's Reader.
func (c *Cluster) Containers(context.Context, workspace.Workspace) ([]string, error) {
	return []string{"workspace", "proxy"}, nil
}

// Events is part of the program's Reader.
func (c *Cluster) Events(_ context.Context, w workspace.Workspace) ([]workspace.Event, error) {
	return []workspace.Event{
		{Time: c.Now().Add(-40 * time.Second), Type: "Warning", Reason: "Failed", Object: "Pod/" + w.Name, Message: "Failed to pull image \"" + w.Spec.Image + "\": not found", Count: 4},
		{Time: c.Now().Add(-3 * time.Minute), Type: "Normal", Reason: "Scheduled", Object: "Pod/" + w.Name, Message: "Successfully assigned to n2", Count: 1},
	}, nil
}

// Objects is part of the program's Reader.
func (c *Cluster) Objects(_ context.Context, w workspace.Workspace) ([]workspace.Object, error) {
	day := 24 * time.Hour
	return []workspace.Object{
		{Kind: "Deployment", Name: w.Name, State: "1/1 ready", Age: 3 * day},
		{Kind: "PersistentVolumeClaim", Name: w.Name + "-home", State: "Bound", Detail: "10Gi standard", Age: 3 * day},
		{Kind: "Secret", Name: w.Name + "-ssh", State: "no permission"},
		{Kind: "PodDisruptionBudget", Name: w.Name, State: "present", Detail: "a node drain waits for this workspace", Age: 3 * day},
	}, nil
}

// Logs is part of the program's Reader.
func (c *Cluster) Logs(ctx context.Context, w workspace.Workspace, o detail.LogOptions, line func(workspace.LogLine)) error {
	for i := range 40 {
		line(workspace.LogLine{Time: c.Now().Add(time.Duration(i-40) * time.Second), Text: fmt.Sprintf("%s: line %d of the log", w.Name, i+1)})
	}
	if o.Follow {
		<-ctx.Done()
	}
	return nil
}

// YAML is part of the program's Reader.
func (c *Cluster) YAML(_ context.Context, w workspace.Workspace) (string, error) {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: " + w.Name + "\n  namespace: " + w.Namespace + "\nspec:\n  replicas: 1\n", nil
}
