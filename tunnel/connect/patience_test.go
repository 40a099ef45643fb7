package connect

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// What waits how long, on a clock that the tests turn.

// talking is a Copy whose input has ended and whose remote is the test.
type talking struct {
	remote net.Conn
	out    bytes.Buffer
	done   chan error
}

// startTalking must be called within a synctest bubble.
func startTalking(ctx context.Context, conn func(net.Conn) net.Conn) *talking {
	near, far := net.Pipe()
	c := &talking{remote: far, done: make(chan error, 1)}
	go func() { c.done <- Copy(ctx, conn(near), bytes.NewReader(nil), &c.out) }()
	synctest.Wait() // the end of the input has been seen
	return c
}

func TestCopyGoesOnWhileTheRemoteTalksAfterInputEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startTalking(t.Context(), func(conn net.Conn) net.Conn { return conn })
		const words = 20
		for range words {
			time.Sleep(quietAfterInput - time.Millisecond)
			if _, err := io.WriteString(c.remote, "x"); err != nil {
				t.Fatalf("the copy hung up after %q: %v", &c.out, err)
			}
		}
		start := time.Now()
		if err := <-c.done; err != nil || c.out.Len() != words {
			t.Errorf("output %q, error %v", &c.out, err)
		}
		if took := time.Since(start); took != quietAfterInput {
			t.Errorf("ended after %s of silence, want %s", took, quietAfterInput)
		}
	})
}

// halfCloser drops the remote's answer once this side has finished, as a
// gateway does that speaks HTTP/1.
type halfCloser struct{ net.Conn }

func (h halfCloser) CloseWrite() error { return h.Close() }

func TestCopyNeverTellsTheGatewayThatInputEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startTalking(t.Context(), func(conn net.Conn) net.Conn { return halfCloser{conn} })
		_, err := io.WriteString(c.remote, "answer")
		_ = c.remote.Close()
		if copyErr := <-c.done; err != nil || copyErr != nil || c.out.String() != "answer" {
			t.Errorf("output %q, errors %v, %v", &c.out, err, copyErr)
		}
	})
}

func TestDialLeavesNoDeadlineBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		w := way{Options: Options{Address: "gateway:443", Authority: "api:22"}}
		go func() {
			_, _ = far.Read(make([]byte, 4096))
			_, _ = io.WriteString(far, "HTTP/1.1 200 OK\r\n\r\n")
			time.Sleep(10 * w.timeout())
			_, _ = io.WriteString(far, "SSH-")
			_, _ = far.Read(make([]byte, 4))
			_ = far.Close()
		}()
		conn, _, err := w.request(near, w.target(), w.Authority, "")
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 4)
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != "SSH-" {
			t.Errorf("long after the tunnel was up: read %q, error %v", got, err)
		}
		if _, err := io.WriteString(conn, "SSH-"); err != nil {
			t.Errorf("long after the tunnel was up: %v", err)
		}
		_ = conn.Close()
	})
}
