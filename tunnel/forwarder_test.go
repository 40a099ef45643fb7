package tunnel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
)

// news collects a forwarder's events.
type news struct {
	mu     sync.Mutex // guards all and wake
	all    []tunnel.ForwardEvent
	wake   chan struct{}
	listen map[string]string // real address of each listening end, by the spec's target
}

func newNews() *news { return &news{wake: make(chan struct{}), listen: map[string]string{}} }

func (n *news) tell(e tunnel.ForwardEvent) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, e)
	if e.State == tunnel.ForwardListens {
		n.listen[e.Forward.Target.Address] = e.Forward.Listen.Address
	}
	close(n.wake)
	n.wake = make(chan struct{})
}

// await returns the first event for which want says yes.
func (n *news) await(t *testing.T, what string, want func(tunnel.ForwardEvent) bool) tunnel.ForwardEvent {
	t.Helper()
	limit := time.After(bound)
	for {
		n.mu.Lock()
		i, wake := slices.IndexFunc(n.all, want), n.wake
		var found tunnel.ForwardEvent
		if i >= 0 {
			found = n.all[i]
		}
		n.mu.Unlock()
		if i >= 0 {
			return found
		}
		select {
		case <-wake:
		case <-limit:
			t.Fatalf("no news of %s: %+v", what, n.all)
		}
	}
}

func in(state tunnel.ForwardState) func(tunnel.ForwardEvent) bool {
	return func(e tunnel.ForwardEvent) bool { return e.State == state }
}

// parse reads forwards; those of reverse listen in the workspace.
func parse(t *testing.T, reverse bool, args ...string) []tunnel.Forward {
	t.Helper()
	var all []tunnel.Forward
	for _, arg := range args {
		forwards, err := tunnel.ParseForward(arg, reverse)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, forwards...)
	}
	return all
}

// forward runs forwards until the test ends, and returns once the first one
// listens.
func forward(t *testing.T, config tunnel.Config, forwards []tunnel.Forward) *news {
	t.Helper()
	n := newNews()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- tunnel.Forwarder{
			Dial:     func(ctx context.Context) (*tunnel.Client, error) { return tunnel.Dial(ctx, config) },
			Forwards: forwards, Tell: n.tell,
		}.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("forwarding ended with %v", err)
			}
		case <-time.After(bound):
			t.Error("forwarding does not end")
		}
	})
	n.await(t, "a listening end", in(tunnel.ForwardListens))
	return n
}

// echo answers each line with the same line, and the end of input with "bye".
func echo(t *testing.T) string {
	t.Helper()
	return sshtest.Listen(t, nil, func(conn net.Conn) {
		_, _ = io.Copy(conn, conn)
		_, _ = io.WriteString(conn, "bye")
		_ = conn.(*net.TCPConn).CloseWrite()
	}).Addr
}

func port(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// exchange says something through a forward and returns all that comes back.
func exchange(network, addr, text string) (string, error) {
	conn, err := (&net.Dialer{Timeout: bound}).DialContext(context.Background(), network, addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(bound))
	if _, err := io.WriteString(conn, text); err != nil {
		return "", err
	}
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	return string(answer), err
}

func TestForwardsCarryBothDirections(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	target := echo(t)
	near, far := filepath.Join(t.TempDir(), "near"), filepath.Join(server.Dir, "far")
	unix, err := net.Listen("unix", far) //nolint:noctx // it is there at once
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close() })
	go func() {
		for {
			conn, err := unix.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}
	}()
	n := forward(t, configFor(server), parse(t, false, "0:"+port(t, target), near+":"+port(t, target), "0:"+far))
	n.await(t, "the third", func(e tunnel.ForwardEvent) bool { return e.Forward.Target.Address == far })
	local := n.await(t, "the first", func(e tunnel.ForwardEvent) bool { return e.Forward.Listen.Network == "tcp" }).Forward.Listen.Address
	for _, tt := range []struct{ network, addr, want string }{
		{"tcp4", local, "hello bye"},
		{"tcp6", local, "hello bye"},
		{"unix", near, "hello bye"},
		{"tcp4", n.listen[far], "hello "},
	} {
		addr := strings.Replace(tt.addr, "localhost", map[string]string{"tcp4": "127.0.0.1", "tcp6": "[::1]"}[tt.network], 1)
		if got, err := exchange(tt.network, addr, "hello "); err != nil || got != tt.want {
			t.Errorf("%s %s: %q, %v; want %q", tt.network, addr, got, err, tt.want)
		}
	}
}

func TestReverseForwards(t *testing.T) {
	t.Parallel()
	n := forward(t, configFor(sshtest.Start(t)), parse(t, true, "0:"+port(t, echo(t))))
	event := n.await(t, "the reverse forward", in(tunnel.ForwardListens))
	addr := "127.0.0.1:" + port(t, event.Forward.Listen.Address)
	if got, err := exchange("tcp", addr, "hello "); err != nil || got != "hello bye" {
		t.Errorf("%q, %v", got, err)
	}
}

// One connection that is cut must not disturb the others: kubectl's forward
// ends altogether.
func TestAbortedConnectionsDisturbNoOther(t *testing.T) {
	t.Parallel()
	target := echo(t)
	n := forward(t, configFor(sshtest.Start(t)), parse(t, false, "0:"+port(t, target)))
	addr := strings.Replace(n.listen["localhost:"+port(t, target)], "localhost", "127.0.0.1", 1)
	steady, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = steady.Close() }()
	_ = steady.SetDeadline(time.Now().Add(2 * bound))
	var aborts sync.WaitGroup
	for worker := range 4 {
		aborts.Go(func() {
			for i := range 100 {
				conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", addr)
				if err != nil {
					t.Errorf("worker %d, connection %d: %v", worker, i, err)
					return
				}
				_, _ = conn.Write(make([]byte, 100_000))
				_ = conn.(*net.TCPConn).SetLinger(0)
				_ = conn.Close()
			}
		})
	}
	buf := make([]byte, 5)
	for i := range 200 {
		if _, err := fmt.Fprintf(steady, "%05d", i); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(steady, buf); err != nil || string(buf) != fmt.Sprintf("%05d", i) {
			t.Fatalf("answer %d is %q, %v", i, buf, err)
		}
	}
	aborts.Wait()
	if got, err := exchange("tcp", addr, "after "); err != nil || got != "after bye" {
		t.Errorf("after the aborts: %q, %v", got, err)
	}
}

func TestForwardsHeal(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	var down atomic.Bool
	var dials atomic.Int32
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		dials.Add(1)
		if down.Load() {
			return
		}
		if far, err := dialer(server.Addr)(context.Background()); err == nil {
			sshtest.Join(conn, far)
		}
	})
	config := configFor(server)
	config.Dial = dialer(gateway.Addr)
	target := echo(t)
	reversed := port(t, echo(t))
	n := forward(t, config, append(parse(t, false, "0:"+port(t, target)), parse(t, true, freePort(t)+":"+reversed)...))
	n.await(t, "the local forward", func(e tunnel.ForwardEvent) bool {
		return e.State == tunnel.ForwardListens && !e.Forward.Reverse
	})
	back := n.await(t, "the reverse forward", func(e tunnel.ForwardEvent) bool { return e.Forward.Reverse })
	addr := strings.Replace(n.listen["localhost:"+port(t, target)], "localhost", "127.0.0.1", 1)
	if got, err := exchange("tcp", addr, "one "); err != nil || got != "one bye" {
		t.Fatalf("%q, %v", got, err)
	}

	down.Store(true)
	gateway.CloseAll()
	n.await(t, "the loss", in(tunnel.ForwardLost))
	n.await(t, "an attempt that failed", in(tunnel.ForwardTries))
	answer := make(chan string, 1)
	go func() { // connects in the gap, and is served once there is a connection again
		got, err := exchange("tcp", addr, "two ")
		answer <- fmt.Sprint(got, err)
	}()
	down.Store(false)
	event := n.await(t, "the new connection", in(tunnel.ForwardConnected))
	if event.Down <= 0 {
		t.Errorf("it was down for %s", event.Down)
	}
	if got := <-answer; got != "two bye<nil>" {
		t.Errorf("in the gap: %s", got)
	}
	remote := "127.0.0.1:" + port(t, back.Forward.Listen.Address)
	limit := time.Now().Add(bound)
	for {
		got, err := exchange("tcp", remote, "three ")
		if err == nil && got == "three bye" {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("the reverse forward after the gap: %q, %v", got, err)
		}
	}
}

// freePort is a port on loopback that nobody listened on just now.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return port(t, ln.Addr().String())
}

// A server that lets everybody in and hangs up is not dialled more than twice
// a second for it.
func TestForwardsDoNotHammer(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	config := configFor(server)
	var mu sync.Mutex // guards dials
	var dials []time.Time
	enough := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-enough
		cancel()
	}()
	err := tunnel.Forwarder{
		Dial: func(ctx context.Context) (*tunnel.Client, error) {
			mu.Lock()
			if dials = append(dials, time.Now()); len(dials) == 4 {
				close(enough)
			}
			mu.Unlock()
			client, err := tunnel.Dial(ctx, config)
			if err == nil {
				_ = client.Close() // as the server may
			}
			return client, err
		},
		Forwards: parse(t, false, "0:9"), Tell: func(tunnel.ForwardEvent) {},
	}.Run(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("forwarding ended with %v", err)
	}
	for i := 1; i < len(dials); i++ {
		if gap := dials[i].Sub(dials[i-1]); gap < 490*time.Millisecond {
			t.Errorf("dial %d came %s after the one before", i+1, gap)
		}
	}
}
