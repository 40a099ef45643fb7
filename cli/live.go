package cli

// The list behind the program: one watcher for the namespace that is shown,
// made anew when another one is. The program opens before any cluster has
// answered, so everything that can fail here is tried again for ever and told
// in the snapshot; nothing here ends the program.

import (
	"context"
	"hash/maphash"
	"runtime/debug"
	"sync"
	"time"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// Between attempts to reach a cluster for the first time; afterwards the
// watcher has its own pace.
const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// live implements tui.Source and tui.Scope.
type live struct {
	app     *app
	routes  *routeProber
	changed chan struct{} // capacity 1
	moved   chan struct{} // capacity 1: another namespace was chosen

	mu        sync.Mutex // guards what follows
	namespace string
	chosen    bool               // namespace was chosen, not left to the kubeconfig
	before    workspace.Snapshot // what to show while there is no watcher
	watcher   *kube.Watcher      // nil while the cluster has not answered
	epoch     uint64             // counts changes of before and watcher
}

func newLive(a *app) *live {
	l := &live{app: a, routes: newRouteProber(a), changed: make(chan struct{}, 1), moved: make(chan struct{}, 1)}
	l.before.Context = a.flags.context
	return l
}

// Snapshot implements tui.Source.
func (l *live) Snapshot() (workspace.Snapshot, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watcher == nil {
		return l.before, l.epoch << 32
	}
	s, generation := l.watcher.Snapshot()
	return s, l.epoch<<32 + generation
}

// Changed implements tui.Source.
func (l *live) Changed() <-chan struct{} { return l.changed }

// Namespaces implements tui.Scope.
func (l *live) Namespaces(ctx context.Context) ([]string, error) {
	c, err := l.app.cluster()
	if err != nil {
		return nil, err
	}
	return c.namespaces(ctx)
}

// SetNamespace implements tui.Scope.
func (l *live) SetNamespace(_ context.Context, namespace string) error {
	l.mu.Lock()
	l.namespace, l.chosen = namespace, true
	l.before = workspace.Snapshot{Context: l.before.Context, Cluster: l.before.Cluster, ClusterName: l.before.ClusterName, Namespace: namespace}
	l.watcher = nil
	l.epoch++
	l.mu.Unlock()
	wake(l.moved)
	wake(l.changed)
	return nil
}

// wake leaves one value in a channel of capacity 1.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run keeps the list until ctx ends, and waits for everything it started.
func (l *live) run(ctx context.Context) {
	for ctx.Err() == nil {
		one, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			l.follow(one)
		}()
		select {
		case <-l.moved:
		case <-ctx.Done():
		}
		cancel()
		<-done
	}
}

// follow shows one namespace until ctx ends.
func (l *live) follow(ctx context.Context) {
	pause := firstRetry
	for {
		w, err := l.open(ctx)
		if err == nil {
			l.show(ctx, w)
			return
		}
		if ctx.Err() != nil {
			return
		}
		l.fail(err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, lastRetry)
	}
}

// open asks the cluster who it is and makes a watcher.
func (l *live) open(ctx context.Context) (*kube.Watcher, error) {
	s, err := l.app.scope()
	if err != nil {
		return nil, err
	}
	c, err := l.app.cluster()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	if !l.chosen {
		l.namespace = s.namespace
	}
	namespace := l.namespace
	l.before.Context, l.before.Namespace = c.client.ContextName(), namespace
	l.epoch++
	l.mu.Unlock()
	wake(l.changed)
	return c.watcher(ctx, namespace, l.app)
}

// fail shows why there is nothing to see.
func (l *live) fail(err error) {
	l.app.logger().Warn("no list", "error", err)
	l.mu.Lock()
	l.before.Problem, l.before.Hint = workspace.Safe(err.Error()), workspace.HintOf(err)
	l.epoch++
	l.mu.Unlock()
	wake(l.changed)
}

// show runs w, passes its changes on and keeps the aliases in step.
func (l *live) show(ctx context.Context, w *kube.Watcher) {
	l.mu.Lock()
	l.watcher = w
	l.epoch++
	l.mu.Unlock()
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { _ = w.Run(ctx) }) // it ends with ctx and no other way
	aliases := make(chan struct{}, 1)
	running.Go(func() { l.alias(ctx, w, aliases) })
	running.Go(func() { l.routes.run(ctx, w) })
	wake(l.changed)
	for {
		select {
		case <-w.Changed():
			wake(l.changed)
			wake(aliases)
			wake(l.routes.woken)
		case <-ctx.Done():
			return
		}
	}
}

// Reconciling reads every alias file, so it is done when something about them
// has changed, and again after a while in case somebody else has touched them.
const (
	aliasPause = time.Second
	aliasAnew  = time.Minute
)

// alias reconciles aliases apart from the list: disks can be slow.
func (l *live) alias(ctx context.Context, w *kube.Watcher, wanted <-chan struct{}) {
	seed := maphash.MakeSeed()
	var done uint64 // what the last reconciliation was about
	var at time.Time
	for {
		select {
		case <-wanted:
		case <-ctx.Done():
			return
		}
		s, _ := w.Snapshot()
		if about := aliasesOf(s, seed); s.Live() && (about != done || time.Since(at) > aliasAnew) {
			l.app.reconcile(ctx, s)
			done, at = about, time.Now()
			debug.FreeOSMemory() // ten thousand aliases take as much as the rest
		}
		select {
		case <-time.After(aliasPause):
		case <-ctx.Done():
			return
		}
	}
}

// aliasesOf sums up what the aliases of a list are made from, whatever its order.
func aliasesOf(s workspace.Snapshot, seed maphash.Seed) uint64 {
	var sum uint64
	for i := range s.Workspaces {
		w := &s.Workspaces[i]
		sum += maphash.Comparable(seed, aliasParts{w.Ref, w.UID, w.HostKey, w.Succession, w.Spec.User, w.Route})
	}
	return sum + uint64(len(s.Workspaces)) + maphash.Comparable(seed, len(s.Denied))
}

type aliasParts struct {
	workspace.Ref
	uid, hostKey, succession, user string
	route              workspace.Route
}
