package workspace

// The fold: from everything observed of one workspace to the one thing to
// say about it.
//
// It is a list of small rules, tried in order; the first that matches speaks.
// The order is the policy:
//
//  1. What ends everything: the namespace goes, the workspace was deleted.
//  2. What was asked for: stopping and stopped, before any look at pods.
//  3. A ready pod, unless its node is lost, its load balancer is overdue or its
//     route fails. Whatever else is odd about a workspace that works is not its
//     headline.
//  4. A lost node, because everything below would be hearsay of a dead kubelet.
//  5. What a container of the current pod says: image, configuration, crash.
//     It is the most specific evidence there is.
//  6. An old pod that still goes: the new one may only be waiting for it, so
//     scheduling and volume trouble is not believed yet.
//  7. No pod: why admission refused it, or that the last one was evicted.
//  8. Volumes, then scheduling: an unbound claim makes a pod unschedulable, so
//     the claim is the cause.
//  9. A pod that runs and does not answer.
//  10. What may not be seen. It comes before the Deployment's own deadline,
//     which says only that something has failed.
//  11. On the way; none of these is an error.
//
// Time is an input. While the watch is stale, time stands still, so that no
// grace period runs out on old evidence.

import (
	"slices"
	"strings"
	"time"
)

// rule recognises one state, or reports false.
type rule func(o *Observed) (Status, bool)

// rules returns the rules in the order of precedence explained above.
func rules() []rule {
	return []rule{
		foldNamespace, foldDeleted, foldNoDeployment, foldDeploymentGoing, foldStopped,
		foldNodeLost, foldAddress, foldReady,
		foldImage, foldConfigError, foldRunError, foldOOM, foldRefused, foldCrash,
		foldRestarting,
		foldAdmission, foldEvicted,
		foldClaimGone, foldClaimPending, foldSchedule, foldSecret, foldMount,
		foldNotReady,
		foldDenied, foldDeadline,
		foldStarting,
	}
}

// Fold says in which phase a workspace is, why, and what to do about it. It is
// pure: equal observations give equal answers.
func Fold(o Observed) Status {
	if !o.StaleSince.IsZero() && o.StaleSince.Before(o.Now) {
		o.Now = o.StaleSince
	}
	for _, r := range rules() {
		if s, ok := r(&o); ok {
			return s.tidy()
		}
	}
	return Status{Phase: Starting, Reason: ReasonCreating, Sentence: "Nothing is known yet.", Brief: "creating"}
}

// tidy passes everything through Safe again: rules put sentences together from
// pieces of messages, and a cut may have made something new.
func (s Status) tidy() Status {
	s.Sentence, s.Brief = Safe(s.Sentence), Safe(s.Brief)
	for i, e := range s.Evidence {
		s.Evidence[i].Field, s.Evidence[i].Says = Safe(e.Field), strings.TrimSpace(SafeText(e.Says))
	}
	return s
}

// current returns the newest pod that is neither going nor finished, or nil.
func (o *Observed) current() *Pod {
	for i := range o.Pods {
		if p := &o.Pods[i]; !p.Terminating && !p.finished() {
			return p
		}
	}
	return nil
}

// going returns the newest pod that is terminating, or nil.
func (o *Observed) going() *Pod {
	for i := range o.Pods {
		if p := &o.Pods[i]; p.Terminating {
			return p
		}
	}
	return nil
}

// denied returns the first missing permission on resource, or nil.
func (o *Observed) denied(resource string) *Access {
	for i := range o.Denied {
		if o.Denied[i].Resource == resource {
			return &o.Denied[i]
		}
	}
	return nil
}

// event returns the newest event about object with one of the reasons, or nil.
func (o *Observed) event(object string, reasons ...string) *Event {
	for i := range o.Events {
		if e := &o.Events[i]; e.Object == object {
			for _, r := range reasons {
				if e.Reason == r {
					return e
				}
			}
		}
	}
	return nil
}

// telling is event for reasons under which a kubelet says one thing in several
// events: of these it returns the one that says most.
func (o *Observed) telling(object string, reasons ...string) *Event {
	var most *Event
	for i := range o.Events {
		e := &o.Events[i]
		if e.Object == object && slices.Contains(reasons, e.Reason) && (most == nil || len(e.Message) > len(most.Message)) {
			most = e
		}
	}
	return most
}

// passed reports whether more than d has passed since t; never for a zero t.
func (o *Observed) passed(t time.Time, d time.Duration) bool {
	return !t.IsZero() && o.Now.Sub(t) > d
}

// finished reports whether no container of p will run again.
func (p *Pod) finished() bool { return p.Phase == "Failed" || p.Phase == "Succeeded" }

// condition returns p's condition of that type, or nil.
func (p *Pod) condition(kind string) *Condition { return findCondition(p.Conditions, kind) }

// ready reports whether p is ready, and since when.
func (p *Pod) ready() (time.Time, bool) {
	if c := p.condition("Ready"); c != nil && c.True {
		return c.Since, true
	}
	return time.Time{}, false
}

func findCondition(conditions []Condition, kind string) *Condition {
	for i := range conditions {
		if conditions[i].Type == kind {
			return &conditions[i]
		}
	}
	return nil
}

// first time that is not zero.
func sinceFirst(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// clip shortens one object's message to what fits a sentence.
func clip(s string) string {
	const limit = 240
	s = strings.TrimRight(strings.TrimSpace(s), ".")
	r := []rune(s)
	if len(r) <= limit {
		return s
	}
	return strings.TrimSpace(string(r[:limit])) + "…"
}
