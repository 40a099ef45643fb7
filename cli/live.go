package cli

// The list behind the program: one watcher for the namespace that is shown,
// made anew when another one is. The program opens before any cluster has
// answered, so everything that can fail here is tried again for ever and told
// in the snapshot; nothing here ends the program.

import (
	"context"
	"errors"
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

// The first questions to a cluster are given up after openLimit; from openSlow
// on it is told that they take long.
const (
	openSlow  = 3 * time.Second
	openLimit = 45 * time.Second // more than a credential plugin's
)

// live implements tui.Source and tui.Scope.
type live struct {
	app     *app
	routes  *routeProber
	changed chan struct{} // capacity 1
	moved   chan struct{} // capacity 1: another namespace was chosen
	again   chan struct{} // capacity 1: somebody has logged in

	mu        sync.Mutex // guards what follows
	namespace string
	chosen    bool               // namespace was chosen, not left to the kubeconfig
	before    workspace.Snapshot // what to show while there is no watcher
	watcher   *kube.Watcher      // nil while the cluster has not answered
	epoch     uint64             // counts changes of before and watcher
}

func newLive(a *app) *live {
	l := &live{app: a, routes: newRouteProber(a), changed: make(chan struct{}, 1), moved: make(chan struct{}, 1), again: make(chan struct{}, 1)}
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

// observed returns what the list knows of one workspace.
func (l *live) observed(ref workspace.Ref) (workspace.Observed, bool) {
	l.mu.Lock()
	w := l.watcher
	l.mu.Unlock()
	if w == nil {
		return workspace.Observed{}, false
	}
	return w.Observed(ref)
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
		w, err := l.openSoon(ctx)
		if err == nil {
			l.show(ctx, w)
			return
		}
		if ctx.Err() != nil {
			return
		}
		l.fail(err, pause)
		select {
		case <-time.After(pause):
		case <-l.again:
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, lastRetry)
	}
}

// openSoon is open with a limit, and with a word when it takes long: a server
// that accepts connections and answers nothing must not look like one that is
// about to.
func (l *live) openSoon(ctx context.Context) (*kube.Watcher, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, openLimit, timedOut(openLimit))
	defer cancel()
	slow := time.AfterFunc(openSlow, func() {
		err := error(workspace.WithKind(workspace.ErrUnreachable, errors.New("the API server takes longer than 3 s to answer")))
		if c, cerr := l.app.client(); cerr == nil {
			if waiting := c.Waiting(); waiting != nil {
				err = waiting
			}
		}
		l.fail(err, 0)
	})
	defer slow.Stop()
	return l.open(ctx)
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

// fail shows why there is nothing to see, and when it is tried again; after 0
// is that it is being tried.
func (l *live) fail(err error, after time.Duration) {
	l.app.logger().Warn("no list", "error", err)
	l.mu.Lock()
	l.before.Problem, l.before.Hint, l.before.Login = workspace.Safe(err.Error()), workspace.HintOf(err), errors.Is(err, kube.ErrLogin)
	if l.before.Retry = (time.Time{}); after > 0 {
		l.before.Retry = time.Now().Add(after)
	}
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
		case <-l.again:
			w.Retry()
		case <-ctx.Done():
			return
		}
	}
}

// alias reconciles aliases apart from the list: disks can be slow.
func (l *live) alias(ctx context.Context, w *kube.Watcher, wanted <-chan struct{}) {
	for {
		select {
		case <-wanted:
			s, _ := w.Snapshot()
			l.app.reconcile(ctx, s)
		case <-ctx.Done():
			return
		}
	}
}
