package connect

import (
	"os/exec"
	"syscall"
)

// alone gives the program a session of its own: it has no terminal to ask at,
// and ends with everything it has started, also when this process is killed.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
