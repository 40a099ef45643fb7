package cli

import (
	"io"
	"os"

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

// inFile is standard input as a file, for child processes and terminals.
func (s streams) inFile() (*os.File, bool) {
	f, ok := s.in.(*os.File)
	return f, ok
}

// outFile is standard output as a file.
func (s streams) outFile() (*os.File, bool) {
	f, ok := s.out.(*os.File)
	return f, ok
}
