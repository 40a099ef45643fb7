package workspace

// Rules about a pod that runs: it is ready, its route fails, its node is lost,
// or sshd does not answer.

import (
	"strconv"
	"time"
)

const (
	// firstStart is how long a container may run before sshd must answer; the
	// entrypoint may have to install it from the image's package manager.
	firstStart = 3 * time.Minute
	// laterStart is the same for a container that has been ready before.
	laterStart = 30 * time.Second
	// overdueAfter is how long a pod may terminate. A grace period is seconds;
	// after minutes its kubelet does not answer or a finalizer holds it.
	overdueAfter = 5 * time.Minute
)

func foldReady(o *Observed) (Status, bool) {
	p := o.current()
	if p == nil {
		return Status{}, false
	}
	since, ready := p.ready()
	if !ready {
		return Status{}, false
	}
	if probe := o.probed(p); probe != nil && !probe.OK {
		return o.routeFails(p, since, probe), true
	}
	return Status{
		Phase: Running, Reason: ReasonReady, Brief: "running", Since: since, Sentence: "Ready; sshd answers.",
		Evidence: []Evidence{o.podEvidence(p, "Ready", since).at(conditionField("Ready"))},
	}, true
}

func foldNodeLost(o *Observed) (Status, bool) {
	if p := o.current(); p != nil {
		if e := o.event("Pod/"+p.Name, "NodeNotReady"); p.NodeLost || p.Reason == "NodeLost" ||
			(e != nil && p.Phase == "Running" && !o.passed(e.Time, overdueAfter) && notReadySince(p, e.Time)) {
			return o.nodeLost(p, "Node "+p.Node+" does not answer; the pod may still run there, and its volume stays locked to that node.")
		}
		return Status{}, false
	}
	if p := o.going(); p != nil {
		return o.overdue(p)
	}
	return Status{}, false
}

// notReadySince reports whether p is not ready for a reason as old as t.
func notReadySince(p *Pod, t time.Time) bool {
	c := p.condition("Ready")
	return c != nil && !c.True && !c.Since.After(t.Add(lag))
}

// overdue recognises a pod whose termination nobody carries out.
func (o *Observed) overdue(p *Pod) (Status, bool) {
	switch {
	case !p.Terminating:
	case p.NodeLost || p.Reason == "NodeLost":
		return o.nodeLost(p, "Node "+p.Node+" does not answer, so pod "+p.Name+" cannot end; its volume stays locked to that node.")
	case p.Node != "" && o.passed(p.DeletedAt, overdueAfter):
		return o.nodeLost(p, "Pod "+p.Name+" should have ended by now; node "+p.Node+" does not answer, or a finalizer holds the pod.")
	}
	return Status{}, false
}

func (o *Observed) nodeLost(p *Pod, sentence string) (Status, bool) {
	since := p.DeletedAt
	if c := p.condition("Ready"); c != nil && !c.True {
		since = sinceFirst(c.Since, since)
	}
	return Status{
		Phase: Unreachable, Reason: ReasonNodeLost, Brief: "node lost", Sentence: sentence, Since: since,
		Evidence: []Evidence{
			o.podEvidence(p, orElse(p.Reason, "on node "+p.Node), since),
			{Object: "Node/" + p.Node, Field: conditionField("Ready"), Says: "not ready", Command: o.clusterwide("describe", "node", p.Node)},
		},
		Next: []NextStep{
			step("wait for the node; its pod goes on when it returns", ""),
			step("ask an administrator whether the node is gone for good; only then may the pod be removed by force", o.clusterwide("get", "node", p.Node)),
		},
	}, true
}

func foldNotReady(o *Observed) (Status, bool) {
	p := o.current()
	if p == nil || p.Phase != "Running" {
		return Status{}, false
	}
	c, ok := p.mainContainer()
	if !ok || c.State.Kind != "running" {
		return Status{}, false
	}
	began, grace := c.State.Since, firstStart
	if ready := p.condition("Ready"); ready != nil && ready.Since.After(began.Add(lag)) {
		began, grace = ready.Since, laterStart
	}
	evidence := []Evidence{o.podEvidence(p, "container "+c.Name+" runs, not ready", began).at(c.field("ready"))}
	if c.Foreign {
		return failing(ReasonNotReady, "no sshd", foreignCommand(c), began, evidence, o.stepCommand())
	}
	if e := o.event("Pod/"+p.Name, "Unhealthy"); e != nil {
		evidence = append(evidence, o.eventEvidence(e))
	}
	if !o.passed(began, grace) {
		return starting(ReasonWaitingForSSH, "waiting for ssh", "The container runs; sshd does not answer yet.", began, evidence...)
	}
	return failing(ReasonNotReady, "ssh not answering", "The container runs, but sshd does not answer on port "+strconv.Itoa(SSHPort)+".",
		began, evidence, o.stepLogs(), o.stepRestart())
}

// foreignCommand says that a container cannot serve ssh: an edit of the
// Deployment or a webhook has replaced what it runs.
func foreignCommand(c Container) string {
	return "Container " + c.Name + " runs another command than berth's, so no sshd is started in it."
}

func (o *Observed) stepCommand() NextStep {
	return step("see who has set its command, and take that away", o.kubectl("get", "deployment", o.Name, "-o", "yaml", "--show-managed-fields"))
}

// mainContainer returns the first container that is not an init container.
func (p *Pod) mainContainer() (Container, bool) {
	for _, c := range p.Containers {
		if !c.Init {
			return c, true
		}
	}
	return Container{}, false
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
