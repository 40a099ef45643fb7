package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/berth-sh/berth/editor"
	"github.com/berth-sh/berth/workspace"
)

// besideTimeout is how long what runs beside a terminal editor may take to be
// ready.
const besideTimeout = 20 * time.Second

// opening is a planned launch, and what has to be cleared away after it.
type opening struct {
	editor.Launch
	folder string // of a socket; "" for none
}

func (l opening) close() {
	if l.folder != "" {
		_ = os.RemoveAll(l.folder) // a temporary folder; the system clears it otherwise
	}
}

// run runs a launch that wants the terminal, and what it needs beside it.
func (l opening) run(ctx context.Context, in io.Reader, out, errs io.Writer) error {
	if len(l.Beside) > 0 {
		stop, err := l.runBeside(ctx)
		if err != nil {
			return err
		}
		defer stop()
	}
	cmd := exec.CommandContext(ctx, l.Argv[0], l.Argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, errs
	return cmd.Run()
}

// runBeside starts the helper and waits until it is ready. stop ends it.
func (l opening) runBeside(ctx context.Context) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, l.Beside[0], l.Beside[1:]...)
	cmd.Stderr = &said
	cmd.WaitDelay = time.Second
	input, err := cmd.StdinPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	stop = func() {
		_ = input.Close() // it ends with its input, and by force otherwise
		timer := time.AfterFunc(2*time.Second, cancel)
		defer timer.Stop()
		defer cancel()
		_ = cmd.Wait() // what it was needed for is over
	}
	ready := make(chan bool, 1)
	go func() { // ends with the helper's output
		scan := bufio.NewScanner(output)
		for scan.Scan() {
			if scan.Text() == "ready" {
				ready <- true
				_, _ = io.Copy(io.Discard, output)
				return
			}
		}
		ready <- false
	}()
	timer := time.NewTimer(besideTimeout)
	defer timer.Stop()
	ok := false
	err = errors.New("it ended")
	select {
	case ok = <-ready:
	case <-timer.C:
		err = timedOut(besideTimeout)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if ok {
		return stop, nil
	}
	cancel()
	_ = cmd.Wait() // it was killed: what it said is what matters
	if text := workspace.Safe(strings.TrimSpace(said.String())); text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return nil, fmt.Errorf("starting the editor in the workspace: %w", err)
}

// inTerminal is an opening as a program takes it that has the terminal.
type inTerminal struct {
	ctx       context.Context // the program's
	l         opening
	in        io.Reader
	out, errs io.Writer
}

func (t *inTerminal) SetStdin(r io.Reader)  { t.in = r }
func (t *inTerminal) SetStdout(w io.Writer) { t.out = w }
func (t *inTerminal) SetStderr(w io.Writer) { t.errs = w }

// Run runs it to its end.
func (t *inTerminal) Run() error {
	defer t.l.close()
	return t.l.run(t.ctx, t.in, t.out, t.errs)
}
