package sshd

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Forwarding reaches this machine's loopback only. A workspace in a real
// cluster reaches its pod's network; here that would be the whole network of
// whoever runs the sandbox, offered to every key that opens a workspace.

// forwardTimeout bounds a dial to a local port.
const forwardTimeout = 10 * time.Second

// tcpTarget is the payload of direct-tcpip and forwarded-tcpip.
type tcpTarget struct {
	Host       string
	Port       uint32
	OriginHost string
	OriginPort uint32
}

// unixTarget is the payload of direct-streamlocal@openssh.com.
type unixTarget struct {
	Path     string
	Reserved string
	Unused   uint32
}

// isLoopback reports whether a client's host name means this machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// serveDirectTCP serves ssh -L and -D.
func (c *client) serveDirectTCP(ctx context.Context, request ssh.NewChannel) {
	var m tcpTarget
	if ssh.Unmarshal(request.ExtraData(), &m) != nil {
		_ = request.Reject(ssh.ConnectionFailed, "malformed request") // else the connection is gone
		return
	}
	if !isLoopback(m.Host) {
		_ = request.Reject(ssh.Prohibited, fmt.Sprintf("the sandbox forwards to loopback addresses only, not to %q", m.Host))
		return
	}
	c.splice(ctx, request, "tcp", net.JoinHostPort(m.Host, strconv.FormatUint(uint64(m.Port), 10)))
}

// serveDirectUnix serves ssh -L to a socket's path.
func (c *client) serveDirectUnix(ctx context.Context, request ssh.NewChannel) {
	var m unixTarget
	if ssh.Unmarshal(request.ExtraData(), &m) != nil {
		_ = request.Reject(ssh.ConnectionFailed, "malformed request") // else the connection is gone
		return
	}
	c.splice(ctx, request, "unix", m.Path)
}

// splice dials a local target and joins it to the requested channel.
func (c *client) splice(ctx context.Context, request ssh.NewChannel, network, address string) {
	dialer := net.Dialer{Timeout: forwardTimeout}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		_ = request.Reject(ssh.ConnectionFailed, err.Error()) // else the connection is gone
		return
	}
	channel, requests, err := request.Accept()
	if err != nil {
		_ = conn.Close() // nobody to tell
		return
	}
	join(ctx, conn, channel, requests)
}

// join copies both ways until both directions have ended, or ctx does. Either
// side may finish sending and still receive.
func join(ctx context.Context, conn net.Conn, channel ssh.Channel, requests <-chan *ssh.Request) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close(); _ = channel.Close() })
	defer stop()
	var ignoring, wg sync.WaitGroup
	ignoring.Go(func() { ssh.DiscardRequests(requests) })
	wg.Go(func() {
		_, err := io.Copy(conn, channel)
		if half, ok := conn.(interface{ CloseWrite() error }); ok && err == nil {
			_ = half.CloseWrite() // the peer may have closed first
			return
		}
		_ = conn.Close() // ends the other direction
	})
	if _, err := io.Copy(channel, conn); err == nil {
		_ = channel.CloseWrite() // the client may be gone
	} else {
		_ = channel.Close() // ends the other direction
	}
	wg.Wait()
	_ = channel.Close() // may be closed already
	_ = conn.Close()    // may be closed already
	ignoring.Wait()
}
