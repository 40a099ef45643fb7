//go:build realnode

package tunnel_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// These tests take a real Envoy: they run with those of a real node.

// people is how many clients have a tunnel through the gateway that goes away.
const people = 20

// leastGap is nearly half a second, so that nobody dials more than twice in one.
const leastGap = 480 * time.Millisecond

// When a gateway is killed, or drained and replaced, everybody's forwards come
// back by themselves, and nobody hammers at its door meanwhile.
func TestNetworkGatewayGoesAway(t *testing.T) {
	for name, goes := range waysToGo {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(t)
			c.outage(goes)
			if fresh := c.fresh(); fresh != nil {
				t.Errorf("a new connection: %v", fresh)
			}
			c.await(nil)
			if gap := c.shortestGap(); gap < leastGap {
				t.Errorf("a client dialled again after %s", gap)
			}
		})
	}
}

// BenchmarkNetworkGatewayGoesAway measures how long after the gateway's return
// a new connection works, and everybody's forwards are back.
func BenchmarkNetworkGatewayGoesAway(b *testing.B) {
	for name, goes := range waysToGo {
		b.Run(name, func(b *testing.B) {
			var fresh, all []time.Duration
			var gap time.Duration
			for b.Loop() {
				for range 5 {
					c := newCrowd(b)
					back := c.outage(goes)
					if err := c.fresh(); err != nil {
						b.Fatal(err)
					}
					fresh = append(fresh, time.Since(back))
					c.await(func() { all = append(all, time.Since(back)) })
					gap = c.shortestGap()
					c.leave()
				}
			}
			b.ReportMetric(0, "ns/op") // most of it is the outage
			b.ReportMetric(slices.Max(fresh).Seconds(), "new-connection-max-s")
			b.ReportMetric(slices.Max(all).Seconds(), "all-back-max-s")
			b.ReportMetric(float64(time.Second)/float64(gap), "dials/s-at-most")
		})
	}
}

// waysToGo are how a gateway goes away, before it is killed.
var waysToGo = map[string]func(*sshtest.EnvoyServer){
	"killed":  func(*sshtest.EnvoyServer) {},
	"drained": func(e *sshtest.EnvoyServer) { e.Drain(); <-time.After(4 * time.Second) },
}

// crowd is people, each with a forward through one gateway.
type crowd struct {
	t       testing.TB
	gateway *sshtest.EnvoyServer
	config  tunnel.Config
	members []*member
	leave   func()
}

type member struct {
	news chan tunnel.ForwardState

	mu    sync.Mutex // guards dials
	dials []time.Time
}

func newCrowd(t testing.TB) *crowd {
	t.Helper()
	server := sshtest.Start(t)
	c := &crowd{t: t, gateway: sshtest.Envoy(t, sshtest.EnvoyConfig{Target: server.Addr}), config: configFor(server)}
	c.config.Dial = tunnel.ForAlias(alias.File{Transport: alias.Gateway, Address: c.gateway.Addr, Authority: "api--team-a.ssh.example.com:22"}, nil, nil)
	ctx, cancel := context.WithCancel(context.Background())
	var going sync.WaitGroup
	c.leave = func() { cancel(); going.Wait() }
	t.Cleanup(c.leave)
	for range people {
		m := &member{news: make(chan tunnel.ForwardState, 1000)}
		c.members = append(c.members, m)
		going.Go(func() {
			err := tunnel.Forwarder{Dial: m.dial(c.config), Forwards: c.forwards(), Tell: func(e tunnel.ForwardEvent) { m.news <- e.State }}.Run(ctx)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("forwarding ended with %v", err)
			}
		})
	}
	for _, m := range c.members {
		m.await(t, tunnel.ForwardListens)
	}
	return c
}

func (c *crowd) forwards() []tunnel.Forward {
	all, err := tunnel.ParseForward("0:9", false)
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

// dial notes when.
func (m *member) dial(config tunnel.Config) func(context.Context) (*tunnel.Client, error) {
	reach := config.Dial
	config.Dial = func(ctx context.Context) (net.Conn, error) {
		m.mu.Lock()
		m.dials = append(m.dials, time.Now())
		m.mu.Unlock()
		return reach(ctx)
	}
	return func(ctx context.Context) (*tunnel.Client, error) { return tunnel.Dial(ctx, config) }
}

// outage takes the gateway away for some seconds, and returns when it is back.
func (c *crowd) outage(goes func(*sshtest.EnvoyServer)) time.Time {
	c.t.Helper()
	goes(c.gateway)
	c.gateway.Kill()
	for _, m := range c.members {
		m.await(c.t, tunnel.ForwardLost)
	}
	<-time.After(8 * time.Second) // long enough for pauses to grow
	c.gateway.Start()
	return time.Now()
}

// fresh logs in anew.
func (c *crowd) fresh() error {
	client, err := tunnel.Dial(c.t.Context(), c.config)
	if err != nil {
		return err
	}
	return client.Close()
}

// await waits until everybody is connected again.
func (c *crowd) await(then func()) {
	c.t.Helper()
	for _, m := range c.members {
		m.await(c.t, tunnel.ForwardConnected)
	}
	if then != nil {
		then()
	}
}

func (m *member) await(t testing.TB, want tunnel.ForwardState) {
	t.Helper()
	limit := time.After(bound)
	for {
		select {
		case state := <-m.news:
			if state == want {
				return
			}
		case <-limit:
			t.Fatalf("no news of %v", want)
		}
	}
}

// shortestGap is the least time between two dials of one member after the first,
// which was before the outage.
func (c *crowd) shortestGap() time.Duration {
	least := time.Hour
	for _, m := range c.members {
		m.mu.Lock()
		for i := 2; i < len(m.dials); i++ {
			least = min(least, m.dials[i].Sub(m.dials[i-1]))
		}
		m.mu.Unlock()
	}
	return least
}
