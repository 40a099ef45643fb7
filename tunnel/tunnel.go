// Package tunnel is the SSH client of the program's own shells.
//
// [Dial] turns any connection to a workspace's sshd into a [Client] that
// knows which host key to expect, tells when the other side has gone quiet,
// and runs shells and commands with the remote's exit codes. [Terminal] puts a
// shell on a real terminal. [Forwarder] keeps forwards going while connections
// come and go. [Probe] asks only whether sshd answers, and [Try] where the way
// to it ends.
//
// # What a workspace may do to us
//
// A workspace runs other people's code, and its sshd may be hostile. It opens
// no channel toward this side, but for the reverse forwards that were asked
// for, its banner is cut at 8 KiB and filtered, its
// handshake has a deadline, and its host key must be the pinned one: there is
// no prompt and no first-use trust.
//
// # Goroutines
//
// A client owns the goroutines that serve it, and Close waits for them.
package tunnel

import (
	"context"
	"net"

	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// Dialer opens a connection to a workspace's sshd. Its context bounds the
// dialling, not the connection.
type Dialer func(ctx context.Context) (net.Conn, error)

// ForAlias returns a Dialer for the sshd behind an alias. portForward may be
// nil where there is no cluster access; fellBack hears why the gateway was
// passed over, and may be nil too. Errors carry a kind and a hint of package
// workspace.
func ForAlias(f alias.File, portForward connect.PortForwarder, fellBack func(reason error)) Dialer {
	if fellBack == nil {
		fellBack = func(error) {}
	}
	if portForward == nil {
		f.Kubeconfig = ""
		portForward = func(context.Context, alias.File) (net.Conn, error) { return nil, errNoPortForward }
	}
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := connect.Reach(ctx, f, portForward, fellBack)
		return conn, explain(err)
	}
}

var errNoPortForward = workspace.Usagef("port-forward needs access to the cluster")
