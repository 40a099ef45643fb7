package workspace

// Rules about the scheduler, and about pods that wait for an older one.

import (
	"fmt"
	"strings"
	"time"
)

// foldRestarting recognises an old pod on its way out. With strategy Recreate
// the new pod comes after it; where somebody else removed the old one, the new
// pod may already wait for its volume.
func foldRestarting(o *Observed) (Status, bool) {
	old := o.going()
	if old == nil {
		return Status{}, false
	}
	if p := o.current(); p != nil && (p.Phase == "Running" || p.mounted()) {
		return Status{}, false
	}
	sentence := "A new pod follows when pod " + old.Name + " has ended."
	evidence := []Evidence{o.podEvidence(old, "terminating", old.DeletedAt).at(deletionField)}
	if c := old.condition("DisruptionTarget"); c != nil && c.True {
		sentence = "The cluster moves the pod off node " + orElse(old.Node, "unknown") + "; a new one follows."
		evidence = append(evidence, o.podEvidence(old, c.Reason+": "+c.Message, c.Since).at(conditionField(c.Type)))
	}
	return starting(ReasonRestarting, "restarting", sentence, old.DeletedAt, evidence...)
}

func foldSchedule(o *Observed) (Status, bool) {
	p := o.current()
	if p == nil || p.Node != "" {
		return Status{}, false
	}
	c := p.condition("PodScheduled")
	if c == nil || c.True || c.Reason != "Unschedulable" {
		return Status{}, false
	}
	evidence := []Evidence{o.podEvidence(p, c.Reason+": "+c.Message, c.Since).at(conditionField(c.Type))}
	up := o.event("Pod/"+p.Name, "TriggeredScaleUp", "Nominated")
	not := o.event("Pod/"+p.Name, "NotTriggerScaleUp")
	if up != nil && (not == nil || up.Time.After(not.Time)) {
		return starting(ReasonScalingUp, "new node coming", "No node has room yet; the cluster is adding one.", up.Time,
			append(evidence, o.eventEvidence(up))...)
	}
	if not != nil {
		evidence = append(evidence, o.eventEvidence(not))
	}
	u := parseUnschedulable(c.Message)
	for _, r := range u.reasons {
		if r.capacity {
			return failing(ReasonNoCapacity, "no volume", "No volume can be had for the home: the nodes "+r.text+".", c.Since, evidence,
				step("ask for a smaller disk or another class", o.berth("create", "--disk", "SIZE", "--storage-class", "CLASS")))
		}
	}
	next := []NextStep{step("see the nodes and what they hold", o.clusterwide("describe", "nodes"))}
	if len(u.short) > 0 {
		next = append([]NextStep{step("ask for less", o.berth("edit", shrinkFlags(u.short)...))}, next...)
	}
	return failing(ReasonUnschedulable, u.brief(), u.sentence(), c.Since, evidence, next...)
}

// shrinkFlags names the flags that ask for less of what is short.
func shrinkFlags(short []string) []string {
	var flags []string
	for _, r := range short {
		switch {
		case r == "cpu":
			flags = append(flags, "--cpu", "CPU")
		case r == "memory":
			flags = append(flags, "--memory", "SIZE")
		case strings.Contains(r, "gpu"):
			flags = append(flags, "--gpu", "N")
		}
	}
	return flags
}

// brief is what the list shows: the resource when it is only one.
func (u unschedulable) brief() string {
	if len(u.short) == 1 {
		return "no room · " + u.short[0]
	}
	if len(u.short) > 1 {
		return "no room"
	}
	return "no node fits"
}

func (u unschedulable) sentence() string {
	if len(u.reasons) == 0 {
		return "No node takes the pod: " + orElse(clip(u.raw), "the scheduler does not say why") + "."
	}
	parts := make([]string, len(u.reasons))
	for i, r := range u.reasons {
		parts[i] = r.text
		if r.nodes > 0 {
			parts[i] = fmt.Sprintf("%d of %d %s", r.nodes, u.nodes, r.text)
		}
	}
	return "No node fits: " + strings.Join(parts, ", ") + "."
}

// foldDeadline is what the Deployment says when nothing says more.
func foldDeadline(o *Observed) (Status, bool) {
	c := findCondition(o.Deployment.Conditions, "Progressing")
	if c == nil || c.True || c.Reason != "ProgressDeadlineExceeded" {
		return Status{}, false
	}
	return failing(ReasonProgressDeadline, "not ready in time", "It did not become ready in time, and no object says why.", c.Since,
		[]Evidence{o.evidence("Deployment", o.Deployment.Name, c.Reason+": "+c.Message, c.Since).at(conditionField(c.Type))}, o.stepEvents(), o.stepRestart())
}

// foldStarting tells the steps of an ordinary start apart; it always matches.
func foldStarting(o *Observed) (Status, bool) {
	p := o.current()
	if p == nil {
		return starting(ReasonCreating, "creating", "The Deployment is there; its pod is not yet.", o.Deployment.Created)
	}
	scheduled := p.condition("PodScheduled")
	if p.Node == "" && (scheduled == nil || !scheduled.True) {
		return starting(ReasonScheduling, "finding a node", "The pod waits for a node.", p.Created, o.podEvidence(p, "not scheduled yet", p.Created).at(conditionField("PodScheduled")))
	}
	since := p.Created
	if scheduled != nil {
		since = sinceFirst(scheduled.Since, since)
	}
	pulling, pulled := o.event("Pod/"+p.Name, "Pulling"), o.event("Pod/"+p.Name, "Pulled", "Created", "Started")
	if pulling != nil && (pulled == nil || pulling.Time.After(pulled.Time)) {
		return starting(ReasonPulling, "pulling image", "Node "+p.Node+" pulls image "+imageOf(p)+".", pulling.Time, o.eventEvidence(pulling))
	}
	if attached := o.event("Pod/"+p.Name, "SuccessfulAttachVolume"); pulling == nil && !p.mounted() && attached == nil && o.passed(since, 2*time.Second) {
		return starting(ReasonAttaching, "attaching volume", "Node "+p.Node+" gets the home's volume.", since, o.podEvidence(p, "volumes not mounted yet", since).at(conditionField("PodReadyToStartContainers")))
	}
	if p.Phase == "Running" {
		return starting(ReasonWaitingForSSH, "waiting for ssh", "The container runs; sshd does not answer yet.", since, o.podEvidence(p, "not ready", since).at(conditionField("Ready")))
	}
	return starting(ReasonContainerCreate, "creating container", "Node "+p.Node+" makes the container.", since, o.podEvidence(p, "container not started yet", since))
}

func imageOf(p *Pod) string {
	c, _ := p.mainContainer()
	return c.Image
}
