//go:build !linux

package kube

import "syscall"

// boundUnacknowledged does nothing: only Linux bounds unacknowledged data by a
// socket option.
func boundUnacknowledged(_, _ string, _ syscall.RawConn) error { return nil }
