//go:build unix && !linux

package cli

import "syscall"

// leashed does nothing here: the program notices by itself that it has lost the
// terminal.
func leashed() *syscall.SysProcAttr { return nil }
