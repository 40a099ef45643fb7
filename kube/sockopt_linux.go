package kube

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// boundUnacknowledged ends a connection whose data nobody acknowledges for ten
// seconds; keepalive probes are not sent while data is under way.
func boundUnacknowledged(_, _ string, raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) {
		// Without the option the kernel's own, longer limit holds.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 10_000)
	})
}
