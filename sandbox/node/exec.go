package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// endOfTransmission is what a terminal takes for the end of its input.
const endOfTransmission = 4

// executor runs commands for exec requests, as processes of this machine in the
// workspace's home.
type executor struct {
	worker *worker
	ctx    context.Context // of the node: a taken-over connection has no other
}

// mayExec reports why a command cannot be run now.
func (w *worker) mayExec(container string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.logs[container] == nil:
		return fmt.Errorf("container %s is not valid for pod %s", container, w.name)
	case container != w.main:
		return fmt.Errorf("container %s is not run in a sandbox, so nothing can be run in it", container)
	case w.process == nil:
		return fmt.Errorf("container not found (%q)", container)
	}
	return nil
}

// ExecInContainer runs one command to its end.
func (e *executor) ExecInContainer(_ context.Context, _, _, _ string, args []string, in io.Reader, out, errOut io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	if len(args) == 0 {
		return errors.New("no command was given")
	}
	e.worker.mu.Lock()
	home, env := e.worker.home, e.worker.environ
	e.worker.mu.Unlock()
	// The node's own PATH is what finds the command: the container's need not
	// exist on this machine.
	path, err := exec.LookPath(args[0])
	if err != nil {
		return notFound(args[0])
	}
	cmd := &exec.Cmd{Path: path, Args: args, Dir: home, Env: env}
	if tty {
		cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], "TERM=xterm")
		err = e.runOnTerminal(cmd, in, out, resize)
	} else {
		err = e.runOnPipes(cmd, in, out, errOut)
	}
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		code := failed.ExitCode()
		if status, ok := failed.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			code = 128 + int(status.Signal())
		}
		return utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", code), Code: code}
	}
	return err
}

// notFound is a runtime's answer to a command that does not exist.
func notFound(name string) error {
	return utilexec.CodeExitError{Err: fmt.Errorf("exec: %q: executable file not found in $PATH", strings.ToValidUTF8(name, "?")), Code: 127}
}

// runOnPipes runs a command without a terminal.
func (e *executor) runOnPipes(cmd *exec.Cmd, in io.Reader, out, errOut io.Writer) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stdout, cmd.Stderr = out, errOut
	// A process that the command leaves behind may hold its output for ever.
	cmd.WaitDelay = time.Second
	if in != nil {
		stdin, err := cmd.StdinPipe()
		if err != nil {
			return fmt.Errorf("making a pipe: %w", err)
		}
		go func() { // ends with the stream, which is closed after the command
			_, _ = io.Copy(stdin, in) // either side may end first
			_ = stdin.Close()
		}()
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the command: %w", err)
	}
	stop := context.AfterFunc(e.worker.alive, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer stop()
	if err := cmd.Wait(); !errors.Is(err, exec.ErrWaitDelay) {
		return err
	}
	return nil
}

// runOnTerminal runs a command on a terminal of its own.
func (e *executor) runOnTerminal(cmd *exec.Cmd, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	terminal, err := pty.StartWithSize(cmd, firstSize(resize))
	if err != nil {
		return fmt.Errorf("starting the command: %w", err)
	}
	stop := context.AfterFunc(e.worker.alive, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer stop()
	ended := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { followSize(terminal, resize, ended) })
	if in != nil {
		go func() { // ends with the stream, which is closed after the command
			if _, err := io.Copy(terminal, in); err != nil {
				_ = terminal.Close() // the client is gone: hang up
				return
			}
			_, _ = terminal.Write([]byte{endOfTransmission}) // it may have ended
		}()
	}
	_, _ = io.Copy(out, terminal) // ends with EIO when the terminal is hung up
	_ = terminal.Close()          // may be closed already; hangs up where the client is gone
	err = cmd.Wait()
	close(ended)
	wg.Wait()
	return err
}

// sizePatience is how long a command waits for the size of its terminal. Clients
// send it beside the request, so it is there at once or never.
const sizePatience = time.Second

// firstSize is the size that a command finds when it starts; nil where the
// client has none to tell. A command that reads its size first and is not asked
// again, such as stty, would otherwise see none.
func firstSize(resize <-chan remotecommand.TerminalSize) *pty.Winsize {
	late := time.NewTimer(sizePatience)
	defer late.Stop()
	select {
	case size, ok := <-resize:
		if ok {
			return &pty.Winsize{Cols: size.Width, Rows: size.Height}
		}
	case <-late.C:
	}
	return nil
}

// followSize resizes a terminal until its command has ended.
func followSize(terminal *os.File, resize <-chan remotecommand.TerminalSize, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case size, ok := <-resize:
			if !ok {
				return
			}
			_ = pty.Setsize(terminal, &pty.Winsize{Cols: size.Width, Rows: size.Height}) // it may have ended
		}
	}
}
