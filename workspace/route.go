package workspace

// The way to a workspace, and what trying it gave.
//
// A ready pod is the cluster's word; whether the way to it works is known only
// by going it. Whoever goes it says at which hop it ended, because that decides
// whose trouble it is: a gateway that refuses is about the workspace, a network
// on which the gateway's address is not even there is about this machine.

import (
	"cmp"
	"fmt"
	"time"
)

// Kinds without a gateway.
const (
	KindPortForward  = "port-forward"
	KindLoadBalancer = "load-balancer" // each workspace has an address of its own
)

// Answers of a gateway that mean something of their own; net/http is not for
// this package.
const (
	statusUnauthorized      = 401
	statusForbidden         = 403
	statusNotFound          = 404
	statusProxyAuthRequired = 407
	statusTooManyRequests   = 429
	statusBadGateway        = 502
	statusUnavailable       = 503
	statusGatewayTimeout    = 504
)

// Route is the way to one workspace.
type Route struct {
	Kind      string // the gateway's kind, or KindPortForward; "" when unknown
	Address   string // host:port that is dialled; "" without gateway
	Authority string // host:port that CONNECT names; "" where Address is sshd's own
}

// Direct is the address of sshd itself, "" where the way is another.
func (r Route) Direct() string {
	if r.Authority != "" {
		return ""
	}
	return r.Address
}

// Gateway reports whether there is a way other than through the API server.
func (r Route) Gateway() bool { return r.Kind != "" && r.Kind != KindPortForward }

// Hop is where the way to a workspace ended.
type Hop string

// The hops, in the order in which they are passed.
const (
	HopNetwork Hop = "network" // the address cannot be reached from here
	HopGateway Hop = "gateway" // what answers there is no working gateway
	HopRoute   Hop = "route"   // the gateway refuses, or the workspace's own address does
	HopSSH     Hop = "sshd"    // connected, and no SSH server greets
)

// Probe is what trying a route gave, as told by whoever tried: one failure is
// no news yet, so a failed probe is passed on only when others agree.
type Probe struct {
	At     time.Time     // when it was over, by this machine's clock
	OK     bool          // sshd has greeted
	Took   time.Duration // until it did
	Since  time.Time     // when attempts began to fail; zero when OK
	Hop    Hop           // where it ended; "" when OK
	Status int           // of the gateway's answer where it refused
	Error  string        // what failed, without a full stop; "" when OK

	// What it is about: a new pod, or one that was not ready in between, has to
	// be tried anew.
	Pod   string
	Ready time.Time
}

// About reports whether p is about a pod that is ready since a time.
func (p *Probe) About(pod string, ready time.Time) bool {
	return p != nil && p.Pod == pod && p.Ready.Equal(ready)
}

// Ours reports whether p failed for a reason that is this machine's own.
func (p *Probe) Ours() bool {
	return !p.OK && (p.Hop == HopNetwork || p.Status == statusTooManyRequests)
}

// Gateway says what p means for the gateway itself, whatever that thinks of the
// workspace; known is false where p does not tell.
func (p *Probe) Gateway() (answers, known bool) {
	switch {
	case p.OK, p.Hop == HopSSH, p.Hop == HopRoute && p.Status != 0:
		return true, true
	case p.Hop == HopRoute:
		return false, false
	}
	return false, true
}

// GatewayAnswers says what the newest probe means for the gateway; known is
// also false when it is too old to mean anything.
func (s Snapshot) GatewayAnswers(now time.Time) (answers, known bool) {
	const fresh = 2 * time.Minute
	if s.Probe == nil || now.Sub(s.Probe.At) > fresh {
		return false, false
	}
	return s.Probe.Gateway()
}

// Reached is a sentence about the way to the workspace, "" where the status
// says it all.
func (w Workspace) Reached() string {
	switch p := w.Probe; {
	case w.Route.Kind == "", w.Deleted():
		return ""
	case !w.Route.Gateway():
		return "Reached through the API server (port-forward)."
	case w.Status.Phase == Stopped:
		return "Route: " + w.Route.Kind + "; it answers when the workspace runs."
	case w.Status.Phase != Running:
		return ""
	case p == nil:
		return "Route: " + w.Route.Kind + ", not tried yet."
	case p.OK:
		return fmt.Sprintf("Route answers in %s through %s.", p.Milliseconds(), w.Route.Kind)
	}
	return ""
}

// Milliseconds is Took as people read it.
func (p *Probe) Milliseconds() string {
	return fmt.Sprintf("%d ms", cmp.Or(p.Took.Round(time.Millisecond).Milliseconds(), 1))
}
