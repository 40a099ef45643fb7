package connect

import (
	"os/exec"
	"syscall"
)

// alone keeps a window from popping up. The program is ended when its time is
// up; what it has started is not.
func alone(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true} }
