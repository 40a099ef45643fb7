package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/berth-sh/berth/tunnel/internal/interrupt"
)

// When a copy ends:
//
//   - The remote side ends: done at once. ssh keeps our input open, so waiting
//     for both directions would never return.
//   - The input ends: nothing is sent to say so, because a gateway that speaks
//     HTTP/1 drops the remote's answer once our side has finished. The copy
//     goes on until the remote ends or has been quiet for a while.
//   - Writing to the remote fails: as above; what it said last still arrives.
//   - Writing the output fails, or the context ends: done at once.

const (
	// copyBuffer is the size of both buffers, in bytes. Fewer and longer
	// reads halve the processor time of a download against 32 KiB.
	copyBuffer = 256 << 10
	// firstBuffer is for the first words of the remote, sshd's greeting.
	firstBuffer = 4 << 10
	// quietAfterInput is how long the remote may be silent once the input
	// has ended: longer than a round trip, short enough for whoever waits.
	quietAfterInput = 2 * time.Second
)

// Copy moves bytes between conn and the pair in, out until either side ends,
// then closes conn. It returns nil after a proper end. Every goroutine it
// started is gone when it returns, unless in cannot be interrupted: *os.File
// can (except for pipes on Windows), and an in that is an io.Closer is closed.
func Copy(ctx context.Context, conn net.Conn, in io.Reader, out io.Writer) error {
	return copyQuiet(ctx, conn, in, out, quietAfterInput)
}

func copyQuiet(ctx context.Context, conn net.Conn, in io.Reader, out io.Writer, quiet time.Duration) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	c := &copying{conn: conn, in: newSource(conn, in), quiet: quiet}
	uploaded := make(chan error, 1)
	go func() { uploaded <- c.upload() }()
	err := c.download(out)
	_ = conn.Close() // both directions are over, whatever it says
	if c.in.stop() {
		if uploadErr := <-uploaded; err == nil && uploadErr != nil {
			err = uploadErr
		}
		c.in.release()
	}
	if timer := c.drain.Load(); timer != nil {
		timer.Stop()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// source is the input on its way to the connection.
type source interface {
	// send moves it until the input ends, which is no error, or the connection
	// does.
	send() error
	// stop ends a send and reports whether that is certain to return.
	stop() bool
	// release frees what the source took, once no send is in progress.
	release()
}

// newSource prefers the kernel's own way to move bytes, where there is one.
func newSource(conn net.Conn, in io.Reader) source {
	if piped := newPiped(conn, in); piped != nil {
		return piped
	}
	return &reading{conn, interrupt.New(in)}
}

// reading is the source of any input.
type reading struct {
	conn net.Conn
	in   *interrupt.Reader
}

func (r *reading) send() error {
	buf := make([]byte, copyBuffer)
	for {
		n, err := r.in.Read(buf)
		if n > 0 {
			if _, err := r.conn.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return nil // the end of the input, in whatever form, is an end
		}
	}
}

func (r *reading) stop() bool { return r.in.Stop() }
func (r *reading) release()   { r.in.Release() }

// copying is one Copy in progress.
type copying struct {
	conn  net.Conn
	in    source
	quiet time.Duration
	// drain closes conn when the remote stays quiet after the input's end;
	// nil before. upload sets it, download winds it up again.
	drain atomic.Pointer[time.Timer]
	ended atomic.Bool // the remote has ended, so that a failed write means nothing
}

// upload moves the input to the remote.
func (c *copying) upload() error {
	err := c.in.send()
	switch {
	case err == nil:
	case c.ended.Load(), errors.Is(err, net.ErrClosed):
		err = nil
	default:
		err = fmt.Errorf("sending: %w", err)
	}
	c.drain.Store(time.AfterFunc(c.quiet, func() { _ = c.conn.Close() }))
	return err
}

// heard winds up the timer of the last words.
func (c *copying) heard() {
	if timer := c.drain.Load(); timer != nil {
		timer.Reset(c.quiet)
	}
}

// download moves what the remote says to out.
func (c *copying) download(out io.Writer) error {
	buf := make([]byte, firstBuffer)
	for {
		n, err := c.conn.Read(buf)
		if n > 0 {
			c.heard()
			if _, err := out.Write(buf[:n]); err != nil {
				return fmt.Errorf("writing: %w", err)
			}
		}
		if err == nil && len(buf) == firstBuffer {
			err = c.pour(out)
			buf = make([]byte, copyBuffer)
		}
		if err != nil {
			c.ended.Store(true)
			return c.ending(err)
		}
	}
}

// pour lets the kernel move what follows, where it can. It returns io.EOF at
// the remote's end, and nil where the rest has to be read and written.
func (c *copying) pour(out io.Writer) error {
	if looking, ok := out.(*greeting); ok {
		out = looking.out // it looks at the first bytes only
	}
	file, ok := out.(*os.File)
	if !ok {
		return nil
	}
	return pour(c.conn, file, c.heard)
}

// ending tells a proper end of the remote side from a loss.
func (c *copying) ending(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil // closed without TLS's farewell; ssh checks its own ends
	case errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return nil // by us: quiet after the input's end, or the context
	}
	return fmt.Errorf("receiving: %w", err)
}
