package workspace

// The start of a pod as a line of stages. When a stage was reached is read from
// conditions and container states, which last as long as the pod, and from
// events, which the cluster forgets after an hour: a stage may be known to be
// done and not when. Times of Kubernetes are whole seconds.

import (
	"strings"
	"time"
)

// StageState says how far a stage is.
type StageState string

// The states of a stage.
const (
	StageDone    StageState = "done"
	StageRunning StageState = "running"
	StageFailed  StageState = "failed"  // it is this one that does not get on
	StageWaiting StageState = "waiting" // its turn has not come
)

// Stage is one step of a pod's start.
type Stage struct {
	Name   string
	State  StageState
	Detail string    // which node, which image; "" for nothing worth telling
	Began  time.Time // when the stage before it was done; zero when unknown
	At     time.Time // when it was done; zero when it is not, or when that is unknown
}

// Took returns how long a stage has taken, or goes on at the moment now; false
// when that is unknown.
func (s Stage) Took(now time.Time) (time.Duration, bool) {
	end := s.At
	if s.State == StageRunning || s.State == StageFailed {
		end = now
	}
	if s.Began.IsZero() || end.IsZero() || s.State == StageWaiting {
		return 0, false
	}
	return max(0, end.Sub(s.Began)), true
}

// StartTook returns how long a complete start took; false while it is not
// complete, or when the container has been started again since.
func StartTook(stages []Stage) (time.Duration, bool) {
	if len(stages) == 0 {
		return 0, false
	}
	first, last := stages[0], stages[len(stages)-1]
	if last.State != StageDone || first.Began.IsZero() || last.At.IsZero() {
		return 0, false
	}
	return last.At.Sub(first.Began), true
}

// Stages returns how the start of the newest pod has gone, or goes; s is the
// fold's answer to the same observation.
func Stages(o Observed, s Status) []Stage {
	p := o.current()
	if p == nil || s.Phase == Deleted || s.Phase == Stopping || s.Phase == Stopped {
		return nil
	}
	stages := []Stage{o.scheduled(p), o.volumeReady(p), o.imagePulled(p), o.containerStarted(p), o.sshdReady(p)}
	began, open := p.Created, true
	for i := range stages {
		stage := &stages[i]
		if stage.State == StageDone && !open {
			stage.State = StageWaiting // a later sign of an earlier life
		}
		if stage.State == StageDone {
			stage.Began = began
			if stage.At.IsZero() {
				continue
			}
			if stage.At.Before(began) {
				stage.At = began
			}
			began = stage.At
			continue
		}
		if open {
			stage.State, stage.Began = StageRunning, began
			if !s.Healthy() {
				stage.State = StageFailed
			}
		}
		open = false
		stage.At = time.Time{}
	}
	return stages
}

// done is a stage that is done, else one that waits.
func done(name string, is bool, at time.Time, detail string) Stage {
	if !is {
		return Stage{Name: name, State: StageWaiting, Detail: detail}
	}
	return Stage{Name: name, State: StageDone, At: at, Detail: detail}
}

func (o *Observed) scheduled(p *Pod) Stage {
	at := time.Time{}
	if c := p.condition("PodScheduled"); c != nil && c.True {
		at = c.Since
	}
	return done("scheduled", p.Node != "", at, p.Node)
}

// volumeReady is also when the pod has its network: Kubernetes tells both at
// once.
func (o *Observed) volumeReady(p *Pod) Stage {
	detail, at := "", time.Time{}
	if o.Claim != nil {
		detail = strings.TrimSpace(o.Claim.Capacity + " " + o.Claim.StorageClass)
		if o.Claim.Phase == "Pending" {
			detail = "claim " + o.Claim.Name + " is pending"
		}
	}
	is := p.mounted()
	if c := p.condition("PodReadyToStartContainers"); c != nil && c.True {
		at = c.Since
	}
	if e := o.event("Pod/"+p.Name, "Pulling", "Pulled"); e != nil && p.Node != "" {
		is = true // images come after volumes
	}
	return done("volume ready", is, at, detail)
}

func (o *Observed) imagePulled(p *Pod) Stage {
	c, _ := p.mainContainer()
	is, at, detail := c.began(), time.Time{}, c.Image
	if e := o.firstEvent(p, "Pulled", c.Image); e != nil {
		is, at = true, sinceFirst(e.First, e.Time)
		if strings.Contains(e.Message, "already present") {
			detail += ", was on the node"
		}
	}
	return done("image pulled", is, at, detail)
}

func (o *Observed) containerStarted(p *Pod) Stage {
	c, _ := p.mainContainer()
	at, detail := time.Time{}, ""
	if c.State.Kind == "running" && c.Restarts == 0 {
		at = c.State.Since
	} else if e := o.firstEvent(p, "Started", ""); e != nil {
		at = sinceFirst(e.First, e.Time)
	}
	if c.Restarts > 0 {
		detail = times(c.Restarts, "restart") + " since"
	}
	return done("container started", c.began(), at, detail)
}

// longStart is how long sshd may take at most; a pod that has become ready
// later than that was ready before, and the first time is not known any more.
const longStart = 30 * time.Minute

func (o *Observed) sshdReady(p *Pod) Stage {
	at, ready := p.ready()
	if c, _ := p.mainContainer(); c.Restarts > 0 || c.State.Kind == "running" && at.Sub(c.State.Since) > longStart {
		at = time.Time{}
	}
	return done("sshd ready", ready, at, "")
}

// began reports whether a container has run at least once.
func (c Container) began() bool {
	return c.State.Kind == "running" || c.State.Kind == "terminated" || c.Restarts > 0 || c.Last.Kind != ""
}

// firstEvent returns the earliest event of p with a reason whose message
// contains a text, or nil.
func (o *Observed) firstEvent(p *Pod, reason, text string) *Event {
	var first *Event
	for i := range o.Events {
		e := &o.Events[i]
		if e.Object != "Pod/"+p.Name || e.Reason != reason || !strings.Contains(e.Message, text) {
			continue
		}
		if first == nil || sinceFirst(e.First, e.Time).Before(sinceFirst(first.First, first.Time)) {
			first = e
		}
	}
	return first
}
