package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/tunnel/internal/interrupt"
)

// Streams are what a remote command reads and writes. In may be nil (an empty
// input), as may Out and Err (discarded). Reads of In are interrupted when
// the command ends if In is an *os.File; an In that is an io.Closer is closed.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Size is that of a terminal, in character cells.
type Size struct{ Rows, Cols int }

// PTY asks for a remote terminal.
type PTY struct {
	Term string // value of TERM; "" means xterm-256color
	Size
	Modes map[uint8]uint32 // terminal modes of RFC 4254 §8; nil means a sane set
}

// farewell is how long a cancelled command may take to close, so that its
// last output still arrives.
const farewell = time.Second

// Shell runs the user's login shell on a remote terminal and returns its exit
// code. Sizes from resize are passed on; it may be nil. Errors and codes are
// those of Exec.
func (c *Client) Shell(ctx context.Context, streams Streams, pty PTY, resize <-chan Size) (int, error) {
	return c.session(ctx, command{shell: true, streams: streams, pty: &pty, resize: resize})
}

// Exec runs one command line with the user's shell and returns its exit code:
// the remote's own, or 128 plus the number of the signal that killed it. A pty
// of nil runs it without a terminal. Where the connection ends first, the code
// is 255 and the error a *LostError; where ctx ends first, ctx's cause.
func (c *Client) Exec(ctx context.Context, line string, streams Streams, pty *PTY, resize <-chan Size) (int, error) {
	return c.session(ctx, command{line: line, streams: streams, pty: pty, resize: resize})
}

// exitLost is the exit code for a failure of the transport, as ssh has it.
const exitLost = 255

// command is one shell or command on its way.
type command struct {
	shell   bool
	line    string
	streams Streams
	pty     *PTY
	resize  <-chan Size
}

// session runs cmd from its channel's opening to its end.
func (c *Client) session(ctx context.Context, cmd command) (int, error) {
	session, err := c.open(ctx)
	if err != nil {
		return exitLost, err
	}
	defer c.hangUp(session) // usually closed by the other side already
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out, errs := newGate(cmd.streams.Out, cancel), newGate(cmd.streams.Err, cancel)
	defer out.shut()
	defer errs.shut()
	session.Stdout, session.Stderr = out, errs
	stdin, err := session.StdinPipe()
	if err != nil {
		return exitLost, err
	}
	if err := c.start(ctx, session, cmd); err != nil {
		return exitLost, err
	}
	stop := feed(stdin, cmd.streams.In, cancel)
	defer stop()
	return c.wait(ctx, session, cmd.resize)
}

// hangUp closes a session without waiting: on a dead connection even the word
// that it is over cannot be written. A closed client has no sessions left.
func (c *Client) hangUp(session *ssh.Session) {
	_ = c.spawn(func() { _ = session.Close() }) // an error means that it is closed already
}

// await runs f, which blocks for as long as the server takes, until it is
// done or ctx ends. The client owns what is left of it.
func (c *Client) await(ctx context.Context, f func() error) error {
	result := make(chan error, 1)
	if !c.spawn(func() { result <- f() }) {
		return c.lost()
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// open opens a channel.
func (c *Client) open(ctx context.Context) (*ssh.Session, error) {
	opened := make(chan *ssh.Session, 1)
	err := c.await(ctx, func() error {
		session, err := c.ssh.NewSession()
		if err == nil && ctx.Err() != nil {
			err = session.Close() // nobody waits for it any more
		}
		opened <- session
		return err
	})
	var refused *ssh.OpenChannelError
	switch {
	case err == nil && ctx.Err() == nil:
		return <-opened, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.As(err, &refused):
		return nil, fmt.Errorf("opening a session: %w", err)
	}
	return nil, c.lost()
}

// start sends the environment, asks for a terminal and starts the command.
func (c *Client) start(ctx context.Context, session *ssh.Session, cmd command) error {
	err := c.await(ctx, func() error {
		if err := c.sendEnv(session); err != nil {
			return err
		}
		if cmd.pty != nil {
			if err := cmd.pty.request(session); err != nil {
				return fmt.Errorf("asking for a terminal: %w", err)
			}
		}
		if cmd.shell {
			return session.Shell()
		}
		return session.Start(cmd.line)
	})
	select {
	case <-c.done:
		return c.lost()
	default:
	}
	return err
}

// sendEnv offers the environment, without asking for answers: a refusal
// changes nothing, and each answer would cost a round trip.
func (c *Client) sendEnv(session *ssh.Session) error {
	for _, pair := range c.env {
		name, value, _ := strings.Cut(pair, "=")
		payload := ssh.Marshal(struct{ Name, Value string }{name, value})
		if _, err := session.SendRequest("env", false, payload); err != nil {
			return c.lost()
		}
	}
	return nil
}

func (p PTY) request(session *ssh.Session) error {
	name, modes := p.Term, p.Modes
	if name == "" {
		name = "xterm-256color"
	}
	if modes == nil {
		modes = map[uint8]uint32{ssh.ECHO: 1, ssh.ICRNL: 1, ssh.IUTF8: 1, ssh.VERASE: 0x7f, ssh.TTY_OP_ISPEED: 38400, ssh.TTY_OP_OSPEED: 38400}
	}
	return session.RequestPty(name, max(p.Rows, 1), max(p.Cols, 1), modes)
}

// wait passes sizes on until the command ends or ctx does.
func (c *Client) wait(ctx context.Context, session *ssh.Session, resize <-chan Size) (int, error) {
	ended := make(chan error, 1)
	if !c.spawn(func() { ended <- session.Wait() }) {
		return exitLost, c.lost()
	}
	for {
		select {
		case err := <-ended:
			if cause := context.Cause(ctx); cause != nil {
				return exitLost, cause
			}
			return c.exitCode(err)
		case size, ok := <-resize:
			if !ok {
				resize = nil
				continue
			}
			_ = session.WindowChange(max(size.Rows, 1), max(size.Cols, 1)) // fails only at the end
		case <-ctx.Done():
			c.hangUp(session)
			select {
			case err := <-ended:
				c.log.Debug("session cancelled", "end", err)
			case <-time.After(farewell):
			}
			return exitLost, context.Cause(ctx)
		}
	}
}

// exitCode reads the end of a session.
func (c *Client) exitCode(err error) (int, error) {
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return exit.ExitStatus(), nil
	}
	return exitLost, c.lost()
}

// feed copies in to the remote's input until in ends. The returned function
// ends it and waits for it where in can be interrupted.
func feed(stdin io.WriteCloser, in io.Reader, cancel context.CancelCauseFunc) (stop func()) {
	if in == nil {
		_ = stdin.Close()
		return func() {}
	}
	input, copied := interrupt.New(in), make(chan struct{})
	go func() {
		defer close(copied)
		_, err := io.Copy(stdin, input)
		if errors.Is(err, ErrDisconnected) {
			cancel(err)
		}
		_ = stdin.Close()
	}()
	return func() {
		if !input.Stop() {
			return
		}
		select {
		case <-copied:
			input.Release()
		case <-time.After(farewell): // a write that a dead connection holds up ends with that
		}
	}
}

// gate stands before the caller's writer: no write begins after the command's
// end, and a writer that fails ends the command.
type gate struct {
	w      io.Writer
	closed atomic.Bool
	failed context.CancelCauseFunc
}

func newGate(w io.Writer, failed context.CancelCauseFunc) *gate {
	if w == nil {
		w = io.Discard
	}
	return &gate{w: w, failed: failed}
}

func (g *gate) Write(b []byte) (int, error) {
	if g.closed.Load() {
		return len(b), nil
	}
	n, err := g.w.Write(b)
	if err != nil {
		g.failed(fmt.Errorf("writing the output: %w", err))
	}
	return n, err
}

func (g *gate) shut() { g.closed.Store(true) }
