package cli

// How a failure ends the process: the one place where an error becomes an exit
// code and the lines that the user reads.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// Exit codes; see the package's documentation.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitForbidden   = 4
	exitUnreachable = 5
	exitConflict    = 6
	exitSSH         = 255
)

// exitError ends the process with a code. err is nil where whoever knew more
// has said it already: a remote command, the sandbox.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exitCode maps an error to the process's exit code.
func exitCode(ctx context.Context, err error) int {
	var exit *exitError
	var interrupt *interruptError
	var timeout net.Error
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &interrupt):
		return 128 + int(interrupt.signal)
	case errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &interrupt):
		return 128 + int(interrupt.signal)
	}
	for _, kind := range []struct {
		err  error
		code int
	}{
		{workspace.ErrUsage, exitUsage},
		{workspace.ErrNotFound, exitNotFound},
		{workspace.ErrForbidden, exitForbidden},
		{workspace.ErrConflict, exitConflict},
		{workspace.ErrUnreachable, exitUnreachable},
		{context.DeadlineExceeded, exitUnreachable},
		{os.ErrDeadlineExceeded, exitUnreachable},
	} {
		if errors.Is(err, kind.err) {
			return kind.code
		}
	}
	if errors.As(err, &timeout) && timeout.Timeout() {
		return exitUnreachable
	}
	return exitFailure
}

// report tells the user about err and returns the exit code.
func report(ctx context.Context, w io.Writer, err error) int {
	code := exitCode(ctx, err)
	var exit *exitError
	switch {
	case err == nil, errors.As(err, &exit) && exit.err == nil:
		return code
	case code > 128 && code != exitSSH && exit == nil:
		fmt.Fprintln(w, "berth: interrupted")
		reportHints(w, err)
		return code
	}
	for i, line := range strings.Split(workspace.SafeText(err.Error()), "\n") {
		if i == 0 {
			line = "berth: " + line
		}
		fmt.Fprintln(w, line)
	}
	reportHints(w, err)
	return code
}

// reportHints prints the next steps that err carries.
func reportHints(w io.Writer, err error) {
	text := hints(err)
	if text == "" {
		return
	}
	for hint := range strings.SplitSeq(workspace.SafeText(text), "\n") {
		fmt.Fprintln(w, "hint: "+hint)
	}
}
