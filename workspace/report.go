package workspace

// What an examination of the way to a workspace has found.
//
// A report is plain data, so that a command prints it, a program shows it, and
// somebody else reads it in a bug report.

import "time"

// CheckState says how one check went.
type CheckState string

// The states of a check.
const (
	CheckOK      CheckState = "ok"
	CheckNote    CheckState = "note"    // works, and somebody may want to know
	CheckProblem CheckState = "problem" // the next step says what to do
	CheckSkipped CheckState = "skipped" // does not apply here
	CheckNotMet  CheckState = "not reached"
)

// Check is one thing that was looked at.
type Check struct {
	Name  string // stable: "dns", "host-key", …
	State CheckState
	Took  time.Duration // 0 where there was nothing to wait for
	Text  string        // what was found, without a full stop
	Next  []string      // what to do about it
}

// Report is an examination from end to end. Text in it is fit for a terminal.
type Report struct {
	Subject string // the workspace or alias; "" where none was named
	Alias   string // how ssh reaches it, "" when unknown
	At      time.Time
	Checks  []Check
}

// Found reports whether there is something to do.
func (r Report) Found() bool {
	_, ok := r.First()
	return ok
}

// First is the first problem: what comes after it may be its consequence.
func (r Report) First() (Check, bool) {
	for _, c := range r.Checks {
		if c.State == CheckProblem {
			return c, true
		}
	}
	return Check{}, false
}
