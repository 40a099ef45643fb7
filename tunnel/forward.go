package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/workspace"
)

// Endpoint is one end of a forward, on this machine or in the workspace.
type Endpoint struct {
	Network string // "tcp" or "unix"
	Address string // host:port, or a path; host localhost listens on both loopback addresses, * on all
}

// String is the address as people write it.
func (e Endpoint) String() string { return e.Address }

// Exposed reports whether listening there lets other machines in.
func (e Endpoint) Exposed() bool {
	host, _, err := net.SplitHostPort(e.Address)
	if e.Network != "tcp" || err != nil || host == localhost {
		return false
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback()
}

const (
	localhost = "localhost"
	anyHost   = "*"
)

// Forward carries connections from one listening end to another end.
type Forward struct {
	Listen  Endpoint // on this machine, or in the workspace where Reverse
	Target  Endpoint // in the workspace, or on this machine where Reverse
	Reverse bool
}

// ListenError says that a forward's listening end is not to be had.
type ListenError struct {
	Forward Forward
	Err     error
}

// Error names the address.
func (e *ListenError) Error() string {
	where := ""
	if e.Forward.Reverse {
		where = " in the workspace"
	}
	return fmt.Sprintf("listening on %s%s: %v", e.Forward.Listen, where, e.Err)
}

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// InUse reports whether somebody else listens there.
func (e *ListenError) InUse() bool { return inUse(e.Err) }

// inUse knows the number that Windows has for it, which package syscall hides.
func inUse(err error) bool {
	const windows = syscall.Errno(10048)
	return errors.Is(err, syscall.EADDRINUSE) || runtime.GOOS == "windows" && errors.Is(err, windows)
}

// dial connects to an endpoint in the workspace. Where the workspace refuses,
// the error is an *ssh.OpenChannelError; where the connection ended, a
// *LostError.
func (c *Client) dial(ctx context.Context, to Endpoint) (net.Conn, error) {
	conn, err := c.ssh.DialContext(ctx, to.Network, to.Address)
	var refused *ssh.OpenChannelError
	switch {
	case err == nil, errors.As(err, &refused):
		return conn, err
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, c.lost()
}

// listen has the workspace listen for connections to this machine.
func (c *Client) listen(ctx context.Context, at Endpoint) (net.Listener, error) {
	address := at.Address
	if host, port, err := net.SplitHostPort(address); err == nil && at.Network == "tcp" {
		// The library resolves names, and these two mean addresses there.
		switch host {
		case localhost:
			address = net.JoinHostPort("127.0.0.1", port)
		case anyHost:
			address = net.JoinHostPort("0.0.0.0", port)
		}
	}
	listening := make(chan net.Listener, 1)
	err := c.await(ctx, func() error {
		listener, err := c.ssh.Listen(at.Network, address)
		if err == nil && ctx.Err() != nil {
			_ = listener.Close() // nobody waits for it any more
			return ctx.Err()
		}
		listening <- listener
		return err
	})
	if err != nil {
		return nil, err
	}
	return <-listening, nil
}

// refusal is why the workspace did not open a connection, in its own words.
func refusal(err error) string {
	var refused *ssh.OpenChannelError
	if !errors.As(err, &refused) {
		return workspace.Safe(err.Error())
	}
	if refused.Reason == ssh.Prohibited {
		return "the workspace's sshd does not allow forwarding"
	}
	if text := workspace.Safe(refused.Message); text != "" && !strings.EqualFold(text, "open failed") {
		return text
	}
	return "connection refused"
}

// Forwards reports whether the workspace's sshd forwards connections: it asks
// for a port on which nobody listens, and is refused by the port or by sshd.
func (c *Client) Forwards(ctx context.Context) error {
	conn, err := c.dial(ctx, Endpoint{Network: "tcp", Address: "localhost:1"})
	var refused *ssh.OpenChannelError
	switch {
	case err == nil:
		return conn.Close()
	case errors.As(err, &refused) && refused.Reason == ssh.Prohibited:
		return workspace.WithHint(errors.New(refusal(err)), "editors and berth forward need AllowTcpForwarding yes in its sshd_config")
	case refused != nil:
		return nil
	}
	return err
}

// ServerVersion is what sshd calls itself, fit for a terminal.
func (c *Client) ServerVersion() string { return workspace.Safe(string(c.ssh.ServerVersion())) }
