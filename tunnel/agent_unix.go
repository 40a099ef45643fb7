//go:build unix

package tunnel

import (
	"context"
	"io"
	"net"
)

// DialAgent opens a connection to an ssh agent, by the path of its socket or, on
// Windows, of its pipe.
func DialAgent(ctx context.Context, address string) (io.ReadWriteCloser, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", address)
}
