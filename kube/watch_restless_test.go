package kube

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// TestEventsAreReadWhileARowIsUnsettled: the reader sleeps while no row is, wakes
// for the first one, and sleeps again after the last.
func TestEventsAreReadWhileARowIsUnsettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &Watcher{config: WatchConfig{Now: time.Now}, rows: map[workspace.Ref]*row{}, restless: map[workspace.Ref]*row{}, stirred: make(chan struct{}, 1)}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.readEvents(ctx)
		}()
		ref := workspace.Ref{Namespace: "team-a", Name: "api"}
		turn := func(phase workspace.Phase) {
			w.mu.Lock()
			defer w.mu.Unlock()
			r := w.rows[ref]
			if r == nil {
				r = &row{ref: ref, shown: true}
				w.rows[ref] = r
			}
			r.out.Status.Phase = phase
			w.heed(ref)
		}
		next := func() time.Time {
			<-time.After(time.Minute)
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.rows[ref].eventsNext
		}
		turn(workspace.Running)
		if at := next(); !at.IsZero() {
			t.Error("a running one was asked about")
		}
		<-time.After(time.Hour)
		turn(workspace.Failing)
		at := next()
		if at.IsZero() {
			t.Error("a failing one was not asked about")
		}
		if later := next(); !later.After(at) {
			t.Error("it was not asked about again")
		}
		turn(workspace.Running)
		at = next()
		if later := next(); !later.Equal(at) {
			t.Error("it was asked about when it ran again")
		}
		turn(workspace.Failing)
		w.mu.Lock()
		delete(w.rows, ref)
		w.heed(ref)
		w.mu.Unlock()
		if len(w.restless) > 0 {
			t.Error("one that has gone is still looked after")
		}
		cancel()
		<-ended
	})
}
