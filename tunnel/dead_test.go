package tunnel_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
)

// freezing is a connection that takes no byte while the lock is held, as one
// does whose packets get lost.
type freezing struct {
	net.Conn
	frozen *sync.Mutex
}

func (f *freezing) Write(b []byte) (int, error) {
	f.frozen.Lock()
	defer f.frozen.Unlock()
	return f.Conn.Write(b)
}

// flood is an input without end that can be closed.
type flood struct{}

func (flood) Read(b []byte) (int, error) { return len(b), nil }
func (flood) Close() error               { return nil }

func TestExecEndsWithItsContextOnADeadConnection(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	for name, input := range map[string]io.Reader{"a write is stuck": flood{}, "idle": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var frozen sync.Mutex // held while the network carries nothing
			config := configFor(server)
			config.Dial = func(ctx context.Context) (net.Conn, error) {
				conn, err := dialer(server.Addr)(ctx)
				return &freezing{conn, &frozen}, err
			}
			client := login(t, config)
			ctx, cancel := context.WithCancel(t.Context())
			var once sync.Once
			out := writerFunc(func(b []byte) (int, error) {
				once.Do(func() { frozen.Lock(); cancel() })
				return len(b), nil
			})
			done := make(chan error, 1)
			go func() {
				_, err := client.Exec(ctx, "echo up; exec sleep 600", tunnel.Streams{In: input, Out: out}, nil, nil)
				done <- err
			}()
			select {
			case err := <-done:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			case <-time.After(bound):
				t.Error("the command did not end")
			}
			frozen.Unlock()
		})
	}
}
