package cli

import (
	"os"
	"os/exec"
	"syscall"
)

// noTerminal keeps a program from having a console.
func noTerminal() *syscall.SysProcAttr {
	const createNoWindow = 0x08000000
	return &syscall.SysProcAttr{CreationFlags: createNoWindow}
}

// killAll ends a program; what it has started goes on.
func killAll(p *os.Process) { _ = p.Kill() } // it may have ended

// inFront has nothing to do: a console's keys go to whoever reads them.
func inFront(*exec.Cmd, *os.File) (restore func()) { return func() {} }
