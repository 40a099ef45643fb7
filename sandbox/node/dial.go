package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// sshdPort is where a workspace's server listens as its pod sees it.
const sshdPort = 2222

// Errors of [Node.DialPod].
var (
	ErrNoPod   = errors.New("no pod has this address")
	ErrRefused = errors.New("connection refused")
)

// sshPort is the port that the pod declares for its server, or the usual one.
func (w *worker) sshPort() int {
	for _, c := range w.current().Spec.Containers {
		if c.Name == w.main && len(c.Ports) > 0 {
			return int(c.Ports[0].ContainerPort)
		}
	}
	return sshdPort
}

// DialPod connects to a pod's SSH server, given the pod's symbolic address and
// the port as the pod sees it. Nothing else of this machine is reachable this
// way: [ErrRefused] for other ports and for a server that does not run,
// [ErrNoPod] for an address that no pod has. A pod of another node, should the
// cluster have one, has an address that means the same to everybody.
func (n *Node) DialPod(ctx context.Context, podIP string, port int) (net.Conn, error) {
	if ip, err := netip.ParseAddr(podIP); err == nil && !podNetwork().Contains(ip) && ip.IsPrivate() {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(podIP, strconv.Itoa(port)))
		if err != nil {
			return nil, fmt.Errorf("dialing a pod of another node: %w", err)
		}
		return conn, nil
	}
	w := n.addresses.owner(podIP)
	if w == nil {
		return nil, fmt.Errorf("dialing %s: %w", podIP, ErrNoPod)
	}
	local, ok := w.localPort(port)
	if !ok {
		return nil, fmt.Errorf("dialing %s port %d: %w", podIP, port, ErrRefused)
	}
	return dialLocal(ctx, local)
}

// localPort maps a port of the pod's server to this machine's loopback; false
// where it is another port, or nothing serves it now.
func (w *worker) localPort(port int) (int, bool) {
	if port != sshdPort && port != w.sshPort() {
		return 0, false
	}
	w.mu.Lock()
	p := w.process
	w.mu.Unlock()
	if p == nil {
		return 0, false
	}
	local := p.localPort()
	return local, local != 0
}

// dialLocal connects to a port of this machine's loopback.
func dialLocal(ctx context.Context, port int) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", localAddress(port))
	if err != nil {
		return nil, fmt.Errorf("dialing a workspace's process: %w", err)
	}
	return conn, nil
}
