package state

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/berth-sh/berth/sandbox/proc"
)

// Phase is what the sandbox as a whole is doing.
type Phase string

// The phases. Degraded means that it was running and something in it is not,
// be it that it crashed or that the sandbox is being stopped.
const (
	Running  Phase = "running"
	Starting Phase = "starting"
	Degraded Phase = "degraded"
	Stopped  Phase = "stopped"
)

// Names that the sandbox is known by.
const (
	Context   = "berth-sandbox"    // in its kubeconfig
	Namespace = "demo"             // where its kubeconfig points
	Domain    = "sandbox.internal" // of the gateway's authorities
)

// Component is one part of the sandbox.
type Component struct {
	Name     string  `json:"name"`
	Process  proc.ID `json:"process"`
	Ready    bool    `json:"ready"`
	Restarts int     `json:"restarts"`
	// Inside says that the part lives in the supervisor's process.
	Inside bool `json:"inside,omitempty"`
}

// Step is one step of a start that is done.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"` // since the supervisor started
}

// Status is what the supervisor last wrote about itself.
type Status struct {
	Phase       Phase       `json:"phase"`
	Supervisor  proc.ID     `json:"supervisor"`
	Ports       Settings    `json:"ports"`
	Steps       []Step      `json:"steps"`
	Components  []Component `json:"components"`
	Waiting     string      `json:"waiting,omitempty"`     // what the present step waits for
	Failure     string      `json:"failure,omitempty"`     // why the supervisor gave up
	FailureKind string      `json:"failureKind,omitempty"` // "conflict", "usage" or nothing
	FailureHint string      `json:"failureHint,omitempty"` // and what to do about it
}

// LoadStatus reads the last written status; a missing or damaged file is a
// stopped sandbox, since a supervisor that runs writes it anew.
func (f Folder) LoadStatus() (Status, error) {
	var s Status
	err := f.load("status.json", &s)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) {
		return Status{Phase: Stopped}, nil
	}
	if err != nil {
		return Status{}, fmt.Errorf("reading the status: %w", err)
	}
	if !s.Supervisor.Alive() {
		s.Phase = Stopped
	}
	return s, nil
}

// SaveStatus replaces the status.
func (f Folder) SaveStatus(s Status) error { return f.save("status.json", s) }

// Children are the recorded processes that run, the supervisor excepted.
func (s Status) Children() []proc.ID {
	var ids []proc.ID
	for _, c := range s.Components {
		if !c.Inside && c.Process.Alive() {
			ids = append(ids, c.Process)
		}
	}
	return ids
}
