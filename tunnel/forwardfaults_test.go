package tunnel_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
)

func TestRedialIsSlow(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	var up atomic.Bool
	var mu sync.Mutex // guards times
	var times []time.Time
	up.Store(true)
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		mu.Lock()
		times = append(times, time.Now())
		mu.Unlock()
		if !up.Load() {
			return
		}
		if far, err := dialer(server.Addr)(context.Background()); err == nil {
			sshtest.Join(conn, far)
		}
	})
	config := configFor(server)
	config.Dial = dialer(gateway.Addr)
	n := forward(t, config, parse(t, false, "0:1"))
	up.Store(false)
	gateway.CloseAll()
	n.await(t, "the loss", in(tunnel.ForwardLost))
	limit := time.Now().Add(bound)
	for gateway.Count() < 5 && time.Now().Before(limit) {
		<-time.After(10 * time.Millisecond)
	}
	mu.Lock()
	defer mu.Unlock()
	for i := 2; i < len(times); i++ {
		if gap := times[i].Sub(times[i-1]); gap < 450*time.Millisecond {
			t.Errorf("dials %d and %d are %s apart", i-1, i, gap)
		}
	}
}

// A connection that was forgotten on the way ends in no error of its own.
func TestASilentConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	var deaf atomic.Bool
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		far, err := dialer(server.Addr)(context.Background())
		if err != nil {
			return
		}
		deafened := !deaf.Load() // the first one, from the moment on that deaf is set
		go func() { _, _ = io.Copy(conn, far); _ = conn.Close() }()
		buf := make([]byte, 32<<10)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				_ = far.Close()
				return
			}
			if !deafened || !deaf.Load() {
				_, _ = far.Write(buf[:n])
			}
		}
	})
	config := configFor(server)
	config.Dial = dialer(gateway.Addr)
	config.KeepAlive = tunnel.KeepAlive{Interval: 200 * time.Millisecond, Patience: 300 * time.Millisecond, Misses: 1000}
	n, target := newNews(), echo(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- tunnel.Forwarder{
			Dial:     func(ctx context.Context) (*tunnel.Client, error) { return tunnel.Dial(ctx, config) },
			Forwards: parse(t, false, "0:"+port(t, target)), Tell: n.tell, Silence: time.Second,
		}.Run(ctx)
	}()
	addr := strings.Replace(n.await(t, "a listening end", in(tunnel.ForwardListens)).Forward.Listen.Address, "localhost", "127.0.0.1", 1)
	deaf.Store(true)
	limit := time.Now().Add(bound)
	for gateway.Count() < 2 && time.Now().Before(limit) {
		<-time.After(10 * time.Millisecond)
	}
	if got, err := exchange("tcp", addr, "again "); err != nil || got != "again bye" {
		t.Errorf("after the silence: %q, %v", got, err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestForwardsEndWhereDiallingAgainIsWrong(t *testing.T) {
	t.Parallel()
	first, second := sshtest.Start(t), sshtest.Start(t)
	var target atomic.Value
	target.Store(first.Addr)
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		if far, err := dialer(target.Load().(string))(context.Background()); err == nil {
			sshtest.Join(conn, far)
		}
	})
	config := configFor(first)
	config.Dial = dialer(gateway.Addr)
	n := newNews()
	done := make(chan error, 1)
	go func() {
		done <- tunnel.Forwarder{
			Dial:     func(ctx context.Context) (*tunnel.Client, error) { return tunnel.Dial(ctx, config) },
			Forwards: parse(t, false, "0:1"), Tell: n.tell,
		}.Run(t.Context())
	}()
	n.await(t, "a listening end", in(tunnel.ForwardListens))
	target.Store(second.Addr) // somebody else answers now
	gateway.CloseAll()
	var wrong *tunnel.HostKeyError
	if err := <-done; !errors.As(err, &wrong) {
		t.Errorf("error %v, want a wrong host key", err)
	}
}

func TestABusyPortIsAnErrorBeforeAnythingIsDialled(t *testing.T) {
	t.Parallel()
	taken := port(t, echo(t))
	dialled := false
	err := tunnel.Forwarder{
		Dial:     func(context.Context) (*tunnel.Client, error) { dialled = true; return nil, errors.New("dialled") },
		Forwards: parse(t, false, "0:80", taken+":80"), Tell: func(tunnel.ForwardEvent) {},
	}.Run(t.Context())
	var listen *tunnel.ListenError
	if !errors.As(err, &listen) || !errors.Is(err, syscall.EADDRINUSE) || dialled {
		t.Errorf("error %v, dialled %v", err, dialled)
	}
}

func TestARefusedTargetIsToldAndReset(t *testing.T) {
	t.Parallel()
	closed := freePort(t)
	n := forward(t, configFor(sshtest.Start(t)), parse(t, false, "0:"+closed))
	addr := strings.Replace(n.listen["localhost:"+closed], "localhost", "127.0.0.1", 1)
	if got, err := exchange("tcp", addr, "x"); err == nil {
		t.Errorf("answer %q without an error", got)
	}
	if e := n.await(t, "the refusal", in(tunnel.ForwardRefused)); !strings.Contains(e.Why(), "refused") {
		t.Errorf("it says %q", e.Why())
	}
	n = forward(t, configFor(sshtest.Start(t, "AllowTcpForwarding no")), parse(t, false, "0:"+closed))
	addr = strings.Replace(n.listen["localhost:"+closed], "localhost", "127.0.0.1", 1)
	_, _ = exchange("tcp", addr, "x")
	if e := n.await(t, "the refusal", in(tunnel.ForwardRefused)); !strings.Contains(e.Why(), "does not allow forwarding") {
		t.Errorf("it says %q", e.Why())
	}
}
