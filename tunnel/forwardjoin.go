package tunnel

import (
	"context"
	"io"
	"net"
	"sync"
)

// join copies between two connections until both directions have ended, and
// closes both. The end of one direction is passed on and leaves the other
// alone: the answer may still come. So does a failure, which the side that is
// written to sees as one. ctx ends both at once.
func join(ctx context.Context, near, far net.Conn) {
	stop := context.AfterFunc(ctx, func() { reset(near); reset(far) })
	defer stop()
	var copies sync.WaitGroup
	for _, way := range [...]struct{ to, from net.Conn }{{far, near}, {near, far}} {
		copies.Go(func() {
			if _, err := io.Copy(way.to, way.from); err != nil {
				reset(way.to)
			} else if half, ok := way.to.(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite() // it fails where that side has ended already
			}
		})
	}
	copies.Wait()
	_ = near.Close()
	_ = far.Close()
}

// reset closes a connection so that its other end sees a failure and not the
// end of what it asked for.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it is closed all the same
	}
	_ = conn.Close()
}
