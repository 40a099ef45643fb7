package workspace

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of failure that a caller decides on; the command line maps each
// to an exit code. Match them with errors.Is.
var (
	ErrUsage       = errors.New("bad usage")
	ErrNotFound    = errors.New("not found")
	ErrForbidden   = errors.New("forbidden")
	ErrUnreachable = errors.New("unreachable")
	ErrConflict    = errors.New("conflict")
)

// kindError gives an error a kind without repeating the kind in its text.
type kindError struct {
	err  error
	kind error
}

func (e *kindError) Error() string   { return e.err.Error() }
func (e *kindError) Unwrap() []error { return []error{e.err, e.kind} }

// WithKind marks err as one of the kinds above; the message stays err's own.
// It returns nil for a nil err.
func WithKind(kind, err error) error {
	if err == nil {
		return nil
	}
	return &kindError{err, kind}
}

// Usagef formats an error of kind ErrUsage.
func Usagef(format string, args ...any) error {
	return WithKind(ErrUsage, fmt.Errorf(format, args...))
}

// hintError carries the next step beside the cause.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// Hint lets programs that do not import this package find the hint.
func (e *hintError) Hint() string { return e.hint }

// WithHint adds the next step to err; the command line prints it on a line of
// its own. It returns nil for a nil err.
func WithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &hintError{err, hint}
}

// HintOf returns the hints found along err's chain, the outermost first, or "".
func HintOf(err error) string {
	var hints []string
	collectHints(err, &hints)
	return strings.Join(hints, "\n")
}

func collectHints(err error, hints *[]string) {
	if h, ok := err.(*hintError); ok { //nolint:errorlint // the walk below visits every wrapped error itself
		*hints = append(*hints, h.hint)
	}
	switch x := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() error }:
		collectHints(x.Unwrap(), hints)
	case interface{ Unwrap() []error }:
		for _, e := range x.Unwrap() {
			collectHints(e, hints)
		}
	}
}

// Access names one thing that may not be done: it is how a refused verb is
// shown, and how a plan says beforehand what it needs.
type Access struct {
	Verb      string // get, list, watch, create, patch, delete
	Resource  string // plural, with group and subresource where there is one: "deployments.apps", "pods/log"
	Namespace string // "" for cluster-scoped resources
}

// String gives "create deployments.apps in namespace team-a".
func (a Access) String() string {
	if a.Namespace == "" {
		return a.Verb + " " + a.Resource
	}
	return a.Verb + " " + a.Resource + " in namespace " + a.Namespace
}

// AccessError is returned where permissions are missing; it is of kind
// ErrForbidden.
type AccessError struct {
	Missing []Access
}

// Error lists what is missing.
func (e *AccessError) Error() string {
	missing := make([]string, len(e.Missing))
	for i, a := range e.Missing {
		missing[i] = a.String()
	}
	return "no permission to " + strings.Join(missing, ", ")
}

// Unwrap makes errors.Is(err, ErrForbidden) true.
func (e *AccessError) Unwrap() error { return ErrForbidden }
