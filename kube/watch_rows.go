package kube

// Rows: all that has been seen of one workspace, joined by its label.

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// row is one workspace. The watcher's mutex guards it.
type row struct {
	ref        workspace.Ref
	deployment *deploymentSeen
	claim      *claimSeen
	pods       map[string]podSeen
	balancer   *workspace.Balancer
	probe      *workspace.Probe // may be about an earlier pod

	events     []workspace.Event
	eventsNext time.Time // when events are worth asking for again
	eventsFrom time.Time // when the row became unsettled

	out   workspace.Workspace
	shown bool // false while there is nothing to show
}

// unsettled reports whether time or events can change the row's status.
func (r *row) unsettled() bool {
	if !r.shown {
		return false
	}
	if r.out.Status.Reason == workspace.ReasonAddressPending {
		return true
	}
	switch r.out.Status.Phase {
	case workspace.Running, workspace.Stopped, workspace.Deleted:
		return false
	case workspace.Starting, workspace.Stopping, workspace.Failing, workspace.Unreachable:
	}
	return true
}

func (r *row) empty() bool {
	return r.deployment == nil && r.claim == nil && r.balancer == nil && len(r.pods) == 0
}

// at returns the row of ref, making it; called with w.mu held.
func (w *Watcher) at(ref workspace.Ref) *row {
	r := w.rows[ref]
	if r == nil {
		r = &row{ref: ref, pods: map[string]podSeen{}}
		w.rows[ref], w.order = r, nil
	}
	w.dirty[ref] = true
	return r
}

// refold folds one row and reports whether what is shown has changed.
func (w *Watcher) refold(ref workspace.Ref, now time.Time) bool {
	r := w.rows[ref]
	if r == nil {
		return false
	}
	if r.empty() {
		delete(w.rows, ref)
		w.order = nil
		return r.shown
	}
	// Leftovers of a purged workspace are no row, and neither is a pod whose
	// Deployment somebody else has taken away together with the home.
	if r.deployment == nil && r.claim == nil {
		was := r.shown
		r.shown = false
		return was
	}
	o := w.observe(ref, r, now)
	out := w.workspace(ref, r, o)
	if r.shown && reflect.DeepEqual(out, r.out) {
		return false
	}
	was := r.unsettled()
	r.out, r.shown = out, true
	if r.unsettled() && !was {
		r.eventsFrom, r.eventsNext = now, now
	}
	return true
}

// heed keeps restless in step with a row that has been folded. To look for
// unsettled rows among ten thousand twice a second is work for nothing.
func (w *Watcher) heed(ref workspace.Ref) {
	r := w.rows[ref]
	if r == nil || !r.unsettled() {
		delete(w.restless, ref)
		return
	}
	w.restless[ref] = r
	select {
	case w.stirred <- struct{}{}:
	default:
	}
}

// observe puts together what the fold reads; called with w.mu held.
func (w *Watcher) observe(ref workspace.Ref, r *row, now time.Time) workspace.Observed {
	skew, stale := w.config.Skew(), w.state.staleSince
	if !stale.IsZero() {
		stale = stale.Add(skew)
	}
	o := workspace.Observed{
		Ref: ref, Now: now.Add(skew), StaleSince: stale, Denied: w.deniedFor(ref),
		NamespaceTerminating: w.going[ref.Namespace], Events: r.events, Probe: r.probeSince(skew), Balancer: r.balancer,
		Program: w.config.Program, Kubectl: w.config.Kubectl,
	}
	if r.deployment != nil {
		d := r.deployment.observed
		o.Deployment = &d
	}
	if r.claim != nil {
		c := r.claim.observed
		c.WaitsForPod = w.classes[c.StorageClass]
		o.Claim = &c
	}
	for _, p := range r.newestPods() {
		pod := p.observed
		pod.NodeLost = w.lost[pod.Node]
		o.Pods = append(o.Pods, pod)
	}
	return o
}

func (r *row) newestPods() []podSeen {
	return slices.SortedFunc(maps.Values(r.pods), func(a, b podSeen) int {
		return cmp.Or(b.observed.Created.Compare(a.observed.Created), cmp.Compare(b.observed.Name, a.observed.Name))
	})
}

// deniedFor lists what may not be seen, with the row's own namespace.
func (w *Watcher) deniedFor(ref workspace.Ref) []workspace.Access {
	var out []workspace.Access
	for _, s := range w.sources {
		if a, ok := s.denied["list"]; ok && !s.synced {
			a.Namespace = ref.Namespace
			out = append(out, a)
		}
	}
	if w.classError != nil {
		out = append(out, *w.classError)
	}
	return out
}

// workspace makes the row that is shown.
func (w *Watcher) workspace(ref workspace.Ref, r *row, o workspace.Observed) workspace.Workspace {
	out := workspace.Workspace{Cluster: w.config.Cluster, Ref: ref, Alias: ref.Alias(), Status: workspace.Fold(o)}
	if c := r.claim; c != nil {
		out.UID, out.Created, out.Spec, out.HostKey, out.Succession = c.observed.UID, c.observed.Created, c.spec, c.hostKey, c.succession
		out.ClaimUID, out.DeletedAt, out.Capacity = c.observed.UID, c.observed.DeletedAt, c.observed.Capacity
	}
	if d := r.deployment; d != nil {
		out.UID, out.Created, out.Spec = d.observed.UID, d.observed.Created, d.spec
		if r.claim != nil {
			out.Spec.Disk = r.claim.spec.Disk
		}
		if d.hostKey != "" {
			out.HostKey = d.hostKey
		}
	}
	for _, p := range r.newestPods() {
		if p.observed.Terminating && out.Pod != "" {
			continue
		}
		if out.Pod == "" || !p.observed.Terminating {
			out.Pod, out.Node, out.Restarts, out.Timeline = p.observed.Name, p.observed.Node, p.restarts, p.timeline
			out.ReadySince = p.timeline.Ready
		}
		if !p.observed.Terminating {
			break
		}
	}
	out.Route = w.routeTo(ref, r)
	if out.Status.Phase != workspace.Stopping && r.probe.About(out.Pod, out.ReadySince) {
		out.Probe = r.probe
	}
	return out
}
