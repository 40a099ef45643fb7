package cli

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

// fakeList is a list of workspaces in which a test changes rows.
type fakeList struct {
	mu   sync.Mutex // guards rows and told
	rows map[workspace.Ref]workspace.Workspace
	told []*workspace.Probe
}

func (l *fakeList) Find(ref workspace.Ref) (workspace.Workspace, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.rows[ref]
	return w, ok
}

// SetProbe folds as the watcher does.
func (l *fakeList) SetProbe(ref workspace.Ref, p *workspace.Probe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, p)
	w := l.rows[ref]
	w.Status = workspace.Status{Phase: workspace.Running, Reason: workspace.ReasonReady}
	if !p.OK && !p.Ours() {
		w.Status = workspace.Status{Phase: workspace.Unreachable, Reason: workspace.ReasonRouteFails}
	}
	l.rows[ref] = w
}

// world is a prober in a bubble of time, and what it does.
type world struct {
	*routeProber
	t    *testing.T
	list *fakeList

	mu     sync.Mutex // guards all below
	answer map[workspace.Ref]workspace.Probe
	takes  time.Duration
	deaf   bool // attempts do not heed their end
	begun  time.Time
	tries  []time.Duration // when attempts began
	now    map[workspace.Ref]int
	most   int // attempts at one time
	cut    int // attempts that were cancelled
}

// inWorld runs a test in a bubble; the prober's end is waited for.
func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			t: t, list: &fakeList{rows: map[workspace.Ref]workspace.Workspace{}}, begun: time.Now(),
			answer: map[workspace.Ref]workspace.Probe{}, now: map[workspace.Ref]int{},
		}
		w.routeProber = &routeProber{try: w.attempt, skew: func() time.Duration { return 0 }, woken: make(chan struct{}, 1)}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.run(ctx, w.list) }()
		defer func() { cancel(); <-done }()
		test(w)
	})
}

func (w *world) attempt(ctx context.Context, x workspace.Workspace) (workspace.Probe, bool) {
	w.mu.Lock()
	w.tries = append(w.tries, time.Since(w.begun))
	w.now[x.Ref]++
	if w.now[x.Ref] > 1 {
		w.t.Errorf("%s is tried twice at once", x.Ref)
	}
	running := 0
	for _, n := range w.now {
		running += n
	}
	w.most = max(w.most, running)
	takes, ended := w.takes, ctx.Done()
	if w.deaf {
		ended = nil
	}
	w.mu.Unlock()
	timer := time.NewTimer(takes)
	defer timer.Stop()
	cut := false
	select {
	case <-timer.C:
	case <-ended:
		cut = true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now[x.Ref]--
	if cut {
		w.cut++
	}
	p := w.answer[x.Ref]
	p.At = time.Now()
	return p, true
}

// set makes a row, and how its route answers.
func (w *world) set(name string, ready time.Duration, answer workspace.Probe) workspace.Workspace {
	ref := workspace.Ref{Namespace: "a", Name: name}
	x := workspace.Workspace{
		Ref: ref, Cluster: "c", UID: "u-" + name, Pod: name + "-1", ReadySince: time.Now().Add(-ready), Route: workspace.Route{Kind: "istio"},
		Status: workspace.Status{Phase: workspace.Running, Reason: workspace.ReasonReady},
	}
	w.change(x)
	w.answers(x, answer)
	return x
}

// change replaces a row and says so.
func (w *world) change(x workspace.Workspace) {
	w.list.mu.Lock()
	w.list.rows[x.Ref] = x
	w.list.mu.Unlock()
	wake(w.woken)
}

func (w *world) answers(x workspace.Workspace, p workspace.Probe) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer[x.Ref] = p
}

// after lets time pass and returns when attempts began meanwhile.
func (w *world) after(d time.Duration) []time.Duration {
	w.mu.Lock()
	w.tries = nil
	w.mu.Unlock()
	time.Sleep(d)
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.tries)
}

// news returns what was told since the last time.
func (w *world) news() []*workspace.Probe {
	w.list.mu.Lock()
	defer w.list.mu.Unlock()
	told := w.list.told
	w.list.told = nil
	return told
}

func (w *world) wantTries(d time.Duration, want ...time.Duration) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.after(d)); diff != "" {
		w.t.Errorf("attempts (-want +got):\n%s", diff)
	}
}

func good() workspace.Probe { return workspace.Probe{OK: true, Took: 18 * time.Millisecond} }

func bad() workspace.Probe {
	return workspace.Probe{Hop: workspace.HopRoute, Status: 503, Error: "503 Service Unavailable"}
}

const ms, sec = time.Millisecond, time.Second

func TestRouteIsTriedWhileItIsLookedAt(t *testing.T) {
	inWorld(t, func(w *world) {
		x := w.set("api", time.Hour, good())
		w.wantTries(time.Minute) // nobody looks
		w.Look(x, true)
		w.wantTries(40*sec, 60*sec+150*ms, 75*sec+150*ms, 90*sec+150*ms)
		for _, p := range w.news() {
			if !p.OK || p.Pod != "api-1" || !p.Ready.Equal(x.ReadySince) {
				t.Errorf("told %+v", p)
			}
		}
		w.Look(workspace.Workspace{}, false)
		w.wantTries(time.Minute)
	})
}

// A screen is not drawn for a millisecond more or less.
func TestAnswersThatTakeAboutAsLongAreToldAlike(t *testing.T) {
	inWorld(t, func(w *world) {
		x := w.set("api", time.Hour, good())
		w.Look(x, true)
		var told []time.Duration
		for _, took := range []time.Duration{3 * ms, 7 * ms, 18 * ms, 20 * ms, 13 * ms, 26 * ms, 90 * ms, 17 * ms} {
			w.answers(x, workspace.Probe{OK: true, Took: took})
			w.after(probeEvery)
			for _, p := range w.news() {
				told = append(told, p.Took)
			}
		}
		if diff := cmp.Diff([]time.Duration{3 * ms, 3 * ms, 18 * ms, 18 * ms, 18 * ms, 18 * ms, 90 * ms, 17 * ms}, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

func TestACursorThatRunsThroughTheListTriesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		for _, name := range []string{"a", "b", "c", "d"} {
			w.Look(w.set(name, time.Hour, good()), true)
			w.wantTries(100 * ms)
		}
		w.wantTries(100*ms, 450*ms) // the last one
	})
}

func TestOneFailureIsNoNews(t *testing.T) {
	inWorld(t, func(w *world) {
		x := w.set("api", time.Hour, bad())
		w.Look(x, true)
		w.wantTries(sec, 150*ms)
		if news := w.news(); news != nil {
			t.Errorf("told %+v", news[0])
		}
		w.answers(x, good())
		w.wantTries(sec, sec+150*ms)
		if news := w.news(); len(news) != 1 || !news[0].OK {
			t.Errorf("told %+v", news)
		}
	})
}

func TestTwoFailuresAreToldAndTriedEverMoreSeldom(t *testing.T) {
	inWorld(t, func(w *world) {
		x := w.set("api", time.Hour, bad())
		w.Look(x, true)
		w.wantTries(100*sec, 150*ms, 1150*ms, 3150*ms, 7150*ms, 15150*ms, 31150*ms, 61150*ms, 91150*ms)
		news := w.news()
		if len(news) != 7 || news[0].OK || news[0].Status != 503 {
			t.Fatalf("told %+v", news)
		}
		for _, p := range news {
			if since := p.Since.Sub(w.begun); since != 150*ms {
				t.Errorf("it fails since %s, want the first failure", since)
			}
		}
		w.answers(x, good())
		w.wantTries(40*sec, 121150*ms, 136150*ms)
		if news := w.news(); len(news) != 2 || !news[0].OK || !news[0].Since.IsZero() {
			t.Errorf("told %+v", news)
		}
	})
}

// TestAFailingRouteIsTriedUntilItAnswers holds that the list does not go on
// saying what was true when somebody looked.
func TestAFailingRouteIsTriedUntilItAnswers(t *testing.T) {
	inWorld(t, func(w *world) {
		x, other := w.set("api", time.Hour, bad()), w.set("docs", time.Hour, good())
		w.Look(x, true)
		w.after(2 * sec)
		w.Look(other, true)
		w.answers(x, good())
		w.after(5 * sec)
		if row, _ := w.list.Find(x.Ref); row.Status.Phase != workspace.Running {
			t.Errorf("still %s", row.Status.Phase)
		}
		w.Look(workspace.Workspace{}, false)
		w.wantTries(time.Minute) // and then no more
	})
}

func TestAPodThatHasJustBecomeReadyIsNotJudged(t *testing.T) {
	inWorld(t, func(w *world) {
		x := w.set("api", 0, bad())
		w.Look(x, true)
		w.after(5 * sec)
		if news := w.news(); news != nil {
			t.Errorf("told after less than the gateway's lag: %+v", news[0])
		}
		w.after(3 * sec)
		if news := w.news(); len(news) == 0 || news[0].OK {
			t.Error("a route that goes on failing was not told")
		}
	})
}

func TestAnAttemptEndsWithItsReason(t *testing.T) {
	for name, end := range map[string]func(w *world, x workspace.Workspace){
		"the cursor leaves": func(w *world, _ workspace.Workspace) { w.Look(workspace.Workspace{}, false) },
		"it is stopped":     func(w *world, x workspace.Workspace) { x.Status.Phase = workspace.Stopping; w.change(x) },
		"another pod":       func(w *world, x workspace.Workspace) { x.Pod, x.ReadySince = "api-2", time.Now(); w.change(x) },
		"ready once more":   func(w *world, x workspace.Workspace) { x.ReadySince = time.Now(); w.change(x) },
		"another workspace": func(w *world, x workspace.Workspace) { x.UID = "u-2"; w.change(x) },
		"it is gone": func(w *world, x workspace.Workspace) {
			w.list.mu.Lock()
			delete(w.list.rows, x.Ref)
			w.list.mu.Unlock()
			wake(w.woken)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.takes = 4 * sec
				x := w.set("api", time.Hour, good())
				w.Look(x, true)
				w.wantTries(sec, 150*ms)
				end(w, x)
				w.after(100 * ms)
				if w.cut != 1 {
					t.Error("the attempt goes on")
				}
				w.after(time.Second)
				if news := w.news(); news != nil {
					t.Errorf("told what nobody wants to know: %+v", news[0])
				}
			})
		})
	}
}

// TestOneAttemptAtATime has a cursor that goes and comes back while an attempt
// is under way that does not heed its end.
func TestOneAttemptAtATime(t *testing.T) {
	inWorld(t, func(w *world) {
		w.takes, w.deaf = 4*sec, true
		x := w.set("api", time.Hour, bad())
		w.Look(x, true)
		w.wantTries(sec, 150*ms)
		w.Look(workspace.Workspace{}, false)
		w.after(100 * ms)
		w.Look(x, true)
		w.wantTries(4*sec, 4150*ms) // when the first one is back
		if news := w.news(); news != nil {
			t.Errorf("told what the attempt that was given up found: %+v", news[0])
		}
	})
}

func TestAFewAttemptsAtATime(t *testing.T) {
	inWorld(t, func(w *world) {
		for i := range 12 {
			w.Look(w.set(string(rune('a'+i)), time.Hour, bad()), true)
			w.after(1500 * ms) // until it is told
		}
		w.mu.Lock()
		w.takes, w.most = 3*sec, 0
		w.mu.Unlock()
		w.after(2 * time.Minute)
		if w.most != probeAtOnce {
			t.Errorf("%d attempts at once, want %d", w.most, probeAtOnce)
		}
	})
}

func TestWhatHasNoGatewayIsNotTried(t *testing.T) {
	inWorld(t, func(w *world) {
		x := w.set("api", time.Hour, good())
		for _, change := range []func(*workspace.Workspace){
			func(x *workspace.Workspace) { x.Route.Kind = workspace.KindPortForward },
			func(x *workspace.Workspace) { x.Status.Phase = workspace.Starting },
			func(x *workspace.Workspace) { x.Status.Phase = workspace.Stopped },
			func(x *workspace.Workspace) {
				x.Status = workspace.Status{Phase: workspace.Unreachable, Reason: workspace.ReasonNodeLost}
			},
		} {
			y := x
			change(&y)
			w.change(y)
			w.Look(y, true)
			w.wantTries(time.Minute)
		}
	})
}
