package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
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
	c := &copying{conn: conn, in: interrupt.New(in), quiet: quiet}
	uploaded := make(chan error, 1)
	go func() { uploaded <- c.upload() }()
	err := c.download(out)
	_ = conn.Close() // both directions are over, whatever it says
	if c.in.Stop() {
		if uploadErr := <-uploaded; err == nil && uploadErr != nil {
			err = uploadErr
		}
		c.in.Release()
	}
	if timer := c.drain.Load(); timer != nil {
		timer.Stop()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// copying is one Copy in progress.
type copying struct {
	conn  net.Conn
	in    *interrupt.Reader
	quiet time.Duration
	// drain closes conn when the remote stays quiet after the input's end;
	// nil before. upload sets it, download winds it up again.
	drain atomic.Pointer[time.Timer]
	ended atomic.Bool // the remote has ended, so that a failed write means nothing
}

// upload moves the input to the remote.
func (c *copying) upload() error {
	err := c.pump()
	c.drain.Store(time.AfterFunc(c.quiet, func() { _ = c.conn.Close() }))
	return err
}

func (c *copying) pump() error {
	buf := make([]byte, copyBuffer)
	for {
		n, err := c.in.Read(buf)
		if n > 0 {
			if _, err := c.conn.Write(buf[:n]); err != nil {
				if c.ended.Load() || errors.Is(err, net.ErrClosed) {
					return nil
				}
				return fmt.Errorf("sending: %w", err)
			}
		}
		if err != nil {
			return nil // the end of the input, in whatever form, is an end
		}
	}
}

// download moves what the remote says to out.
func (c *copying) download(out io.Writer) error {
	buf := make([]byte, copyBuffer)
	for {
		n, err := c.conn.Read(buf)
		if n > 0 {
			if timer := c.drain.Load(); timer != nil {
				timer.Reset(c.quiet)
			}
			if _, err := out.Write(buf[:n]); err != nil {
				return fmt.Errorf("writing: %w", err)
			}
		}
		if err != nil {
			c.ended.Store(true)
			return c.ending(err)
		}
	}
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
