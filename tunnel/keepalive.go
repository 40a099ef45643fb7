package tunnel

import (
	"sync"
	"sync/atomic"
	"time"
)

// When a connection is asked whether it lives:
//
//   - every Interval, so that idle timers on the way never fire;
//   - a second after something was sent and nothing came back, so that a
//     stall under the user's fingers shows in seconds.
//
// It counts as stalled when an answer is owed for Patience, and as dead after
// Misses intervals without a byte: ten minutes by default, the time that an
// outage may last without costing the session.

// KeepAlive says how a connection is watched. Zero fields have the defaults.
type KeepAlive struct {
	Interval time.Duration // between probes; 15 s
	Misses   int           // intervals of silence until the connection counts as dead; 40
	Patience time.Duration // an answer owed for longer is a stall; 5 s
}

func (k KeepAlive) withDefaults() KeepAlive {
	if k.Interval <= 0 {
		k.Interval = 15 * time.Second
	}
	if k.Misses <= 0 {
		k.Misses = 40
	}
	if k.Patience <= 0 {
		k.Patience = 5 * time.Second
	}
	return k
}

// doubt is how long an answer may be owed before an extra probe asks.
const doubt = time.Second

// keepAlive watches one connection.
type keepAlive struct {
	KeepAlive
	conn    *activity
	probe   func() error // asks the other side and blocks until it answers or the connection ends
	onStall func(bool)   // may be nil

	dead   atomic.Bool // the budget is used up
	probes sync.WaitGroup
}

// run watches until done is closed or the connection counts as dead: then it
// returns errSilent. A probe may still be waiting; it ends with the connection.
func (k *keepAlive) run(done <-chan struct{}) error {
	ticker := time.NewTicker(min(doubt, k.Interval, k.Patience) / 2)
	defer ticker.Stop()
	answered := make(chan struct{}, 1)
	asking, stalled := false, false
	asked := time.Now()
	for {
		select {
		case <-done:
			return nil
		case <-answered:
			asking = false
		case <-ticker.C:
		}
		if k.onStall != nil && stalled != (k.stalled() > 0) {
			stalled = !stalled
			k.onStall(stalled)
		}
		if asking && k.conn.silence() >= k.Interval*time.Duration(k.Misses) {
			k.dead.Store(true)
			return errSilent
		}
		if !asking && (time.Since(asked) >= k.Interval || k.conn.owing() >= doubt) {
			asking, asked = true, time.Now()
			k.probes.Go(func() {
				_ = k.probe() // an error ends the connection, and that closes done
				answered <- struct{}{}
			})
		}
	}
}

// stalled returns for how long an answer has been owed, 0 within Patience.
func (k *keepAlive) stalled() time.Duration {
	if owing := k.conn.owing(); owing >= k.Patience {
		return owing
	}
	return 0
}
