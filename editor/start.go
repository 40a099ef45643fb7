package editor

// Starting a program that opens a window.
//
// It gets a session of its own, no terminal, and a file for its errors: a pipe
// would break when berth ends first. Whoever fails does so at once, so two
// seconds are waited for the exit.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/berth-sh/berth/workspace"
)

const (
	settle    = 2 * time.Second
	maxStderr = 4 << 10 // of an editor's complaint, what is shown
)

func (l Launch) run(ctx context.Context) error {
	stderr, err := os.CreateTemp("", "berth-editor-*")
	if err != nil {
		return fmt.Errorf("starting %s: %w", l.name, err)
	}
	defer func() {
		_ = stderr.Close()           // opened here to read
		_ = os.Remove(stderr.Name()) // Windows keeps it while the editor has it open
	}()
	// The editor outlives ctx, and berth.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), l.Argv[0], l.Argv[1:]...)
	cmd.Stderr = stderr
	cmd.SysProcAttr = detached()
	if err := cmd.Start(); err != nil {
		return workspace.WithHint(fmt.Errorf("starting %s: %w", l.name, err), "run it by hand: "+l.Copy)
	}
	// The goroutine ends with the editor, whose exit nobody needs after that.
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err = firstOf(ctx, ended)
	if err == nil {
		return nil
	}
	said := make([]byte, maxStderr)
	n, readErr := stderr.ReadAt(said, 0)
	if readErr != nil && !errors.Is(readErr, io.EOF) {
		n = 0
	}
	if why := workspace.Safe(string(said[:n])); why != "" {
		err = fmt.Errorf("%w: %s", err, why)
	}
	return workspace.WithHint(fmt.Errorf("starting %s: %w", l.name, err), "run it by hand: "+l.Copy)
}

func (l Launch) open(ctx context.Context) error {
	// The goroutine ends with what it opens: openers may stay until a browser
	// is closed.
	ended := make(chan error, 1)
	go func() { ended <- l.openURL(l.URL) }()
	if err := firstOf(ctx, ended); err != nil {
		return workspace.WithHint(fmt.Errorf("opening %s: %w", l.URL, err),
			"install "+l.name+" and its command, or open the address by hand")
	}
	return nil
}

// firstOf waits for the end, or until there seems to be none.
func firstOf(ctx context.Context, ended <-chan error) error {
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
