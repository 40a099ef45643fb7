package cli

// After an outage a connection may stay silent for long although the network is
// back: systems that cannot be told to try often wait for up to two minutes. A
// shell that goes on in the workspace can do better: while its connection does
// not answer, it is asked whether a new one would, and moves there. Other
// shells stay where they are, since they would end with their connection.

import (
	"context"
	"errors"
	"time"

	"github.com/berth-sh/berth/tunnel"
)

const (
	// redialPause is between two attempts to reach a workspace another way.
	redialPause = 2 * time.Second
	// redialGrace is how long the old connection has to answer as well once a
	// new one would.
	redialGrace = 2 * time.Second
	// redialTimeout is how long one attempt may take.
	redialTimeout = 5 * time.Second
)

var errSilentAlone = errors.New("it does not answer, and a new connection does")

// redial looks for another way while the connection does not answer.
func (c *conn) redial(ctx context.Context) {
	for c.silent(ctx) {
		if err := c.lane.all.dials.Wait(ctx); err != nil {
			return
		}
		attempt, cancel := context.WithTimeout(ctx, redialTimeout)
		err := tunnel.Probe(attempt, c.dial)
		cancel()
		if err == nil && c.still(ctx, redialGrace) {
			c.giveUp()
			return
		}
		if !c.still(ctx, redialPause) {
			return
		}
	}
}

// silent reports whether the connection does not answer and may do again.
func (c *conn) silent(ctx context.Context) bool {
	select {
	case <-c.client.Done():
		return false
	case <-ctx.Done():
		return false
	default:
		return c.client.Stalled() > 0
	}
}

// still waits and reports whether the connection is silent all the same.
func (c *conn) still(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return c.silent(ctx)
	case <-ctx.Done():
		return false
	}
}

// giveUp ends the part on this connection of the shells that go on without it.
func (c *conn) giveUp() {
	c.lane.mu.Lock()
	defer c.lane.mu.Unlock()
	for s := range c.shells {
		if s.session != "" {
			s.cancel(&tunnel.LostError{Err: errSilentAlone})
		}
	}
}
