//go:build unix

package editor

import "syscall"

// detached gives a session of its own: closing the terminal, or ctrl+c in it,
// must not reach the editor.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
