//go:build unix

package connect

import (
	"os"
	"syscall"
)

// replaceProcess becomes the program at path; it returns only on failure.
func replaceProcess(path string, args []string) error {
	return syscall.Exec(path, args, os.Environ())
}
