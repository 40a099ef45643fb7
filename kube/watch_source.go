package kube

// A source keeps one kind of object current: client-go's reflector lists and
// watches, and writes straight into the rows. There is no informer and no
// second copy in between: an object is taken down to what the fold reads the
// moment it arrives.

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/berth-sh/berth/workspace"
)

const (
	// deniedRetry is how long a refused request is not repeated at most; a
	// role that is granted meanwhile is noticed after it.
	deniedRetry = 30 * time.Second
	// slowAfter is how long a request may take before the list says so.
	slowAfter = 3 * time.Second
	// openTimeout bounds how long a watch may take to begin.
	openTimeout = 30 * time.Second
)

// errSlow says that an answer is overdue while the request still waits.
var errSlow = workspace.WithKind(workspace.ErrUnreachable, errors.New("the API server takes longer than 3 s to answer"))

// Overdue says what an answer that is slow to come waits for: what waiting
// returns, or else the API server.
func Overdue(waiting func() error) error {
	if err := waiting(); err != nil {
		return err
	}
	return errSlow
}

// source is one kind of object.
type source struct {
	w        *Watcher
	resource string // as in a role: "deployments.apps"
	optional bool   // the list is complete without it
	example  runtime.Object
	list     func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch    func(context.Context, metav1.ListOptions) (watch.Interface, error)
	see      func(runtime.Object) any // what is kept of an object; called without locks
	put      func(seen)               // called with w.mu held
	drop     func(key string)         // called with w.mu held

	keys map[string]bool // guarded by w.mu: what is there, as NAMESPACE/NAME

	// guarded by w.mu:
	synced  bool
	denied  map[string]workspace.Access // by verb
	failing error
	since   time.Time // when it began to fail

	mu      sync.Mutex           // guards what follows
	retry   map[string]time.Time // by verb: not before
	refused map[string]int       // by verb: how often in sequence
}

// run keeps the source current until ctx ends.
func (s *source) run(ctx context.Context) {
	lw := cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc:  s.listOnce,
		WatchFuncWithContext: s.watchOnce,
	}, plainLists{})
	// The gate paces attempts; this back-off only keeps the loop from spinning.
	backoff := wait.Backoff{Duration: 50 * time.Millisecond, Factor: 1.5, Cap: 500 * time.Millisecond, Steps: 6, Jitter: 0.2}
	cache.NewReflectorWithOptions(lw, s.example, s, cache.ReflectorOptions{
		Name: s.resource, TypeDescription: s.resource, Backoff: &backoff,
	}).RunWithContext(ctx)
}

// plainLists tells client-go not to ask for lists as streams of events.
type plainLists struct{}

// IsWatchListSemanticsUnSupported is the name that client-go gives to that.
func (plainLists) IsWatchListSemanticsUnSupported() bool { return true }

func (s *source) listOnce(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	if err := s.enter(ctx, "list"); err != nil {
		return nil, err
	}
	slow := time.AfterFunc(slowAfter, func() { s.w.report(s, "list", Overdue(s.w.config.Waiting)) })
	list, err := s.list(ctx, o)
	slow.Stop()
	s.answered(ctx, "list", err)
	return list, err
}

// watchOnce begins a watch. The context of the request must outlive the call,
// so a request that never begins is cancelled by a timer instead.
func (s *source) watchOnce(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	if err := s.enter(ctx, "watch"); err != nil {
		return nil, err
	}
	slow := time.AfterFunc(slowAfter, func() { s.w.report(s, "watch", Overdue(s.w.config.Waiting)) })
	request, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(openTimeout, cancel)
	stream, err := s.watch(request, o)
	late.Stop()
	slow.Stop()
	s.answered(ctx, "watch", err)
	if err != nil {
		cancel()
		return nil, err
	}
	s.w.report(s, "watch", nil)
	return &stoppable{Interface: stream, cancel: cancel}, nil
}

// stoppable ends the request's context with the stream.
type stoppable struct {
	watch.Interface
	cancel context.CancelFunc
}

func (s *stoppable) Stop() {
	s.Interface.Stop()
	s.cancel()
}

// enter waits until verb may be tried.
func (s *source) enter(ctx context.Context, verb string) error {
	s.mu.Lock()
	until := time.Until(s.retry[verb])
	s.mu.Unlock()
	if until > 0 {
		timer := time.NewTimer(until)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
	}
	return s.w.gate.enter(ctx)
}

// answered sorts an answer: the server is there, refuses this one thing, or is
// away. A resource version that is too old is the reflector's business.
func (s *source) answered(ctx context.Context, verb string, err error) {
	switch {
	case ctx.Err() != nil: // the watcher ends
	case err == nil, apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		s.w.gate.ok()
		s.mu.Lock()
		delete(s.refused, verb)
		s.mu.Unlock()
	case refuses(err):
		s.w.gate.ok()
		s.w.refused(s, verb, err, s.refuse(verb))
	default:
		s.w.gate.fail(err)
		s.w.report(s, verb, err)
	}
}

// refuses tells answers about one resource from those about the server.
func refuses(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err)
}

// refuse notes one more refusal of verb and returns how many there were in
// sequence. Each makes the pause before the next attempt longer: an API server
// that has just started refuses everything until it has read its roles.
func (s *source) refuse(verb string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[verb]++
	n := s.refused[verb]
	s.retry[verb] = time.Now().Add(min(deniedRetry, time.Second<<min(n-1, 5)))
	return n
}

// Add, Update, Delete, Replace and Resync make a source the reflector's store.

// Add takes a new object.
func (s *source) Add(obj any) error { return s.Update(obj) }

// Update takes a changed object.
func (s *source) Update(obj any) error {
	o, err := s.take(obj)
	if err != nil {
		return fmt.Errorf("storing %s: %w", s.resource, err)
	}
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.keys[o.key()] = true
	s.put(o)
	s.w.wake()
	return nil
}

// Delete forgets an object.
func (s *source) Delete(obj any) error {
	key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(obj)
	if err != nil {
		return fmt.Errorf("forgetting %s: %w", s.resource, err)
	}
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	delete(s.keys, key)
	s.drop(key)
	s.w.wake()
	return nil
}

// Replace takes a complete list. Old and new content change over under one
// lock, so nobody sees a list that is empty or half there.
func (s *source) Replace(list []any, _ string) error {
	objects := make([]seen, 0, len(list))
	for _, obj := range list {
		if o, err := s.take(obj); err == nil {
			objects = append(objects, o)
		}
	}
	s.w.mu.Lock()
	gone := s.keys
	s.keys = make(map[string]bool, len(objects))
	for _, o := range objects {
		s.keys[o.key()] = true
		delete(gone, o.key())
		s.put(o)
	}
	for key := range gone {
		s.drop(key)
	}
	s.synced = true
	delete(s.denied, "list")
	s.w.mu.Unlock()
	s.w.report(s, "list", nil)
	return nil
}

// Resync has nothing to do: there is no second copy to compare with.
func (s *source) Resync() error { return nil }
