//go:build unix

package tunnel

import (
	"context"
	"io"
	"net"
)

// dialAgent opens a connection to the agent behind a socket.
func dialAgent(ctx context.Context, address string) (io.ReadWriteCloser, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", address)
}
