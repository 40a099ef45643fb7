package kube

// Whether the list can be believed: what is denied, what fails, and since
// when. Losing the API server makes the list stale; it never empties it.

import (
	"errors"
	"slices"
	"time"

	"github.com/berth-sh/berth/workspace"
)

func (s state) equal(t state) bool {
	return s.staleSince.Equal(t.staleSince) && s.problem == t.problem && s.hint == t.hint && s.login == t.login && s.retry.Equal(t.retry) && slices.Equal(s.denied, t.denied)
}

// report records that a source works (nil) or fails.
func (w *Watcher) report(s *source, verb string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		s.failing, s.since = nil, time.Time{}
		delete(s.denied, verb)
	case s.failing == nil:
		s.since = w.config.Now()
		s.failing = err
		w.config.Log.Warn("watch fails", "resource", s.resource, "verb", verb, "error", err)
	case !errors.Is(err, errSlow) || errors.Is(err, ErrLogin):
		s.failing = err
	}
	w.wake()
}

// refused records the nth refusal in sequence. The first one of what was
// readable before counts as an outage: it may be over in a second.
func (w *Watcher) refused(s *source, verb string, err error, n int) {
	w.mu.Lock()
	known := s.synced
	w.mu.Unlock()
	if known && n == 1 {
		w.report(s, verb, err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(s.denied) == 0 {
		w.config.Log.Info("watch refused", "resource", s.resource, "verb", verb, "error", err)
	}
	s.failing, s.since = nil, time.Time{}
	s.denied[verb] = workspace.Access{Verb: verb, Resource: s.resource, Namespace: w.config.Namespace}
	w.wake()
}

// allSynced reports whether everything that the list needs has arrived, or is
// known not to.
func (w *Watcher) allSynced() bool {
	if w.synced {
		return true
	}
	for _, s := range w.sources {
		if !s.optional && !s.synced && s.access() == nil {
			return false
		}
	}
	return true
}

// access returns what the source lacks: list where that is refused, else watch.
func (s *source) access() *workspace.Access {
	for _, verb := range []string{"list", "watch"} {
		if a, ok := s.denied[verb]; ok && (verb == "list" || s.synced) {
			return &a
		}
	}
	return nil
}

// makeState sums the sources up; called with w.mu held. An optional source
// that fails counts too: what is not a refusal concerns the server, and the
// gate lets only one source find that out.
func (w *Watcher) makeState() state {
	var out state
	var worst error
	for _, s := range w.sources {
		if a := s.access(); a != nil && !s.optional {
			out.denied = append(out.denied, *a)
		}
		if s.failing == nil {
			continue
		}
		if out.staleSince.IsZero() || s.since.Before(out.staleSince) {
			out.staleSince, worst = s.since, s.failing
		}
	}
	if worst != nil {
		explained := Explain(worst, "")
		out.problem, out.hint, out.login = explained.Error(), workspace.HintOf(explained), errors.Is(explained, ErrLogin)
		out.retry = w.gate.later()
	}
	if !w.synced {
		out.staleSince = time.Time{}
	}
	return out
}
