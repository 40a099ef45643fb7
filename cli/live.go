package cli

// The list behind the program: a view of one context and namespace, made anew
// when another one is chosen; several contexts are several views. The program
// opens before any cluster has answered, so everything that can fail here is
// tried again for ever and told in the snapshot; nothing here ends the program,
// and no view waits for another, nor for one that was left.

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// Between attempts to reach a cluster for the first time; afterwards the
// watcher has its own pace.
const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 5 * time.Second
	// leftFor is how long the end of the program waits for views that were
	// left: a credential plugin may hang for good.
	leftFor = 2 * time.Second
)

// live implements tui.Source, tui.Scope and tui.Looker.
type live struct {
	fleet   *fleet
	changed chan struct{} // capacity 1
	moved   chan struct{} // capacity 1: there are other views

	mu      sync.Mutex // guards what follows, and what is in all views
	views   []*view    // what is shown, never empty
	epoch   uint64     // counts changes of views and of what they show instead of a watcher
	target  workspace.Workspace
	looking bool
	joined  joined

	aliasing sync.Mutex // held while the aliases of a view are reconciled
}

func newLive(f *fleet, contexts []string) *live {
	l := &live{fleet: f, changed: make(chan struct{}, 1), moved: make(chan struct{}, 1)}
	if len(contexts) < 2 {
		l.views = []*view{l.view(f.base)}
		return l
	}
	for _, context := range contexts {
		l.views = append(l.views, l.view(f.named(context)))
	}
	f.settle(l.views[0].app)
	return l
}

// Snapshot implements tui.Source.
func (l *live) Snapshot() (workspace.Snapshot, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.views) > 1 {
		return l.joined.snapshot(l.views, l.epoch)
	}
	s, generation := l.views[0].snapshot()
	return s, l.epoch<<32 + generation
}

// observed returns what the list knows of one workspace.
func (l *live) observed(w workspace.Workspace) (workspace.Observed, bool) {
	l.mu.Lock()
	i := slices.IndexFunc(l.views, func(v *view) bool { return v.watcher != nil && v.before.Cluster == w.Cluster })
	if i < 0 {
		l.mu.Unlock()
		return workspace.Observed{}, false
	}
	watcher := l.views[i].watcher
	l.mu.Unlock()
	return watcher.Observed(w.Ref)
}

// again has everything that failed tried at once: somebody has logged in.
func (l *live) again() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, v := range l.views {
		wake(v.again)
	}
}

// Changed implements tui.Source.
func (l *live) Changed() <-chan struct{} { return l.changed }

// Look implements tui.Looker.
func (l *live) Look(w workspace.Workspace, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target, l.looking = w, ok
	for _, v := range l.views {
		v.routes.Look(w, ok)
	}
}

// Namespaces implements tui.Scope.
func (l *live) Namespaces(ctx context.Context, in string) ([]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, openLimit, timedOut(openLimit))
	defer cancel()
	c, err := l.fleet.at(in).cluster()
	if err != nil {
		return nil, err
	}
	return c.namespaces(ctx)
}

// SetNamespace implements tui.Scope.
func (l *live) SetNamespace(_ context.Context, namespace string, in ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	views := slices.Clone(l.views)
	for i, old := range views {
		if len(in) > 0 && !slices.Contains(in, old.before.Context) {
			continue
		}
		v := l.view(old.app)
		v.namespace, v.chosen = namespace, true
		v.before.Context, v.before.Cluster, v.before.ClusterName = old.before.Context, old.before.Cluster, old.before.ClusterName
		v.before.Installation = old.installation()
		v.before.Namespace = namespace
		views[i] = v
	}
	l.show(views)
	return nil
}

// Contexts implements tui.Scope.
func (l *live) Contexts(context.Context) ([]workspace.Context, error) { return l.fleet.contexts() }

// SetContext implements tui.Scope.
func (l *live) SetContext(_ context.Context, names ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var views []*view
	for _, name := range names {
		views = append(views, l.view(l.fleet.in(name)))
	}
	l.fleet.settle(views[0].app)
	l.show(views)
	return nil
}

// show replaces the views. The caller holds mu.
func (l *live) show(views []*view) {
	l.views = views
	l.epoch++
	for _, v := range views {
		v.routes.Look(l.target, l.looking)
	}
	wake(l.moved)
	wake(l.changed)
}

// shows reports whether a view is one of those that are shown. The caller holds
// mu.
func (l *live) shows(v *view) bool { return slices.Contains(l.views, v) }

// wake leaves one value in a channel of capacity 1.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run keeps the list until ctx ends, and waits for everything it started,
// though not for ever.
func (l *live) run(ctx context.Context) {
	var following sync.WaitGroup
	ends := map[*view]context.CancelFunc{}
	for ctx.Err() == nil {
		l.mu.Lock()
		views := slices.Clone(l.views)
		l.mu.Unlock()
		for v, end := range ends {
			if !slices.Contains(views, v) {
				end()
				delete(ends, v)
			}
		}
		for _, v := range views {
			if ends[v] == nil {
				one, end := context.WithCancel(ctx)
				ends[v] = end
				following.Go(func() { v.follow(one) })
			}
		}
		select {
		case <-l.moved:
		case <-ctx.Done():
		}
	}
	for _, end := range ends {
		end()
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		following.Wait()
	}()
	select {
	case <-gone:
	case <-time.After(leftFor):
	}
}
