//go:build unix

package cli

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// noTerminal gives a program a session of its own: it has no terminal to ask
// at, and ends with everything that it has started.
func noTerminal() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// killAll ends a program that noTerminal has set apart.
func killAll(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) } // it may have ended

// inFront has a command take the keys of a terminal, ctrl+c among them, until
// restore is called.
func inFront(cmd *exec.Cmd, terminal *os.File) (restore func()) {
	fd := int(terminal.Fd())
	cmd.SysProcAttr = &syscall.SysProcAttr{Foreground: true, Ctty: fd}
	return func() {
		signal.Ignore(syscall.SIGTTOU) // we are in the background, and would be stopped for taking it back
		defer signal.Reset(syscall.SIGTTOU)
		_ = unix.IoctlSetPointerInt(fd, unix.TIOCSPGRP, syscall.Getpgrp()) // a terminal that has gone needs no owner
	}
}
