package kube

// The live list. One Watcher serves one cluster and one namespace, or all of
// them; its sources write into rows, and only rows whose objects have changed
// are folded again. Whoever shows the list waits on Changed and takes a
// Snapshot: nothing is pushed, so a slow reader costs nobody anything.

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// WatchConfig says what is watched, and what snapshots say about the cluster.
type WatchConfig struct {
	Namespace    string // "" watches all namespaces
	Context      string
	Cluster      workspace.ClusterID
	ClusterName  string
	Installation workspace.Installation
	Program      string           // how next steps call this program; "" is "berth"
	Kubectl      string           // how they call kubectl; "" is "kubectl"
	Now          func() time.Time // nil is time.Now
	// Skew is how much the cluster's clock is ahead of Now; nil is not at all.
	Skew func() time.Duration
	// Waiting returns what an overdue answer waits for on this machine, nil for
	// nothing. A nil Waiting knows nothing.
	Waiting func() error
	Log     *slog.Logger // nil drops
}

// Watcher keeps a Snapshot current. Its methods are safe for concurrent use.
type Watcher struct {
	client  kubernetes.Interface
	config  WatchConfig
	way     route.Route
	gate    gate
	sources []*source
	specs   specs
	changed chan struct{}
	woken   chan struct{}
	stirred chan struct{} // capacity 1: restless has got a row

	mu         sync.Mutex // guards what follows, and what sources say it guards
	rows       map[workspace.Ref]*row
	order      []*row // by namespace and name; nil when it must be made
	dirty      map[workspace.Ref]bool
	restless   map[workspace.Ref]*row // those of rows that are unsettled
	going      map[string]bool        // namespaces that terminate
	lost       map[string]bool        // nodes that are not ready
	classes    map[string]bool        // storage classes; true binds on first consumer
	classError *workspace.Access
	synced     bool
	first      []workspace.Workspace // shown until synced
	probe      *workspace.Probe      // the newest of all rows
	state      state
	generation uint64
	snapshot   *workspace.Snapshot // of generation; nil when it must be made
}

// state is what a snapshot says about the watch itself.
type state struct {
	staleSince    time.Time
	problem, hint string
	retry         time.Time // when the server is asked again, if that is not at once
	login         bool      // logging in may help
	denied        []workspace.Access
}

// NewWatcher makes a watcher; nothing happens before Run.
func NewWatcher(client kubernetes.Interface, config WatchConfig) *Watcher {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Skew == nil {
		config.Skew = func() time.Duration { return 0 }
	}
	if config.Waiting == nil {
		config.Waiting = func() error { return nil }
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	w := &Watcher{
		client: client, config: config, way: wayOf(config.Installation),
		changed: make(chan struct{}, 1), woken: make(chan struct{}, 1), stirred: make(chan struct{}, 1),
		rows: map[workspace.Ref]*row{}, dirty: map[workspace.Ref]bool{}, restless: map[workspace.Ref]*row{},
		going: map[string]bool{}, lost: map[string]bool{}, classes: map[string]bool{},
	}
	w.sources = w.allSources()
	return w
}

// Run watches until ctx ends and waits for everything it started. It returns
// ctx's error: losing the API server ends nothing.
func (w *Watcher) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(paced(ctx))
	defer cancel()
	var running sync.WaitGroup
	for _, s := range w.sources {
		running.Go(func() { s.run(ctx) })
	}
	running.Go(func() { w.readFirst(ctx) })
	running.Go(func() { w.readClasses(ctx) })
	running.Go(func() { w.readEvents(ctx) })
	w.foldLoop(ctx)
	running.Wait()
	return ctx.Err()
}

// Snapshot returns what is known and a number that grows with each change.
func (w *Watcher) Snapshot() (workspace.Snapshot, uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.snapshot == nil {
		w.snapshot = w.makeSnapshot()
	}
	return *w.snapshot, w.generation
}

func (w *Watcher) makeSnapshot() *workspace.Snapshot {
	s := &workspace.Snapshot{
		Context: w.config.Context, Cluster: w.config.Cluster, ClusterName: w.config.ClusterName,
		Namespace: w.config.Namespace, Installation: w.config.Installation,
		Denied: w.state.denied, Synced: w.synced, StaleSince: w.state.staleSince,
		Problem: w.state.problem, Hint: w.state.hint, Retry: w.state.retry, Login: w.state.login, Probe: w.probe,
	}
	if !w.synced {
		s.Workspaces = w.first
		return s
	}
	s.Workspaces = make([]workspace.Workspace, 0, len(w.rows))
	for _, r := range w.inOrder() {
		if r.shown {
			s.Workspaces = append(s.Workspaces, r.out)
		}
	}
	return s
}

// inOrder returns the rows by namespace and name, as they are mostly shown: to
// sort what is sorted costs little.
func (w *Watcher) inOrder() []*row {
	if w.order == nil {
		w.order = slices.SortedFunc(maps.Values(w.rows), func(a, b *row) int {
			return cmp.Or(strings.Compare(a.ref.Namespace, b.ref.Namespace), strings.Compare(a.ref.Name, b.ref.Name))
		})
	}
	return w.order
}

// Retry has a list whose server is away asked for at once.
func (w *Watcher) Retry() { w.gate.hurry() }

// Changed is signalled after a change; several changes may be one signal.
func (w *Watcher) Changed() <-chan struct{} { return w.changed }

// wake has the fold loop look at what is dirty.
func (w *Watcher) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// publish tells readers of a new generation; called with w.mu held.
func (w *Watcher) publish() {
	w.generation++
	w.snapshot = nil
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// foldLoop folds dirty rows, and once a second those whose status depends on
// time, as long as there are any.
func (w *Watcher) foldLoop(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.woken:
		case <-timer.C:
			w.dirtyUnsettled()
		}
		if w.foldDirty() {
			timer.Reset(time.Second)
		}
	}
}

// dirtyUnsettled marks the rows that time alone can change.
func (w *Watcher) dirtyUnsettled() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ref := range w.restless {
		w.dirty[ref] = true
	}
}

// foldDirty folds what is dirty and reports whether any row depends on time.
func (w *Watcher) foldDirty() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := false
	if synced := w.allSynced(); synced != w.synced {
		w.synced, w.first, changed = synced, nil, true
	}
	if state := w.makeState(); !state.equal(w.state) {
		if !state.staleSince.Equal(w.state.staleSince) || !slices.Equal(state.denied, w.state.denied) {
			w.dirtyAll()
		}
		w.state, changed = state, true
	}
	if w.synced {
		now := w.config.Now()
		for ref := range w.dirty {
			changed = w.refold(ref, now) || changed
			w.heed(ref)
		}
		clear(w.dirty)
	}
	if changed {
		w.publish()
	}
	return len(w.restless) > 0
}

func (w *Watcher) dirtyAll() {
	for ref := range w.rows {
		w.dirty[ref] = true
	}
}
