package cli

// Whether the route of a workspace answers, for the program.
//
// The policy:
//
//   - Only the workspace that is looked at is tried, as long as it is ready and
//     has a way through a gateway or an address; and, until they answer again,
//     those of which the list says that their routes fail.
//   - A route that answers is tried again every fifteen seconds. One that fails
//     is tried again soon, then ever more seldom.
//   - Answers that take about as long are told as one and the same.
//   - One failure is no news: two in a row are told. A pod that has only just
//     become ready is not judged before the gateway has had time to hear of it.
//   - One attempt at a time for each workspace, a few for all of them together.
//     An attempt ends when nobody looks any more, or when its pod is another.

import (
	"context"
	"sync"
	"time"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

const (
	probeSettle = 150 * time.Millisecond // a cursor that runs through the list tries nothing
	probeEvery  = 15 * time.Second       // while a route answers
	probeAgain  = time.Second            // after the first failure; doubled after each that is told
	probeSeldom = 30 * time.Second       // at least as often as this
	probeAtOnce = 4                      // attempts for all workspaces together
	probeNews   = 2                      // failures in a row that are told
	probeJitter = 5 * time.Millisecond   // of answers that are alike
	// longReady is how long a pod must have been ready for every gateway to
	// know it, by clocks that may differ by seconds.
	longReady = time.Minute
)

// probed is the part of the list that a routeProber needs.
type probed interface {
	Find(ref workspace.Ref) (workspace.Workspace, bool)
	SetProbe(ref workspace.Ref, p *workspace.Probe)
}

// routeProber tries routes. It implements tui.Looker.
type routeProber struct {
	// try goes the way to a workspace once; tried is false where there is none
	// to go.
	try  func(ctx context.Context, w workspace.Workspace) (p workspace.Probe, tried bool)
	skew func() time.Duration // of the cluster's clock

	woken chan struct{} // capacity 1

	mu      sync.Mutex // guards what follows
	target  workspace.Workspace
	looking bool
}

func newRouteProber(a *app) *routeProber {
	return &routeProber{try: a.tryRoute, woken: make(chan struct{}, 1), skew: func() time.Duration {
		c, err := a.cluster()
		if err != nil {
			return 0
		}
		return c.client.Skew()
	}}
}

// tryRoute goes the way to a workspace once, as ssh would, and never round the
// gateway: tried is false where the way is through the API server.
func (a *app) tryRoute(ctx context.Context, w workspace.Workspace) (p workspace.Probe, tried bool) {
	f, err := a.wayTo(ctx, w)
	if f.Transport != alias.Gateway && f.Transport != alias.Direct {
		a.logger().Debug("route not tried", "workspace", w.Ref, "transport", f.Transport, "error", err)
		return p, false
	}
	return tunnel.Try(ctx, f), true
}

// Look implements tui.Looker.
func (p *routeProber) Look(w workspace.Workspace, ok bool) {
	p.mu.Lock()
	same := ok == p.looking && w.Key() == p.target.Key()
	p.target, p.looking = w, ok
	p.mu.Unlock()
	if !same {
		wake(p.woken)
	}
}

// looked returns what is looked at.
func (p *routeProber) looked() (workspace.Workspace, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.target, p.looking
}

// run tries the routes of a list until ctx ends, and waits for the attempts. It
// wants to be woken when the list has changed.
func (p *routeProber) run(ctx context.Context, list probed) {
	r := &probing{
		routeProber: p, list: list, tracks: map[workspace.Ref]*track{},
		trying: map[workspace.Ref]bool{}, done: make(chan attempt),
	}
	var attempts sync.WaitGroup
	defer attempts.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		r.sift()
		timer.Reset(r.start(ctx, &attempts))
		select {
		case <-ctx.Done():
			return
		case <-p.woken:
		case <-timer.C:
		case a := <-r.done:
			r.judge(a)
		}
	}
}

// probing is one run of a routeProber; only its goroutine touches it.
type probing struct {
	*routeProber
	list   probed
	tracks map[workspace.Ref]*track
	trying map[workspace.Ref]bool // attempts that have not come back, wanted or not
	done   chan attempt
}

// track is what is known of the route to one pod.
type track struct {
	w        workspace.Workspace
	seen     time.Time     // when the pod was first seen ready
	due      time.Time     // when the next attempt is
	failures int           // in a row
	since    time.Time     // when they began
	told     bool          // the list says that the route fails
	took     time.Duration // as it is told
	cancel   context.CancelFunc
}

// attempt is one that has come back.
type attempt struct {
	*track
	ref   workspace.Ref
	probe workspace.Probe
	tried bool
}

// probeable reports whether there is a route that should answer.
func probeable(w workspace.Workspace) bool {
	up := w.Status.Phase == workspace.Running || w.Status.Reason == workspace.ReasonRouteFails
	return up && w.Route.Gateway() && w.Pod != ""
}

// sift drops the tracks that are not wanted any more, and begins that of what
// is looked at.
func (r *probing) sift() {
	now := time.Now()
	target, looking := r.looked()
	for ref, t := range r.tracks {
		w, ok := r.list.Find(ref)
		wanted := t.told || looking && target.Key() == w.Key()
		same := w.Key() == t.w.Key() && w.Pod == t.w.Pod && w.ReadySince.Equal(t.w.ReadySince)
		if !ok || !wanted || !same || !probeable(w) {
			t.drop()
			delete(r.tracks, ref)
		}
	}
	if !looking || r.tracks[target.Ref] != nil {
		return
	}
	if w, ok := r.list.Find(target.Ref); ok && w.Key() == target.Key() && probeable(w) {
		r.tracks[target.Ref] = &track{w: w, seen: now, due: now.Add(probeSettle)}
	}
}

// drop ends the attempt that is under way.
func (t *track) drop() {
	if t.cancel != nil {
		t.cancel()
		t.cancel = nil
	}
}

// start begins the attempts that are due and returns when to look again.
func (r *probing) start(ctx context.Context, attempts *sync.WaitGroup) time.Duration {
	now, next := time.Now(), probeSeldom
	for ref, t := range r.tracks {
		if r.trying[ref] {
			continue // its return wakes us
		}
		if wait := t.due.Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		if len(r.trying) >= probeAtOnce {
			continue // as above
		}
		r.trying[ref] = true
		var one context.Context
		one, t.cancel = context.WithCancel(ctx)
		a := attempt{track: t, ref: ref}
		w := t.w
		attempts.Go(func() {
			a.probe, a.tried = r.try(one, w)
			select {
			case r.done <- a:
			case <-ctx.Done():
			}
		})
	}
	return next
}

// judge takes an attempt that has come back.
func (r *probing) judge(a attempt) {
	delete(r.trying, a.ref)
	t := a.track
	if r.tracks[a.ref] != t { // dropped meanwhile
		return
	}
	t.drop()
	now, p := time.Now(), a.probe
	p.Pod, p.Ready = t.w.Pod, t.w.ReadySince
	switch {
	case !a.tried:
		t.due = now.Add(probeSeldom)
	case p.OK:
		t.failures, t.told, t.due = 0, false, now.Add(probeEvery)
		p.Took = t.steady(p.Took)
		r.list.SetProbe(a.ref, &p)
	case r.young(t, now):
		t.failures, t.due = 0, now.Add(probeAgain)
	default:
		if t.failures++; t.failures == 1 {
			t.since = now
		}
		t.due = now.Add(pauseAfter(t.failures))
		if t.failures >= probeNews {
			p.Since, t.told = t.since, true
			r.list.SetProbe(a.ref, &p)
		}
	}
}

// steady is how long a route takes to answer, as it is told: as before, unless
// that is far from true. Nobody's screen is drawn every few seconds for a
// millisecond more or less.
func (t *track) steady(took time.Duration) time.Duration {
	if t.took == 0 || (took-t.took).Abs() > max(probeJitter, t.took/2) {
		t.took = took
	}
	return t.took
}

// young reports whether the gateway may not have heard of a pod yet. What was
// ready long before it was looked at is not young.
func (r *probing) young(t *track, now time.Time) bool {
	if now.Add(r.skew()).Sub(t.w.ReadySince) > longReady {
		return false
	}
	return now.Sub(t.seen) < gatewayLag
}

// pauseAfter is how long to wait after so many failures in a row.
func pauseAfter(failures int) time.Duration {
	pause := probeAgain
	for range failures - 1 {
		pause = min(2*pause, probeSeldom)
	}
	return pause
}
