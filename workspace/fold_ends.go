package workspace

// Rules about what ends a workspace: its namespace, delete, stop, and what may
// not be seen at all.

import "time"

// lag is how long objects written together may take to arrive on their
// separate watches; within it, absence means nothing.
const lag = 5 * time.Second

// deletionField is where an object says that it is going.
const deletionField = "metadata.deletionTimestamp"

func foldNamespace(o *Observed) (Status, bool) {
	if !o.NamespaceTerminating {
		return Status{}, false
	}
	return failing(ReasonNamespaceGone, "namespace going",
		"Namespace "+o.Namespace+" is being deleted, and with it this workspace and its home.", time.Time{},
		[]Evidence{{Object: "Namespace/" + o.Namespace, Field: "status.phase", Says: "Terminating", Command: o.clusterwide("describe", "namespace", o.Namespace)}},
		step("save what you need while the pod still runs", o.berth("ssh")),
		step("see what holds the namespace", o.clusterwide("get", "namespace", o.Namespace, "-o", "yaml")))
}

func foldDeleted(o *Observed) (Status, bool) {
	if o.Deployment != nil || o.Claim == nil {
		return Status{}, false
	}
	c := o.Claim
	if !c.Deleted && o.denied("deployments.apps") != nil {
		return Status{}, false
	}
	if !c.Deleted && !o.passed(c.Created, time.Minute) {
		return starting(ReasonCreating, "creating", "The home is there, the Deployment is not yet.", c.Created)
	}
	s := Status{
		Phase: Deleted, Reason: ReasonDeleted, Brief: "home kept", Since: c.DeletedAt,
		Sentence: "Deleted; home and keys are kept and can be restored.",
		Evidence: []Evidence{o.evidence("PersistentVolumeClaim", c.Name, "label "+LabelDeleted, c.DeletedAt).at("metadata.labels")},
		Next: []NextStep{
			step("bring it back", o.berth("restore")),
			step("destroy the home for good", o.berth("purge")),
		},
	}
	switch {
	case c.Terminating:
		s.Brief, s.Sentence = "being destroyed", "The home is being destroyed; its finalizers have not let it go yet."
		s.Next = []NextStep{step("see what holds it", o.kubectl("describe", "pvc", c.Name))}
	case !c.Deleted:
		s.Brief, s.Sentence = "no deployment", "The Deployment is gone, but not through berth; the home is still there and can be restored."
		s.Evidence[0].Field, s.Evidence[0].Says = "", "no Deployment/"+o.Name
	}
	if p := o.going(); p != nil && !c.Terminating {
		s.Phase, s.Reason, s.Brief, s.Since = Stopping, ReasonStopping, "deleting", p.DeletedAt
		s.Sentence = "Deleted; pod " + p.Name + " is still ending."
		s.Next = nil
	}
	return s, true
}

// foldNoDeployment covers what is left: leftovers of a deleted workspace, or a
// Deployment that may not be seen.
func foldNoDeployment(o *Observed) (Status, bool) {
	if o.Deployment != nil {
		return Status{}, false
	}
	if a := o.denied("deployments.apps"); a != nil {
		return o.unknown(a, "Whether it runs is unknown")
	}
	if p := o.going(); p != nil {
		return Status{
			Phase: Stopping, Reason: ReasonStopping, Brief: "deleting", Since: p.DeletedAt,
			Sentence: "Deleted; pod " + p.Name + " is still ending.",
			Evidence: []Evidence{o.podEvidence(p, "terminating", p.DeletedAt).at(deletionField)},
		}, true
	}
	return Status{Phase: Deleted, Reason: ReasonDeleted, Brief: "nothing left", Sentence: "Deployment and home are gone."}, true
}

func foldDeploymentGoing(o *Observed) (Status, bool) {
	if !o.Deployment.Terminating {
		return Status{}, false
	}
	return Status{
		Phase: Stopping, Reason: ReasonStopping, Brief: "deleting", Sentence: "It is being deleted; home and keys stay.",
		Evidence: []Evidence{o.evidence("Deployment", o.Deployment.Name, "terminating", time.Time{}).at(deletionField)},
	}, true
}

func foldStopped(o *Observed) (Status, bool) {
	if o.Deployment.Replicas > 0 {
		return Status{}, false
	}
	for i := range o.Pods {
		p := &o.Pods[i]
		if p.finished() && !p.Terminating {
			continue
		}
		if s, ok := o.overdue(p); ok {
			return s, true
		}
		return Status{
			Phase: Stopping, Reason: ReasonStopping, Brief: "pod ending", Since: sinceFirst(p.DeletedAt),
			Sentence: "Stopping; pod " + p.Name + " is ending.",
			Evidence: []Evidence{o.podEvidence(p, "terminating", p.DeletedAt).at(deletionField)},
		}, true
	}
	if a := o.denied("pods"); a != nil && o.Deployment.ReadyReplicas > 0 {
		return Status{Phase: Stopping, Reason: ReasonStopping, Brief: "pod ending", Sentence: "Stopping; the Deployment still counts a ready pod."}, true
	}
	if s, ok := foldClaimGone(o); ok {
		return s, true
	}
	return Status{
		Phase: Stopped, Reason: ReasonStopped, Brief: "stopped", Sentence: "Stopped; the home is kept.",
		Next: []NextStep{step("start it", o.berth("start"))},
	}, true
}

// foldDenied speaks where the reason would be in pods that may not be seen.
func foldDenied(o *Observed) (Status, bool) {
	a := o.denied("pods")
	if a == nil {
		return Status{}, false
	}
	if o.Deployment.ReadyReplicas > 0 {
		return Status{
			Phase: Running, Reason: ReasonReady, Brief: "running", Sentence: "Ready, as the Deployment counts it; its pod may not be seen.",
			Evidence: []Evidence{o.evidence("Deployment", o.Deployment.Name, "1 ready", time.Time{}).at("status.readyReplicas")},
		}, true
	}
	if s, ok := foldDeadline(o); ok {
		s.Sentence = "It did not become ready in time, and why is unknown: no permission to " + a.String() + "."
		s.Next = append([]NextStep{o.stepPermission(a)}, s.Next...)
		return s, true
	}
	return o.unknown(a, "It is not ready, and why is unknown")
}

// unknown says what is not known, and for lack of which permission. It is not
// a failure of the workspace, so the phase stays Starting.
func (o *Observed) unknown(a *Access, what string) (Status, bool) {
	s, _ := starting(ReasonNoPermission, "no permission", what+": no permission to "+a.String()+".", time.Time{})
	s.Next = []NextStep{o.stepPermission(a)}
	return s, true
}

func (o *Observed) stepPermission(a *Access) NextStep {
	return step("ask an administrator for the role berth-developer", o.kubectl("auth", "can-i", a.Verb, a.Resource))
}
