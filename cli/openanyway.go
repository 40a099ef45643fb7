package cli

// Opening a workspace although a check has failed.
//
// The checks know what an editor usually needs, and log in as berth does; the
// user may know of a wrapper, another server or another way to log in. So each
// can be passed over, one at a time and by name: never by an answer to every
// question, and never without saying what was passed over.

import (
	"errors"
	"strings"

	"github.com/berth-sh/berth/editor"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
)

// unfitError says that a workspace lacks what an editor cannot work without.
type unfitError struct{ missing []editor.Missing }

// Error names everything that is missing.
func (e *unfitError) Error() string {
	texts := make([]string, len(e.missing))
	for i, m := range e.missing {
		texts[i] = m.Text
	}
	return strings.Join(texts, "\n")
}

// Unwrap carries the next steps.
func (e *unfitError) Unwrap() []error {
	var errs []error
	for _, m := range e.missing {
		errs = append(errs, workspace.WithHint(errors.New(m.Text), m.Next))
	}
	return errs
}

// lines are what to read before it is opened anyway.
func (e *unfitError) lines() []string {
	var lines []string
	for _, m := range e.missing {
		lines = append(lines, m.Text+".", "  "+m.Next)
	}
	return lines
}

// passedOver makes a warning of each reason not to start an editor.
func passedOver(err error) []editor.Missing {
	if err == nil {
		return nil
	}
	var unfit *unfitError
	if errors.As(err, &unfit) {
		return unfit.missing
	}
	next, _, _ := strings.Cut(workspace.HintOf(err), "\n")
	return []editor.Missing{{Text: workspace.Safe(err.Error()), Next: next, Fatal: true}}
}

// offerForce says how to go on where the user may know better than the checks.
func offerForce(err error) error {
	var unfit *unfitError
	var refused *tunnel.AuthError
	switch {
	case errors.As(err, &unfit):
		return &lastHintError{err, "or open it all the same: --force"}
	case errors.As(err, &refused):
		return &lastHintError{err, "or, where ssh can log in and berth cannot, start the editor all the same: --force"}
	}
	return err
}

// lastHintError has a hint that comes after those of its error.
type lastHintError struct {
	error
	hint string
}

// Unwrap gives the error, then the hint.
func (e *lastHintError) Unwrap() []error {
	return []error{e.error, workspace.WithHint(errors.New(e.hint), e.hint)}
}
