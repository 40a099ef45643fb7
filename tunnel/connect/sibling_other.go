//go:build !unix

package connect

import (
	"os"
	"os/exec"
)

// replaceProcess runs the program at path and passes its failure on. A
// process cannot become another one here, so it stays to wait.
func replaceProcess(path string, args []string) error {
	cmd := exec.Command(path, args[1:]...) //nolint:noctx // lives exactly as long as this process
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
