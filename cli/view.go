package cli

import (
	"context"
	"errors"
	"hash/maphash"
	"runtime/debug"
	"sync"
	"time"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// The first questions to a cluster are given up after openLimit; from openSlow
// on it is told that they take long.
const (
	openSlow  = 3 * time.Second
	openLimit = 45 * time.Second // more than a credential plugin's
)

// view is one context and namespace of the list: one watcher, once the cluster
// has answered.
type view struct {
	list   *live
	app    *app
	routes *routeProber
	again  chan struct{} // capacity 1: somebody has logged in

	// Guarded by list.mu.
	namespace string
	chosen    bool               // namespace was chosen, not left to flags and kubeconfig
	before    workspace.Snapshot // what to show while there is no watcher
	watcher   *kube.Watcher      // nil while the cluster has not answered
}

func (l *live) view(a *app) *view {
	v := &view{list: l, app: a, routes: newRouteProber(a), again: make(chan struct{}, 1)}
	v.before.Context = a.flags.context
	return v
}

// snapshot is what the view shows. The caller holds list.mu.
func (v *view) snapshot() (workspace.Snapshot, uint64) {
	if v.watcher == nil {
		return v.before, 0
	}
	return v.watcher.Snapshot()
}

// installation is what is known of the cluster's. The caller holds list.mu.
func (v *view) installation() workspace.Installation {
	s, _ := v.snapshot()
	return s.Installation
}

// change changes what the view shows, unless it was left.
func (v *view) change(f func()) {
	v.list.mu.Lock()
	f()
	shown := v.list.shows(v)
	if shown {
		v.list.epoch++
	}
	v.list.mu.Unlock()
	if shown {
		wake(v.list.changed)
	}
}

// follow shows the view until ctx ends.
func (v *view) follow(ctx context.Context) {
	pause := firstRetry
	for {
		w, err := v.openSoon(ctx)
		if err == nil {
			v.show(ctx, w)
			return
		}
		if ctx.Err() != nil {
			return
		}
		v.fail(err, pause)
		select {
		case <-time.After(pause):
		case <-v.again:
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, lastRetry)
	}
}

// fail shows why there is nothing to see, and when it is tried again; after 0
// is that it is being tried.
func (v *view) fail(err error, after time.Duration) {
	v.app.logger().Warn("no list", "context", v.app.flags.context, "error", err)
	v.change(func() {
		v.before.Problem, v.before.Hint, v.before.Login = workspace.Safe(err.Error()), workspace.HintOf(err), errors.Is(err, kube.ErrLogin)
		if v.before.Retry = (time.Time{}); after > 0 {
			v.before.Retry = time.Now().Add(after)
		}
	})
}

// openSoon is open with a limit, and with a word when it takes long: a server
// that accepts connections and answers nothing must not look like one that is
// about to.
func (v *view) openSoon(ctx context.Context) (*kube.Watcher, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, openLimit, timedOut(openLimit))
	defer cancel()
	slow := time.AfterFunc(openSlow, func() {
		waiting := func() error { return nil }
		if c, err := v.app.client(); err == nil {
			waiting = c.Waiting
		}
		v.fail(kube.Overdue(waiting), 0)
	})
	defer slow.Stop()
	return v.open(ctx)
}

// open asks the cluster who it is and makes a watcher.
func (v *view) open(ctx context.Context) (*kube.Watcher, error) {
	s, err := v.app.scope()
	if err != nil {
		return nil, err
	}
	c, err := v.app.cluster()
	if err != nil {
		return nil, err
	}
	var namespace string
	v.change(func() {
		if !v.chosen {
			v.namespace = s.namespace
		}
		namespace = v.namespace
		v.before.Context, v.before.Namespace = c.client.ContextName(), namespace
	})
	return c.watcher(ctx, namespace, v.app)
}

// show runs w, passes its changes on and keeps the aliases in step.
func (v *view) show(ctx context.Context, w *kube.Watcher) {
	s, _ := w.Snapshot()
	v.list.fleet.owns(s.Cluster, v.app)
	v.change(func() {
		v.watcher = w
		v.before.Cluster, v.before.ClusterName = s.Cluster, s.ClusterName
	})
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { _ = w.Run(ctx) }) // it ends with ctx and no other way
	aliases := make(chan struct{}, 1)
	running.Go(func() { v.alias(ctx, w, aliases) })
	running.Go(func() { v.routes.run(ctx, w) })
	for {
		select {
		case <-w.Changed():
			wake(v.list.changed)
			wake(aliases)
			wake(v.routes.woken)
		case <-v.again:
			w.Retry()
		case <-ctx.Done():
			return
		}
	}
}

// Reconciling reads every alias file, so it is done when something about them
// has changed, and again after a while in case somebody else has touched them,
// or keys and settings. With thousands of files that while is longer, so that it
// takes a small share of the time.
const (
	aliasPause = time.Second
	aliasAnew  = time.Minute
	aliasLast  = 10 * time.Minute
	aliasShare = 300
)

// alias reconciles aliases apart from the list: disks can be slow.
func (v *view) alias(ctx context.Context, w *kube.Watcher, wanted <-chan struct{}) {
	seed := maphash.MakeSeed()
	var done uint64 // what the last reconciliation was about
	var at time.Time
	again := aliasAnew
	for {
		select {
		case <-wanted:
		case <-ctx.Done():
			return
		}
		s, _ := w.Snapshot()
		if about := aliasesOf(s, seed); s.Live() && (about != done || time.Since(at) > again) {
			begun := time.Now()
			v.reconcile(ctx, s)
			done, at = about, time.Now()
			again = min(max(aliasAnew, aliasShare*at.Sub(begun)), aliasLast)
		}
		select {
		case <-time.After(aliasPause):
		case <-ctx.Done():
			return
		}
	}
}

// reconcile is that of one view at a time, and has garbage taken away at once:
// for the files of ten thousand workspaces the program need not become as large
// as it may while a list comes in.
func (v *view) reconcile(ctx context.Context, s workspace.Snapshot) {
	v.list.aliasing.Lock()
	defer v.list.aliasing.Unlock()
	debug.SetGCPercent(gcAliasing)
	v.app.reconcile(ctx, s)
	debug.SetGCPercent(gcLooking)
	debug.FreeOSMemory()
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
	route                          workspace.Route
}
