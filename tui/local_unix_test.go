//go:build unix

package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/creack/pty"

	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/workspace"
)

// localShells are shells of this machine.
func localShells() Shells { return local{argv: []string{"bash", "--norc", "--noprofile", "-i"}} }

type local struct{ argv []string }

// OpenShell is what a deck needs.
func (l local) OpenShell(ctx context.Context, w workspace.Workspace, number int, start term.Start) (term.Shell, error) {
	cmd := exec.CommandContext(ctx, l.argv[0], l.argv[1:]...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "COLORTERM=truecolor", fmt.Sprintf("PS1=%s-%d $ ", w.Name, number))
	p, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(start.Rows), Cols: uint16(start.Cols)})
	if err != nil {
		return nil, err
	}
	return &localShell{File: p, cmd: cmd}, nil
}

type localShell struct {
	*os.File
	cmd  *exec.Cmd
	once sync.Once
}

func (l *localShell) Resize(rows, cols int) error {
	return pty.Setsize(l.File, &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)})
}

// Wait tells a shell that was killed from a lost one no more than ssh does.
func (l *localShell) Wait() (int, error) {
	err := l.cmd.Wait()
	if status, ok := l.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 255, fmt.Errorf("%w: %s", term.ErrLost, status.Signal())
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

func (l *localShell) Close() error {
	l.once.Do(func() {
		_ = l.cmd.Process.Signal(syscall.SIGHUP) // it may have ended
		_ = l.File.Close()
	})
	return nil
}
