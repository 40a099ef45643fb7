package cli

import (
	"context"
	"math"
	"time"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

const (
	whyRouteTimeout = 5 * time.Second        // for everything that is asked of a route
	whyRouteAgain   = 500 * time.Millisecond // after a failure
)

// routeRecord is the way to a workspace in the JSON form of `berth why`.
type routeRecord struct {
	Kind      string `json:"kind"`
	Transport string `json:"transport,omitempty"` // of this machine's alias
	Address   string `json:"address,omitempty"`
	Authority string `json:"authority,omitempty"`

	Answers      *bool   `json:"answers,omitempty"` // absent when it was not tried
	Milliseconds float64 `json:"milliseconds,omitempty"`
	Hop          string  `json:"hop,omitempty"` // where it ended
	Status       int     `json:"status,omitempty"`
	Error        string  `json:"error,omitempty"`
}

// explainRoute says how a workspace is reached, tries the way if it should
// answer, and gives the workspace with what that means for its status.
func (a *app) explainRoute(ctx context.Context, list *kube.Watcher, w workspace.Workspace) (workspace.Workspace, *routeRecord) {
	if w.Deleted() {
		return w, nil
	}
	r := &routeRecord{Kind: w.Route.Kind, Address: w.Route.Address, Authority: w.Route.Authority}
	if f, err := a.wayTo(ctx, w); err == nil {
		r.Transport, r.Address, r.Authority = string(f.Transport), workspace.Safe(f.Address), workspace.Safe(f.Authority)
	}
	if !probeable(w) {
		return w, r
	}
	p := a.probeRoute(ctx, w)
	if p == nil {
		return w, r
	}
	list.SetProbe(w.Ref, p)
	r.Answers, r.Milliseconds = &p.OK, math.Round(float64(p.Took.Microseconds())/10)/100
	r.Hop, r.Status, r.Error = string(p.Hop), p.Status, p.Error
	return awaitProbe(ctx, list, w), r
}

// probeRoute tries a route until it answers or has failed twice, and for as
// long as its gateway may not have heard of the pod; nil when there is nothing
// to try.
func (a *app) probeRoute(ctx context.Context, w workspace.Workspace) *workspace.Probe {
	limited, cancel := context.WithTimeout(ctx, whyRouteTimeout)
	defer cancel()
	var last *workspace.Probe
	for failures := 0; ; {
		p, tried := a.tryRoute(limited, w)
		switch {
		case !tried, ctx.Err() != nil:
			return nil
		case limited.Err() != nil && last != nil && !p.OK: // cut short: the one before says more
			return last
		}
		p.Pod, p.Ready = w.Pod, w.ReadySince
		if !p.OK {
			failures++
			p.Since = p.At
			if last != nil {
				p.Since = last.Since
			}
		}
		last = &p
		if p.OK || failures >= probeNews && !a.young(w) {
			return last
		}
		select {
		case <-time.After(whyRouteAgain):
		case <-limited.Done():
			return last
		}
	}
}

// young reports whether a pod has only just become ready, by the cluster's clock.
func (a *app) young(w workspace.Workspace) bool {
	c, err := a.cluster()
	return err == nil && time.Now().Add(c.client.Skew()).Sub(w.ReadySince) < gatewayLag
}

// awaitProbe waits until the list shows what was told to it, or that the pod has
// changed meanwhile.
func awaitProbe(ctx context.Context, list *kube.Watcher, w workspace.Workspace) workspace.Workspace {
	for {
		now, ok := list.Find(w.Ref)
		if !ok {
			return w
		}
		if now.Probe != nil || now.Pod != w.Pod || !now.ReadySince.Equal(w.ReadySince) {
			return now
		}
		select {
		case <-list.Changed():
		case <-ctx.Done():
			return w
		}
	}
}

// text is the form for people.
func (r *routeRecord) text() string {
	if r == nil || r.Address == "" {
		return "" // the sentence says it all
	}
	text := "\nroute\n  " + r.Kind + " at " + r.Address
	if r.Authority != "" {
		text += ", asked for " + r.Authority
	}
	if r.Hop != "" {
		text += "\n  ends at: " + r.Hop
	}
	return text + "\n"
}
