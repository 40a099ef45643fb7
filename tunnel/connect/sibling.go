package connect

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/berth-sh/berth/workspace/alias"
)

// siblingError is a port-forward that this small program cannot do itself.
type siblingError struct{ err error }

func (e *siblingError) Error() string {
	return fmt.Sprintf("running berth for the port-forward: %v", e.err)
}
func (e *siblingError) Unwrap() error { return e.err }

// Hint returns the next step.
func (e *siblingError) Hint() string {
	return "install berth beside berth-connect or in PATH, then run `berth ssh-config install`"
}

// runSibling lets `berth connect` serve this connection instead of this
// process. Nothing has been read from ssh so far, so nothing is lost.
func runSibling(name string) error {
	path, err := siblingPath()
	if err != nil {
		return &siblingError{err}
	}
	args := []string{path, "connect", "--via", string(alias.PortForward), name}
	return &siblingError{replaceProcess(path, args)}
}

// siblingPath finds berth beside this program, then in PATH.
func siblingPath() (string, error) {
	program := "berth"
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), program)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", errors.New("berth is neither beside this program nor in PATH")
	}
	return path, nil
}
