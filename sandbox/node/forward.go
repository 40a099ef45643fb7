package node

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
)

// forwarder joins the streams of a port-forward to ports of a pod. The server's
// port is the process's; every other port is this machine's loopback, where
// what a session started listens.
type forwarder struct {
	worker *worker
	ctx    context.Context // of the node: a taken-over connection has no other
}

// PortForward serves one stream.
func (f *forwarder) PortForward(_ context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	defer func() { _ = stream.Close() }() // may be closed already
	local := int(port)
	if local == sshdPort || local == f.worker.sshPort() {
		var ok bool
		if local, ok = f.worker.localPort(local); !ok {
			return fmt.Errorf("failed to connect to localhost:%d inside the pod: %w", port, ErrRefused)
		}
	}
	conn, err := dialLocal(f.ctx, local)
	if err != nil {
		return fmt.Errorf("failed to connect to localhost:%d inside the pod: %w", port, err)
	}
	defer func() { _ = conn.Close() }() // may be closed already
	stop := context.AfterFunc(f.ctx, func() { _ = conn.Close(); _ = stream.Close() })
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := io.Copy(conn, stream)
		if half, ok := conn.(*net.TCPConn); ok && err == nil {
			_ = half.CloseWrite() // the pod's side may have ended first
			return
		}
		_ = conn.Close() // ends the other direction
	})
	_, _ = io.Copy(stream, conn) // how it ended makes no difference
	if resetter, ok := stream.(interface{ Reset() error }); ok {
		// The stream's reader waits for the client otherwise, who may have
		// nothing more to say.
		_ = stream.Close()
		_ = resetter.Reset()
	}
	_ = conn.Close() // ends the other direction
	wg.Wait()
	return nil
}
