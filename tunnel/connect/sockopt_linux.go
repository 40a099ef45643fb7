package connect

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// outage is how long unacknowledged bytes may wait before the kernel
	// gives up, in milliseconds: a little more than ssh's own ten minutes.
	outage = 620_000
	// retry caps the kernel's retransmission interval, in milliseconds. It
	// doubles without bound otherwise, and a session would stay silent for
	// most of a minute after the network is back.
	retry = 1_000
)

// tuneSocket makes the connection outlive outages and recover at once. The
// cap alone would kill it early (the kernel counts retries, not time), so it
// is set only where the first option holds. Older kernels know only the first.
func tuneSocket(_, _ string, raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, outage) == nil {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_RTO_MAX_MS, retry) // Linux 6.15
		}
	})
}
