package cli

import (
	"io"

	"golang.org/x/term"
)

// streams are the process's three; tests pass buffers.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// descriptor is what files have and buffers lack.
type descriptor interface{ Fd() uintptr }

// isTerminal reports whether stream is a terminal.
func isTerminal(stream any) bool {
	d, ok := stream.(descriptor)
	return ok && term.IsTerminal(int(d.Fd()))
}

// interactive reports whether somebody can be asked: questions are written to
// standard error and answered on standard input.
func (s streams) interactive() bool { return isTerminal(s.in) && isTerminal(s.err) }
