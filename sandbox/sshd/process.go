package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// When the client is gone or the server stops, a command's process group gets
// SIGHUP, then SIGTERM, then SIGKILL, with this much time between.
const hangupGrace = time.Second

// signalNames are the signals that SSH knows by name.
func signalNames() map[syscall.Signal]string {
	return map[syscall.Signal]string{
		syscall.SIGABRT: "ABRT", syscall.SIGALRM: "ALRM", syscall.SIGFPE: "FPE",
		syscall.SIGHUP: "HUP", syscall.SIGILL: "ILL", syscall.SIGINT: "INT",
		syscall.SIGKILL: "KILL", syscall.SIGPIPE: "PIPE", syscall.SIGQUIT: "QUIT",
		syscall.SIGSEGV: "SEGV", syscall.SIGTERM: "TERM", syscall.SIGUSR1: "USR1",
		syscall.SIGUSR2: "USR2",
	}
}

// command prepares the shell, or the shell running line.
func (s *session) command(line string) *exec.Cmd {
	sh := shell()
	// No context: a process is ended by signals to its whole group, in steps.
	cmd := &exec.Cmd{Path: sh, Dir: s.client.server.Home, Env: s.environ()}
	switch {
	case line != "":
		cmd.Args = []string{filepath.Base(sh), "-c", line}
	default:
		cmd.Args = []string{"-" + filepath.Base(sh)} // a login shell
	}
	return cmd
}

// runOnPipes runs a command without a terminal. As with OpenSSH the exit code
// is reported at once, and the channel stays open until every process that
// inherited the pipes has closed them.
func (s *session) runOnPipes(ctx context.Context, line string) {
	cmd := s.command(line)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var ours, theirs []*os.File
	defer func() { closeFiles(ours) }()
	for range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			closeFiles(theirs)
			s.fail(err)
			return
		}
		ours, theirs = append(ours, r), append(theirs, w)
	}
	ours[0], theirs[0] = theirs[0], ours[0] // standard input flows the other way
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs[0], theirs[1], theirs[2]
	err := s.startProcess(cmd)
	closeFiles(theirs)
	if err != nil {
		s.fail(err)
		return
	}
	go func() { // ends with the channel, which this session closes when it is done
		_, _ = io.Copy(ours[0], s.channel) // either side may leave first
		_ = ours[0].Close()
		_, _ = io.Copy(io.Discard, s.channel) // keeps the window open for a client that goes on
	}()
	var output sync.WaitGroup
	output.Go(func() { _, _ = io.Copy(s.channel, ours[1]) })
	output.Go(func() { _, _ = io.Copy(s.channel.Stderr(), ours[2]) })
	s.supervise(ctx, cmd)
	drained := make(chan struct{})
	go func() { output.Wait(); close(drained) }()
	select {
	case <-drained:
	case <-ctx.Done():
		closeFiles(ours) // a background process holds the pipe, and nobody listens
		<-drained
	}
	_ = s.channel.CloseWrite() // the channel may be closed already
}

// startProcess starts cmd and records its process group.
func (s *session) startProcess(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pid = cmd.Process.Pid
	return nil
}

// supervise waits for the command, ends it when ctx does, and reports its exit.
func (s *session) supervise(ctx context.Context, cmd *exec.Cmd) {
	exited := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-exited:
		case <-ctx.Done():
			s.hangUp(exited)
		}
	})
	err := cmd.Wait()
	s.mu.Lock()
	s.pid = 0
	s.mu.Unlock()
	close(exited)
	wg.Wait()
	var exit *exec.ExitError
	if err == nil {
		s.reportExit(0)
	} else if !errors.As(err, &exit) {
		s.reportExit(255)
	} else if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		s.reportSignal(status)
	} else {
		s.reportExit(exit.ExitCode())
	}
}

// hangUp ends the session's process group, gently first.
func (s *session) hangUp(exited <-chan struct{}) {
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGKILL} {
		s.kill(sig)
		select {
		case <-exited:
			return
		case <-time.After(hangupGrace):
		}
	}
}

// reportExit tells the client the exit code.
func (s *session) reportExit(code int) {
	m := struct{ Status uint32 }{uint32(code)}
	_, _ = s.channel.SendRequest("exit-status", false, ssh.Marshal(&m)) // the client may be gone
}

// reportSignal tells the client which signal ended the command.
func (s *session) reportSignal(status syscall.WaitStatus) {
	name, known := signalNames()[status.Signal()]
	if !known {
		s.reportExit(128 + int(status.Signal()))
		return
	}
	m := struct {
		Name     string
		Core     bool
		Message  string
		Language string
	}{Name: name, Core: status.CoreDump()}
	_, _ = s.channel.SendRequest("exit-signal", false, ssh.Marshal(&m)) // the client may be gone
}

// closeFiles closes all files; each may be closed already.
func closeFiles(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}
