package cli

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/workspace"
)

// relay stands between clients and a gateway, keeps its address, and breaks
// when it is told to.
type relay struct {
	t       *testing.T
	address string
	to      string
	serving sync.WaitGroup

	mu       sync.Mutex // guards what follows
	listener net.Listener
	conns    []net.Conn
	answer   string // given instead of passing on
	silent   bool   // takes requests and says nothing
	asked    chan struct{}
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	r := &relay{t: t, address: "127.0.0.1:0", to: to, asked: make(chan struct{}, 1)}
	r.open()
	r.address = r.listener.Addr().String()
	t.Cleanup(func() {
		r.close()
		r.mu.Lock()
		for _, conn := range r.conns {
			_ = conn.Close()
		}
		r.mu.Unlock()
		r.serving.Wait()
	})
	return r
}

// open listens; close has connections refused.
func (r *relay) open() {
	r.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(r.t.Context(), "tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	r.listener = listener
	r.mu.Unlock()
	r.serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			r.serving.Go(func() { r.serve(conn) })
		}
	})
}

func (r *relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.listener.Close()
}

// say answers every connection itself; "" passes them on.
func (r *relay) say(answer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer, r.silent = answer, false
}

// hush leaves whoever asks from now on without an answer.
func (r *relay) hush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = true
}

func (r *relay) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r.mu.Lock()
	answer, silent := r.answer, r.silent
	r.conns = append(r.conns, conn)
	r.mu.Unlock()
	if silent {
		wake(r.asked)
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	if answer != "" {
		_, _ = conn.Read(make([]byte, 4096)) // the request; a test needs no more of it
		_, _ = io.WriteString(conn, answer)
		return
	}
	far, err := (&net.Dialer{}).Dial("tcp", r.to)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	r.mu.Lock()
	r.conns = append(r.conns, far)
	r.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(conn, far)
		_ = conn.Close()
	})
	_, _ = io.Copy(far, conn)
	_ = far.Close()
	back.Wait()
}

// routeFaults breaks the route below an open program and mends it, and asks
// `berth why` meanwhile.
func routeFaults(t *testing.T, b *bed) {
	b.t = t
	maps := b.api.CoreV1().ConfigMaps(workspace.GatewayNamespace)
	cm, err := maps.Get(t.Context(), workspace.InstallationName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	published := cm.Data[workspace.InstallationKey]
	good := strings.Fields(readFile(t, aliasOf(b)))
	address := good[indexOf(good, "address")+1]
	r := newRelay(t, address)
	publish := func(document string) {
		cm.Data[workspace.InstallationKey] = document
		if cm, err = maps.Update(t.Context(), cm, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		b.want(exitOK, nil, "ls") // the aliases follow
	}
	publish(strings.ReplaceAll(published, address, r.address))
	defer publish(published)

	s := openScreen(t, 120, 40, b.env, b.berth)
	works := []string{"● running", "Route answers in", " ✓ "}
	s.waitFor(works...)
	wantRoute(t, b, r.address, true, "", 0)

	r.say("HTTP/1.1 503 Service Unavailable\r\n\r\n")
	s.waitFor("! unreachable · route fails", "its gateway does not reach it", "503 Service Unavailable", " ✓ ")
	wantRoute(t, b, r.address, false, "route", 503)
	around := b.want(exitOK, nil, "ssh", "--via", "port-forward", "api", "--", "echo", "through")
	if around.stdout != "through\n" {
		t.Errorf("the way round a gateway that refuses: %s", around.commandAndOutput)
	}
	r.say("")
	s.waitFor(works...)

	r.close()
	s.waitFor("! unreachable · route fails", "connection refused", " ✕ ")
	wantRoute(t, b, r.address, false, "gateway", 0)
	r.open()
	s.waitFor(works...)
	s.waitGone("route fails")

	r.hush()
	wantInterrupted(t, b, r)
	r.say("")

	b.want(exitOK, nil, "stop", "api", "--wait")
	s.waitFor("○ stopped", "it answers when the workspace runs")
	b.want(exitOK, nil, "start", "api", "--wait")
	s.waitFor(works...)
	s.keys("q")
	s.waitFor("ended with 0")
}

// wantRoute compares what `berth why` says of a route.
func wantRoute(t *testing.T, b *bed, address string, answers bool, hop string, status int) {
	t.Helper()
	var got struct {
		Phase string
		Route routeRecord
	}
	told := b.want(exitOK, nil, "why", "api", "-o", "json")
	if err := json.Unmarshal([]byte(told.stdout), &got); err != nil {
		t.Fatal(err)
	}
	phase := map[bool]string{true: "Running", false: "Unreachable"}[answers]
	way := got.Route
	if got.Phase != phase || way.Answers == nil || *way.Answers != answers || way.Hop != hop || way.Status != status ||
		way.Address != address || way.Kind == "" || way.Transport != "gateway" || !strings.HasPrefix(way.Authority, "api--"+b.namespace+".") ||
		(way.Milliseconds > 0) != answers || (way.Error == "") != answers {
		t.Errorf("want phase %s, answers %v, hop %q, status %d: %s", phase, answers, hop, status, told.stdout)
	}
	text := b.want(exitOK, nil, "why", "api").stdout
	for _, part := range []string{address, way.Authority, map[bool]string{true: "Route answers in ", false: "ends at: " + hop}[answers]} {
		if !strings.Contains(text, part) {
			t.Errorf("berth why lacks %q:\n%s", part, text)
		}
	}
}

// wantInterrupted presses ctrl-c while `berth why` waits for a gateway.
func wantInterrupted(t *testing.T, b *bed, r *relay) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := b.command(ctx, "why", "api")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.asked:
	case <-ctx.Done():
		t.Error("berth why does not ask the gateway")
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // the code says how it ended
	if code := cmd.ProcessState.ExitCode(); code != 130 || out.Len() > 0 || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("ended with %d: %s%s", code, out.String(), errs.String())
	}
}
