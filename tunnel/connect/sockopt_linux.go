package connect

import (
	"net/netip"
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
	// segment is the most that a packet carries over a network of wideMTU or
	// less, in bytes. Where the way has a tunnel in it and drops what does not
	// fit without a word, ssh hangs in its first long message until sshd hangs
	// up after minutes; packets of the least size that IPv6 allows always fit.
	// Headers then take 1.2 % more of the wire.
	segment = 1200
	// wideMTU is that of Ethernet. Wider networks are local: loopback, or a
	// data centre's, where small packets would cost more.
	wideMTU = 1500
)

// tuneSocket makes the connection outlive outages, recover from them at once,
// and fit through tunnels. The cap on retries alone would kill it early (the
// kernel counts them, not time), so it is set only where the first option
// holds. Older kernels know only the first.
func tuneSocket(_, address string, raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, outage) == nil {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_RTO_MAX_MS, retry) // Linux 6.15
		}
		// Both ends learn of the size when the connection is made, so it
		// cannot be set later, when something has got lost.
		if mtu := routeMTU(address); mtu > 0 && mtu <= wideMTU {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, segment)
		}
	})
}

// routeMTU is the MTU of the way to address as far as this machine knows it,
// 0 where it does not. It sends nothing.
func routeMTU(address string) int {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return 0
	}
	addr := to.Addr().Unmap()
	family, level, option := unix.AF_INET, unix.IPPROTO_IP, unix.IP_MTU
	var target unix.Sockaddr
	if addr.Is4() {
		target = &unix.SockaddrInet4{Port: int(to.Port()), Addr: addr.As4()}
	} else {
		family, level, option = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_MTU
		target = &unix.SockaddrInet6{Port: int(to.Port()), Addr: addr.As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer func() { _ = unix.Close(fd) }() // it was asked and holds nothing
	if unix.Connect(fd, target) != nil {
		return 0
	}
	mtu, err := unix.GetsockoptInt(fd, level, option)
	if err != nil {
		return 0
	}
	return mtu
}
