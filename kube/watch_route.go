package kube

// The way to each row, and what trying it gave. A watcher tries nothing
// itself: whoever can dial tells it.

import (
	"time"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// wayOf is the route of an installation. One that this version does not serve
// is reached through the API server.
func wayOf(inst workspace.Installation) route.Route {
	way, err := route.For(inst)
	if err != nil {
		return route.PortForward{}
	}
	return way
}

// routeTo says how a workspace is reached. One that has not got an address of
// its own yet is reached through the API server.
func (w *Watcher) routeTo(ref workspace.Ref, r *row) workspace.Route {
	inst := w.config.Installation
	if addressed, ok := w.way.(route.Addressed); ok {
		if at := addressed.Address(inst, r.own()); at != "" {
			return workspace.Route{Kind: w.way.Kind(), Address: at}
		}
		return workspace.Route{Kind: workspace.KindPortForward}
	}
	authority := w.way.Authority(ref, inst)
	if authority == "" || !inst.Gateway.Published() {
		return workspace.Route{Kind: workspace.KindPortForward}
	}
	return workspace.Route{Kind: w.way.Kind(), Address: inst.Gateway.Address, Authority: authority}
}

// own is what the cluster has given to the workspace alone.
func (r *row) own() route.Own {
	var own route.Own
	if r.deployment != nil {
		own.Port = r.deployment.port
	}
	if r.balancer != nil {
		own.Host = r.balancer.Address
	}
	return own
}

// Find returns one workspace of the list as it is now.
func (w *Watcher) Find(ref workspace.Ref) (workspace.Workspace, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.rows[ref]; r != nil && r.shown {
		return r.out, true
	}
	return workspace.Workspace{}, false
}

// SetProbe records what trying the route of a workspace gave; nil forgets it.
// It counts as long as the pod that it is about is ready.
func (w *Watcher) SetProbe(ref workspace.Ref, p *workspace.Probe) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.rows[ref]
	if r == nil {
		return
	}
	if p.About(r.out.Pod, r.out.ReadySince) {
		w.probe = p
	}
	r.probe = p
	w.dirty[ref] = true
	w.wake()
}

// probeSince is the row's probe by the cluster's clock, which is ahead by skew.
func (r *row) probeSince(skew time.Duration) *workspace.Probe {
	if r.probe == nil {
		return nil
	}
	p := *r.probe
	p.At = p.At.Add(skew)
	if !p.Since.IsZero() {
		p.Since = p.Since.Add(skew)
	}
	return &p
}
