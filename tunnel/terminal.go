package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/berth-sh/berth/tunnel/internal/interrupt"
)

// Terminal runs a remote shell or command on the terminal of this process:
// raw mode, sizes as they change, the escapes of ssh (Enter ~.), and
// everything put back on every way out. Its methods are those of a command
// that a full-screen program can hand its terminal to.
type Terminal struct {
	ctx    context.Context // Run has no parameter for it: its form is not ours
	client *Client
	line   string
	term   string

	in   io.Reader
	out  io.Writer
	errs io.Writer
	code int
}

// What a full-screen program expects of a command.
var _ interface {
	Run() error
	SetStdin(r io.Reader)
	SetStdout(w io.Writer)
	SetStderr(w io.Writer)
} = &Terminal{}

// NewTerminal prepares the login shell, or the command line if there is one,
// on client, which stays the caller's. term is the value for TERM. The
// streams are this process's own unless set.
func NewTerminal(ctx context.Context, client *Client, line, term string) *Terminal {
	return &Terminal{ctx: ctx, client: client, line: line, term: term, in: os.Stdin, out: os.Stdout, errs: os.Stderr, code: exitLost}
}

// SetStdin sets where keys come from. Raw mode needs a file.
func (t *Terminal) SetStdin(r io.Reader) { t.in = r }

// SetStdout sets where output goes. Its size is the remote terminal's size.
func (t *Terminal) SetStdout(w io.Writer) { t.out = w }

// SetStderr sets where error output goes; with a terminal at the other end,
// everything is output.
func (t *Terminal) SetStderr(w io.Writer) { t.errs = w }

// ExitCode returns how the remote side ended: its exit code, or 255 where Run
// returned an error.
func (t *Terminal) ExitCode() int { return t.code }

// Run blocks until the remote side ends. A remote exit code other than 0 is no
// error; *LostError and ErrDisconnected are.
func (t *Terminal) Run() (err error) {
	restore, err := makeRaw(t.in, t.out)
	if err != nil {
		return fmt.Errorf("preparing the terminal: %w", err)
	}
	screen := &modes{w: t.out}
	defer func() {
		_, resetErr := io.WriteString(t.out, screen.reset())
		err = errors.Join(err, restore(), resetErr)
	}()
	sizes, stop := watchSize(t.out)
	defer stop()
	input := interrupt.New(t.in)
	input.Filter(func(keys io.Reader) io.Reader { return &escapes{in: keys, help: t.out} })
	streams := Streams{In: input, Out: screen, Err: t.errs}
	pty := PTY{Term: t.term, Size: sizeOf(t.out)}
	if t.line == "" {
		t.code, err = t.client.Shell(t.ctx, streams, pty, sizes)
	} else {
		t.code, err = t.client.Exec(t.ctx, t.line, streams, &pty, sizes)
	}
	return err
}

// filer is a stream with a descriptor: *os.File, and what wraps it.
type filer interface{ Fd() uintptr }

// makeRaw switches the terminal behind in to raw mode. Without a terminal
// there is nothing to do.
func makeRaw(in io.Reader, out io.Writer) (restore func() error, err error) {
	file, ok := in.(filer)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func() error { return nil }, nil
	}
	state, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, err
	}
	undo := enableSequences(out)
	return func() error {
		undo()
		return term.Restore(int(file.Fd()), state)
	}, nil
}

// sizeOf returns the size of the terminal behind out, 80×24 without one.
func sizeOf(out io.Writer) Size {
	if file, ok := out.(filer); ok {
		if cols, rows, err := term.GetSize(int(file.Fd())); err == nil && cols > 0 && rows > 0 {
			return Size{Rows: rows, Cols: cols}
		}
	}
	return Size{Rows: 24, Cols: 80}
}
