package workspace

// A closer look at one workspace. The fold says the one thing that matters from
// what is watched anyway; an account adds what is read only for a workspace
// that somebody looks at: the warnings of its objects, its quotas, its node,
// and how its start went.

import (
	"slices"
	"strings"
	"time"
)

// Account explains one workspace in full.
type Account struct {
	Status  Status    // with all evidence
	Start   []Stage   // of the newest pod; empty when there is none
	At      time.Time // when that was so, by the cluster's clock
	Missing []Access  // what would have said more and may not be read
}

// moreWarnings is how many warnings an account quotes at most: what is not
// among the newest few is history.
const moreWarnings = 4

// Explain folds o and adds everything else that it says about the same thing.
// Like Fold it is pure.
func Explain(o Observed) Account {
	a := Account{Status: Fold(o), At: o.Now}
	a.Start = Stages(o, a.Status)
	switch a.Status.Phase {
	case Running, Stopped, Stopping, Deleted:
		return a
	case Starting, Failing, Unreachable:
	}
	for _, more := range [][]Evidence{o.imageAsked(a.Status), o.quotasFull(a.Status), o.hostTrouble(), o.claimState(), o.warnings(a.Status)} {
		for _, e := range more {
			if !a.Status.quotes(e) {
				a.Status.Evidence = append(a.Status.Evidence, e)
			}
		}
	}
	a.Status.Next = lookYourself(a.Status)
	a.Status = a.Status.tidy()
	return a
}

// Where says where a piece of evidence is to be found, how often it was said
// and how long ago: "event BackOff, 4 times, 14s ago". age is "" when that is
// unknown.
func (e Evidence) Where(age string) string {
	var parts []string
	if e.Field != "" {
		parts = append(parts, e.Field)
	}
	if e.Count > 1 {
		parts = append(parts, times(e.Count, "time"))
	}
	switch {
	case age == "":
	case strings.HasPrefix(e.Field, "event "):
		parts = append(parts, age+" ago")
	default:
		parts = append(parts, "since "+age)
	}
	return strings.Join(parts, ", ")
}

// quotes reports whether the status says already what e says.
func (s Status) quotes(e Evidence) bool {
	return slices.ContainsFunc(s.Evidence, func(had Evidence) bool {
		return had.Object == e.Object && (had.Field == e.Field || strings.HasPrefix(e.Field, "event ") && strings.Contains(had.Says, message(e.Says)))
	})
}

// message is what follows the reason.
func message(says string) string {
	if _, after, ok := strings.Cut(says, ": "); ok {
		return after
	}
	return says
}

// lookYourself ends the next steps of trouble with the line that shows it,
// unless one of them has such a line.
func lookYourself(s Status) []NextStep {
	kubectl := func(n NextStep) bool { return strings.HasPrefix(n.Command, "kubectl ") }
	if s.Healthy() || slices.ContainsFunc(s.Next, kubectl) {
		return s.Next
	}
	for _, e := range s.Evidence {
		if e.Command != "" {
			return append(slices.Clone(s.Next), step("look at it yourself", e.Command))
		}
	}
	return s.Next
}

// imageAsked quotes the image where it is what cannot be had.
func (o *Observed) imageAsked(s Status) []Evidence {
	p := o.current()
	switch s.Reason { //nolint:exhaustive // only these are about the image
	case ReasonImageAuth, ReasonImageNotFound, ReasonImageNetwork, ReasonImageInvalid:
	default:
		return nil
	}
	if p == nil {
		return nil
	}
	for _, c := range p.Containers {
		if slices.Contains(imageReasons(), c.State.Reason) {
			return []Evidence{o.podEvidence(p, c.Image, time.Time{}).at("spec.containers[" + c.Name + "].image")}
		}
	}
	return nil
}

// quotasFull names what is used up, where a quota refuses the pod.
func (o *Observed) quotasFull(s Status) []Evidence {
	if s.Reason != ReasonQuota {
		return nil
	}
	var out []Evidence
	for _, q := range o.Quotas {
		says := q.Resource + ": " + q.Used + " of " + q.Hard + " used"
		if q.Full {
			says += ", nothing is left"
		}
		e := o.evidence("ResourceQuota", q.Name, says, time.Time{}).at("status.used[" + q.Resource + "]")
		e.Command = o.kubectl("describe", "quota", q.Name)
		out = append(out, e)
	}
	return out
}

// hostTrouble quotes what is wrong with the pod's node.
func (o *Observed) hostTrouble() []Evidence {
	if o.Host == nil {
		return nil
	}
	quote := func(field, says string, since time.Time) Evidence {
		return Evidence{Object: "Node/" + o.Host.Name, Field: field, Says: says, Since: since, Command: o.clusterwide("describe", "node", o.Host.Name)}
	}
	var out []Evidence
	for _, c := range o.Host.Conditions {
		bad := c.True
		if c.Type == "Ready" {
			bad = !c.True
		}
		if bad {
			out = append(out, quote(conditionField(c.Type), strings.TrimSuffix(orElse(c.Reason, c.Type)+": "+c.Message, ": "), c.Since))
		}
	}
	if o.Host.Cordoned {
		out = append(out, quote("spec.unschedulable", "takes no new pods", time.Time{}))
	}
	return out
}

// claimState quotes a home that is not there yet.
func (o *Observed) claimState() []Evidence {
	if o.Claim == nil || o.Claim.Phase == "Bound" || o.Claim.Phase == "" {
		return nil
	}
	return []Evidence{o.evidence("PersistentVolumeClaim", o.Claim.Name, o.Claim.Phase, o.Claim.Created).at("status.phase")}
}

// warnings quotes the newest warnings about what the workspace is made of now:
// not those of earlier pods, and not those about a home that has been bound
// since. Of several with the same reason the one that says most is quoted.
func (o *Observed) warnings(s Status) []Evidence {
	about := o.concerned()
	var out []*Event
	for i := range o.Events {
		e := &o.Events[i]
		if e.Type != "Warning" || !slices.Contains(about, e.Object) {
			continue
		}
		same := slices.IndexFunc(out, func(had *Event) bool { return had.Object == e.Object && had.Reason == e.Reason })
		switch {
		case same < 0:
			out = append(out, e)
		case len(e.Message) > len(out[same].Message):
			out[same] = e
		}
	}
	var quoted []Evidence
	for _, e := range out {
		if q := o.eventEvidence(e); !s.quotes(q) && len(quoted) < moreWarnings {
			quoted = append(quoted, q)
		}
	}
	return quoted
}

// concerned lists the objects whose warnings are of today.
func (o *Observed) concerned() []string {
	about := []string{"Deployment/" + o.Name}
	if p := o.current(); p != nil {
		about = append(about, "Pod/"+p.Name)
	} else if len(o.ReplicaSets) > 0 {
		about = append(about, "ReplicaSet/"+o.ReplicaSets[0].Name)
	}
	if o.Claim != nil && o.Claim.Phase != "Bound" {
		about = append(about, "PersistentVolumeClaim/"+o.Claim.Name)
	}
	if o.Balancer != nil && o.Balancer.Address == "" {
		about = append(about, "Service/"+o.Balancer.Name)
	}
	return about
}
