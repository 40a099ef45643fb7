package kube

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/berth-sh/berth/workspace"
)

// reasonWait is how long the end of the data waits for the reason, which comes
// on a stream of its own.
const reasonWait = 500 * time.Millisecond

// maxReason caps what the far end may say, in bytes.
const maxReason = 4 << 10

// forwardConn is one forwarded connection. The streams below it know no
// deadlines, so the user's side is one end of a pipe, which does. Three
// goroutines serve it; Close ends and awaits them.
type forwardConn struct {
	net.Conn // the user's end of the pipe
	inner    net.Conn
	data     httpstream.Stream
	under    httpstream.Connection
	pod      string

	reason   error         // set before told is closed
	told     chan struct{} // closed at the end of the error stream
	group    sync.WaitGroup
	closing  sync.Once
	closeErr error
}

// openStreams opens the error and data streams and starts copying.
func openStreams(under httpstream.Connection, pod string) (net.Conn, error) {
	faults, err := under.CreateStream(streamHeaders(corev1.StreamTypeError))
	if err != nil {
		return nil, fmt.Errorf("opening the error stream: %w", err)
	}
	// Nothing is ever written to it.
	if err := faults.Close(); err != nil {
		return nil, fmt.Errorf("opening the error stream: %w", err)
	}
	data, err := under.CreateStream(streamHeaders(corev1.StreamTypeData))
	if err != nil {
		return nil, fmt.Errorf("opening the data stream: %w", err)
	}
	outer, inner := net.Pipe()
	f := &forwardConn{Conn: outer, inner: inner, data: data, under: under, pod: pod, told: make(chan struct{})}
	f.group.Go(func() { f.listen(faults) })
	f.group.Go(f.download)
	f.group.Go(f.upload)
	return f, nil
}

// listen waits for the far end to say what went wrong; it says nothing when
// all is well.
func (f *forwardConn) listen(faults io.Reader) {
	defer close(f.told)
	text, err := io.ReadAll(io.LimitReader(faults, maxReason))
	if err == nil && len(text) > 0 {
		f.reason = workspace.WithKind(workspace.ErrUnreachable,
			fmt.Errorf("forwarding to pod %s: %s", workspace.Safe(f.pod), workspace.Safe(string(text))))
	}
}

// download brings the workspace's bytes to the user. The pipe's end tells the
// user of the stream's end.
func (f *forwardConn) download() {
	_, _ = io.Copy(f.inner, f.data) // the reason comes on the error stream
	_ = f.inner.Close()             // a pipe's Close cannot fail
}

// upload brings the user's bytes to the workspace.
func (f *forwardConn) upload() {
	_, _ = io.Copy(f.data, f.inner) // a broken stream ends download too
	_ = f.data.Close()              // as above
}

// Read returns the far end's own reason instead of a bare end of file.
func (f *forwardConn) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if n > 0 || !errors.Is(err, io.EOF) {
		return n, err
	}
	wait := time.NewTimer(reasonWait)
	defer wait.Stop()
	select {
	case <-f.told:
		if f.reason != nil {
			return 0, f.reason
		}
	case <-wait.C:
	}
	return 0, err
}

// Close ends the connection to the API server and waits for its goroutines.
func (f *forwardConn) Close() error {
	f.closing.Do(func() {
		f.closeErr = errors.Join(f.Conn.Close(), f.inner.Close(), f.data.Reset(), f.under.Close())
		f.group.Wait()
	})
	return f.closeErr
}

// RemoteAddr names the pod.
func (f *forwardConn) RemoteAddr() net.Addr { return podAddr(f.pod) }

// podAddr is the address of sshd in a pod, as it is reached by name.
type podAddr string

// Network implements net.Addr.
func (podAddr) Network() string { return "port-forward" }

// String implements net.Addr.
func (a podAddr) String() string { return string(a) }
