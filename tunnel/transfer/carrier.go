package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// Carrier is a program whose standard streams lead to the workspace: the
// system's ssh. It does the work of the line, encryption above all, in a
// process of its own, which is why it is faster than a client in this one.
type Carrier struct {
	io.Reader
	io.WriteCloser

	cmd  *exec.Cmd
	errs *tail
	once sync.Once // guards the wait
	err  error     // how it ended
}

// Carry starts a program. It ends with ctx, or when the carrier is closed.
func Carry(ctx context.Context, argv []string) (*Carrier, error) {
	c := &Carrier{cmd: exec.CommandContext(ctx, argv[0], argv[1:]...), errs: &tail{}}
	c.cmd.Stderr = c.errs
	c.cmd.WaitDelay = time.Second
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", argv[0], err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", argv[0], err), in.Close(), theirIn.Close())
	}
	widen(in)
	widen(out)
	c.cmd.Stdin, c.cmd.Stdout = theirIn, theirOut
	c.Reader, c.WriteCloser = out, in
	err = c.cmd.Start()
	_, _ = theirIn.Close(), theirOut.Close() // the program has its own
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", argv[0], err), in.Close(), out.Close())
	}
	return c, nil
}

// Close ends the program, and gives it a moment to do so by itself.
func (c *Carrier) Close() error {
	err := c.WriteCloser.Close()
	timer := time.AfterFunc(time.Second, func() { _ = c.cmd.Process.Kill() })
	defer timer.Stop()
	_ = c.wait() // how it ends is told by Err
	if closer, ok := c.Reader.(io.Closer); ok {
		_ = closer.Close() // it was read from
	}
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return err
}

func (c *Carrier) wait() error {
	c.once.Do(func() { c.err = c.cmd.Wait() })
	return c.err
}

// Err closes the carrier and tells why it failed, in the program's own words;
// nil where it did not, or did not say.
func (c *Carrier) Err() error {
	_ = c.Close() // its failure is what the program says
	text := c.errs.String()
	if c.wait() == nil || text == "" {
		return nil
	}
	err := workspace.WithKind(workspace.ErrUnreachable, errors.New(text))
	for _, hint := range c.errs.hints() {
		err = workspace.WithHint(err, hint)
	}
	return err
}

// tail keeps the last few kilobytes that a program has said.
type tail struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

const tailSize = 8 << 10

// Write implements io.Writer and never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(b)
	if over := t.buf.Len() - tailSize; over > 0 {
		t.buf.Next(over)
	}
	return len(b), nil
}

func (t *tail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Split(workspace.SafeText(t.buf.String()), "\n")
}

// String is what it has said, without hints and without what ssh adds when its
// helper has given the reason.
func (t *tail) String() string {
	var kept []string
	for _, line := range t.lines() {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "hint: ") || strings.HasPrefix(line, "mm_receive_fd") || strings.HasPrefix(line, "proxy dialer") {
			continue
		}
		kept = append(kept, strings.TrimPrefix(line, "berth: "))
	}
	const last = 3
	return strings.Join(kept[max(0, len(kept)-last):], "; ")
}

func (t *tail) hints() []string {
	var hints []string
	for _, line := range t.lines() {
		if hint, ok := strings.CutPrefix(line, "hint: "); ok {
			hints = append(hints, hint)
		}
	}
	return hints
}
