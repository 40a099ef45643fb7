package workspace

// Rules about containers that cannot be made, do not start, or end.

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// settle is how long a container that has crashed twice must run before the
// crashes are history; without it the row would flicker with every attempt.
const settle = 10 * time.Second

func foldConfigError(o *Observed) (Status, bool) {
	p, c := o.waiting("CreateContainerConfigError")
	if p == nil {
		return Status{}, false
	}
	if name := missingSecret(c.State.Message); name == o.SecretName() {
		return o.secretMissing(o.podEvidence(p, c.State.Reason+": "+c.State.Message, p.Created).at(c.field("state.waiting")))
	}
	return failing(ReasonConfigError, "bad configuration",
		"Container "+c.Name+" cannot be configured: "+orElse(clip(c.State.Message), "the node does not say why")+".", p.Created,
		[]Evidence{o.podEvidence(p, c.State.Reason+": "+c.State.Message, p.Created).at(c.field("state.waiting"))},
		step("create what is missing, or take it out of the workspace", o.berth("edit")))
}

func foldRunError(o *Observed) (Status, bool) {
	p, c := o.waiting("CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun", "PostStartHookError", "PreCreateHookError")
	state := c.State
	if p == nil {
		p, c, state = o.cannotRun()
	}
	if p == nil {
		return Status{}, false
	}
	brief, sentence, next := o.unsuited(c, state.Message)
	if brief == "" {
		brief, next = "cannot run", []NextStep{o.stepImage()}
		sentence = "Container " + c.Name + " cannot be run: " + orElse(clip(runCause(state.Message)), "the node does not say why") + "."
	}
	return failing(ReasonRunError, brief, sentence, sinceFirst(state.Since, p.Created),
		[]Evidence{o.podEvidence(p, state.Reason+": "+state.Message, state.Since).at(c.stateField(state))}, append(next, o.stepEvents())...)
}

// waiting returns the current pod and its first container that waits for one
// of the reasons, or a nil pod.
func (o *Observed) waiting(reasons ...string) (*Pod, Container) {
	p := o.current()
	if p == nil {
		return nil, Container{}
	}
	for _, c := range p.Containers {
		if c.State.Kind == "waiting" && slices.Contains(reasons, c.State.Reason) {
			return p, c
		}
	}
	return nil, Container{}
}

// cannotRun finds a container that the runtime could not start: the kubelet
// reports it as terminated, and backs off like after a crash.
func (o *Observed) cannotRun() (*Pod, Container, ContainerState) {
	p := o.current()
	if p == nil {
		return nil, Container{}, ContainerState{}
	}
	for _, c := range p.Containers {
		end := c.State
		if end.Kind == "waiting" {
			end = c.Last
		}
		if end.Kind == "terminated" && slices.Contains([]string{"StartError", "ContainerCannotRun"}, end.Reason) {
			return p, c, end
		}
	}
	return nil, Container{}, ContainerState{}
}

// stateField is where a state that has been found is.
func (c Container) stateField(s ContainerState) string {
	if s.Kind == "waiting" {
		return c.field("state.waiting")
	}
	return c.endField()
}

// runCause cuts the runtime's own chain of callers before the cause.
func runCause(message string) string {
	for _, before := range []string{"unable to start container process: ", "OCI runtime create failed: ", "failed to create containerd task: "} {
		if i := strings.LastIndex(message, before); i >= 0 {
			return message[i+len(before):]
		}
	}
	return message
}

// crash returns the current pod and its first container that has ended and
// will be, or has just been, started again, with how it ended.
func (o *Observed) crash() (*Pod, Container, ContainerState, bool) {
	p := o.current()
	if p == nil {
		return nil, Container{}, ContainerState{}, false
	}
	for _, c := range p.Containers {
		ended := c.State.ExitCode != 0 || !c.Init
		switch {
		case c.State.Kind == "terminated" && ended:
			return p, c, c.State, true
		case c.State.Kind == "waiting" && c.State.Reason == "CrashLoopBackOff":
			return p, c, c.Last, true
		case c.State.Kind == "running" && !c.Init && !c.Ready && c.Restarts >= 2 && !o.passed(c.State.Since, settle):
			return p, c, c.Last, true
		}
	}
	return nil, Container{}, ContainerState{}, false
}

func foldOOM(o *Observed) (Status, bool) {
	p, c, end, ok := o.crash()
	if !ok || end.Reason != "OOMKilled" {
		return Status{}, false
	}
	sentence := "Container " + c.Name + " was killed for memory"
	if c.Memory != "" {
		sentence += ": it has a limit of " + c.Memory
	}
	return failing(ReasonOOM, "out of memory", sentence+".", p.downSince(end),
		[]Evidence{o.podEvidence(p, endSays(end), end.Since).at(c.endField())},
		step("give it more memory", o.berth("edit", "--memory", "SIZE")), o.stepLogs())
}

func foldCrash(o *Observed) (Status, bool) {
	p, c, end, ok := o.crash()
	if !ok {
		return Status{}, false
	}
	what := fmt.Sprintf("exit %d", end.ExitCode)
	sentence := fmt.Sprintf("Container %s ends with exit code %d", c.Name, end.ExitCode)
	if end.Signal > 0 {
		what = fmt.Sprintf("signal %d", end.Signal)
		sentence = fmt.Sprintf("Container %s is ended by signal %d", c.Name, end.Signal)
	}
	sentence += c.again()
	if line := lastLine(end.Message); line != "" {
		sentence += "; it said: " + clip(line)
	}
	if c.Foreign {
		return failing(ReasonCrashLoop, "crash loop · "+what, foreignCommand(c), p.downSince(end), o.crashEvidence(p, c, end), o.stepCommand())
	}
	return failing(ReasonCrashLoop, "crash loop · "+what, sentence+".", p.downSince(end),
		o.crashEvidence(p, c, end),
		step("read its last log", o.berth("logs")), o.stepImage())
}

// crashEvidence is how a container has ended, and where its last words are.
func (o *Observed) crashEvidence(p *Pod, c Container, end ContainerState) []Evidence {
	return []Evidence{{
		Object: "Pod/" + p.Name, Field: c.endField(), Says: endSays(end), Since: end.Since,
		Command: o.kubectl("logs", p.Name, "-c", c.Name, "--previous"),
	}}
}

// again says how often a container was restarted, after a verb; "" for never.
func (c Container) again() string {
	if c.Restarts == 0 {
		return ""
	}
	return " again and again (" + times(c.Restarts, "restart") + ")"
}

// downSince is when a pod that crashes again and again stopped working: when it
// was last ready, not the latest of its crashes.
func (p *Pod) downSince(end ContainerState) time.Time {
	if c := p.condition("Ready"); c != nil && !c.True && !c.Since.IsZero() && c.Since.Before(end.Since) {
		return c.Since
	}
	return sinceFirst(end.Since, p.Created)
}

// endSays gives a container's end in its own words.
func endSays(end ContainerState) string {
	says := fmt.Sprintf("%s, exit code %d", orElse(end.Reason, "ended"), end.ExitCode)
	if end.Message != "" {
		says += "\n" + end.Message
	}
	return says
}

// lastLine returns the last line of text that is not blank.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// times gives "1 restart", "3 restarts".
func times(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
