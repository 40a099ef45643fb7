//go:build !linux

package connect

import "syscall"

// tuneSocket has nothing to set: only Linux lets a program bound the
// retransmission interval.
func tuneSocket(_, _ string, _ syscall.RawConn) error { return nil }
