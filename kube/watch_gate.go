package kube

// One gate for all watches of a cluster. While the API server is away, one
// attempt at a time goes through, so that an outage costs it about one request
// a second whatever is watched; the first success lets everybody through.
// client-go's own back-off grows to half a minute, which is too slow for a
// person who looks at the list.

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const (
	gateFirst = 200 * time.Millisecond
	gateMost  = time.Second
)

type gate struct {
	mu    sync.Mutex // guards what follows
	down  bool
	delay time.Duration
	next  time.Time     // when the next attempt may go
	asked bool          // the server has asked for a long pause
	open  chan struct{} // closed when the server is back
}

// enter waits for this attempt's turn.
func (g *gate) enter(ctx context.Context) error {
	for {
		wait, open := g.turn()
		if wait <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-open:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// turn returns how long to wait; 0 takes the turn.
func (g *gate) turn() (time.Duration, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.down {
		return 0, nil
	}
	if wait := time.Until(g.next); wait > 0 {
		return wait, g.open
	}
	g.next = time.Now().Add(g.delay)
	return 0, nil
}

// loginPause is how long a credential plugin that fails is left alone: running
// it costs more than a request, and what it lacks is its user.
const loginPause = 10 * time.Second

// hurry lets the next attempt go at once.
func (g *gate) hurry() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down {
		g.next = time.Now()
		close(g.open)
		g.open = make(chan struct{})
	}
}

// longPause is from when on a pause is worth telling: those that the gate makes
// by itself are shorter.
const longPause = 2 * time.Second

// later returns when the server is asked again, zero when that is soon.
func (g *gate) later() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.down || !g.asked {
		return time.Time{}
	}
	return g.next
}

// fail closes the gate for a while: for as long as the server asks, else for
// a delay that grows.
func (g *gate) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.down {
		g.down, g.delay, g.open = true, gateFirst, make(chan struct{})
	} else {
		g.delay = min(2*g.delay, gateMost)
	}
	wait := g.delay
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok && seconds > 0 {
		wait = time.Duration(seconds) * time.Second
	}
	if errors.Is(Explain(err, ""), ErrLogin) {
		wait = max(wait, loginPause)
	}
	g.asked = wait > longPause
	g.next = time.Now().Add(wait)
}

// ok opens the gate.
func (g *gate) ok() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down {
		g.down = false
		close(g.open)
	}
}
