//go:build !unix && !windows

package connect

import "os/exec"

// alone has nothing to set: the program is ended, what it has started is not.
func alone(*exec.Cmd) {}
