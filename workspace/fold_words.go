package workspace

// Evidence and next steps: how an object is pointed at, and how the command
// lines are spelled, so that every rule does it alike and each line can be
// pasted into a shell as it stands.

import (
	"strings"
	"time"
)

// podEvidence quotes pod p.
func (o *Observed) podEvidence(p *Pod, says string, since time.Time) Evidence {
	return o.evidence("Pod", p.Name, says, since)
}

// eventEvidence quotes an event.
func (o *Observed) eventEvidence(e *Event) Evidence {
	kind, name, _ := strings.Cut(e.Object, "/")
	said := o.evidence(kind, name, e.Reason+": "+e.Message, e.Time).at("event " + e.Reason)
	if e.Count > 1 {
		said.Count = e.Count
	}
	return said
}

// at says which field of the object says it.
func (e Evidence) at(field string) Evidence {
	e.Field = field
	return e
}

// conditionField is where a condition is found.
func conditionField(kind string) string { return "status.conditions[" + kind + "]" }

// field is where a container's state is found: state or lastState.
func (c Container) field(state string) string {
	if c.Init {
		return "status.initContainerStatuses[" + c.Name + "]." + state
	}
	return "status.containerStatuses[" + c.Name + "]." + state
}

// endField is where a container's end is found: as its state until it is
// started again.
func (c Container) endField() string {
	if c.State.Kind == "terminated" {
		return c.field("state.terminated")
	}
	return c.field("lastState.terminated")
}

// evidence quotes any object of the workspace's namespace.
func (o *Observed) evidence(kind, name, says string, since time.Time) Evidence {
	return Evidence{
		Object: kind + "/" + name, Says: strings.TrimSuffix(says, ": "), Since: since,
		Command: o.kubectl("describe", strings.ToLower(kind), name),
	}
}

// kubectl spells a kubectl line for the workspace's namespace.
func (o *Observed) kubectl(args ...string) string {
	return o.clusterwide(append([]string{"-n", o.Namespace}, args...)...)
}

// clusterwide spells a kubectl line about what is in no namespace.
func (o *Observed) clusterwide(args ...string) string {
	return orElse(o.Kubectl, "kubectl") + " " + strings.Join(args, " ")
}

// berth spells a berth line for this workspace.
func (o *Observed) berth(verb string, flags ...string) string {
	line := o.program() + " " + verb + " " + o.Name + " --namespace " + o.Namespace
	if len(flags) > 0 {
		line += " " + strings.Join(flags, " ")
	}
	return line
}

// program is how this program is called for the workspace's cluster.
func (o *Observed) program() string {
	if o.Program == "" {
		return "berth"
	}
	return o.Program
}

// step is one next step.
func step(text, command string) NextStep { return NextStep{Text: text, Command: command} }

// stepLogs and the others below are the steps that several rules offer.
func (o *Observed) stepLogs() NextStep { return step("read the log", o.berth("logs")) }

func (o *Observed) stepImage() NextStep {
	return step("change the image", o.berth("edit", "--image", "IMAGE"))
}

func (o *Observed) stepEvents() NextStep {
	return step("read the namespace's events", o.kubectl("get", "events", "--sort-by=.lastTimestamp"))
}
func (o *Observed) stepRestart() NextStep { return step("start a new pod", o.berth("restart")) }

// failing and starting spare the rules the common fields.
func failing(reason Reason, brief, sentence string, since time.Time, evidence []Evidence, next ...NextStep) (Status, bool) {
	return Status{Phase: Failing, Reason: reason, Brief: brief, Sentence: sentence, Since: since, Evidence: evidence, Next: next}, true
}

func starting(reason Reason, brief, sentence string, since time.Time, evidence ...Evidence) (Status, bool) {
	return Status{Phase: Starting, Reason: reason, Brief: brief, Sentence: sentence, Since: since, Evidence: evidence}, true
}

// join puts words together as a sentence does: a, b and c.
func join(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
