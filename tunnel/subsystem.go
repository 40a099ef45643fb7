package tunnel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/workspace"
)

// Stream is the input and output of something that runs in the workspace.
type Stream struct {
	io.Reader
	io.WriteCloser
	end    func()
	closed atomic.Bool
}

// Close ends it. The far end may hear of it later; what is written from now on
// never gets there.
func (s *Stream) Close() error {
	s.closed.Store(true)
	s.end()
	return nil
}

// Write implements io.Writer; it returns io.ErrClosedPipe once the stream is
// closed.
func (s *Stream) Write(b []byte) (int, error) {
	if s.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	return s.WriteCloser.Write(b)
}

// Subsystem starts a subsystem of sshd, such as sftp. ctx bounds the start
// alone.
func (c *Client) Subsystem(ctx context.Context, name string) (*Stream, error) {
	s, err := c.stream(ctx, func(session *ssh.Session) error { return session.RequestSubsystem(name) })
	if err != nil && !errors.As(err, new(*LostError)) && ctx.Err() == nil {
		return nil, workspace.WithHint(fmt.Errorf("the workspace has no %s: %s", name, workspace.Safe(err.Error())),
			"its sshd needs a Subsystem line for it")
	}
	return s, err
}

// Pipe starts a command whose input and output the caller holds. ctx bounds
// the start alone.
func (c *Client) Pipe(ctx context.Context, line string) (*Stream, error) {
	return c.stream(ctx, func(session *ssh.Session) error { return session.Start(line) })
}

// stream opens a session and starts something in it. What that says on
// standard error goes nowhere, so that it cannot fill the session's window.
func (c *Client) stream(ctx context.Context, start func(*ssh.Session) error) (*Stream, error) {
	session, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	in, inErr := session.StdinPipe()
	out, outErr := session.StdoutPipe()
	errs, errsErr := session.StderrPipe()
	err = errors.Join(inErr, outErr, errsErr)
	if err == nil {
		err = c.await(ctx, func() error { return start(session) })
	}
	if err != nil || !c.spawn(func() { _, _ = io.Copy(io.Discard, errs) }) {
		c.hangUp(session)
		return nil, cmp.Or(err, c.lost())
	}
	return &Stream{Reader: out, WriteCloser: in, end: func() { c.hangUp(session) }}, nil
}
