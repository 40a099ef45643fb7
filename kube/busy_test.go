package kube_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// busy answers as an overloaded API server does, while it is told to.
type busy struct {
	next       http.RoundTripper
	retryAfter string // seconds; "" leaves the header away

	mu      sync.Mutex // guards what follows
	on      bool
	most    int // turns it off after so many refusals; 0 is never
	refused int
}

func (b *busy) RoundTrip(req *http.Request) (*http.Response, error) {
	b.mu.Lock()
	on := b.on
	if on {
		b.refused++
		b.on = b.refused != b.most
	}
	b.mu.Unlock()
	if !on {
		return b.next.RoundTrip(req)
	}
	body := `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too many requests","reason":"TooManyRequests","details":{"retryAfterSeconds":1},"code":429}`
	resp := &http.Response{
		StatusCode: http.StatusTooManyRequests, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	if b.retryAfter != "" {
		resp.Header.Set("Retry-After", b.retryAfter)
	}
	return resp, nil
}

// turn makes it busy or not, and returns how many requests it has refused.
func (b *busy) turn(on bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.on = on
	return b.refused
}

// client returns one whose server is busy.
func (b *busy) client(t *testing.T) *kube.Client {
	t.Helper()
	b.turn(true)
	return client(t, func(config *rest.Config) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			b.next = next
			return b
		})
	})
}

func TestVerbsWaitForABusyServer(t *testing.T) {
	t.Parallel()
	direct := client(t, nil)
	req := unscheduled(t, namespace(t, direct, nil))
	create(t, direct, req)
	b := &busy{retryAfter: "1", most: 2}
	if err := b.client(t).Stop(t.Context(), req.Ref, ""); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if n, _ := replicas(t, direct, req.Ref); n != 0 || b.turn(false) != 2 {
		t.Errorf("%d replicas after %d refusals", n, b.turn(false))
	}
}

func TestWatchWaitsForABusyServer(t *testing.T) {
	for _, retryAfter := range []string{"", "1"} {
		t.Run(fmt.Sprintf("retry after %q", retryAfter), func(t *testing.T) {
			t.Parallel()
			direct := client(t, nil)
			ns := namespace(t, direct, nil)
			bare(t, direct, ns, "api")
			b := &busy{retryAfter: retryAfter}
			l := watching(t, b.client(t), ns)
			begun := time.Now()
			s := l.await("that it waits", func(s workspace.Snapshot) bool { return s.Problem != "" })
			if s.Problem != "the cluster is busy and asks to wait 1 s" || s.Synced {
				t.Errorf("the list says: %s", show(s))
			}
			// Each source may ask once at first; then they take turns.
			eventually(t, "it tries again and again", func(context.Context) bool { return b.turn(true) >= 9 })
			if took := time.Since(begun); took < 2*time.Second {
				t.Errorf("9 requests within %s", took)
			}
			b.turn(false)
			l.await("the row", func(s workspace.Snapshot) bool {
				return s.Live() && s.Problem == "" && find(s, "api").Status.Phase == workspace.Stopped
			})
		})
	}
}

// TestWatchTellsWhenItAsksAgain, and asks at once when it is told to.
func TestWatchTellsWhenItAsksAgain(t *testing.T) {
	t.Parallel()
	direct := client(t, nil)
	ns := namespace(t, direct, nil)
	bare(t, direct, ns, "api")
	b := &busy{retryAfter: "40"}
	l := watching(t, b.client(t), ns)
	s := l.await("when it asks again", func(s workspace.Snapshot) bool { return !s.Retry.IsZero() })
	if in := time.Until(s.Retry); in < 20*time.Second || in > 41*time.Second || s.Login {
		t.Errorf("it asks again in %s: %s", in, show(s))
	}
	b.turn(false)
	told := time.Now()
	l.Retry()
	l.await("the row", func(s workspace.Snapshot) bool { return s.Live() && find(s, "api").Name != "" && s.Retry.IsZero() })
	if took := time.Since(told); took > 15*time.Second {
		t.Errorf("told to ask, it took %s", took)
	}
}

// expiring answers as an API server does whose client's login has expired.
type expiring struct {
	next    http.RoundTripper
	expired atomic.Bool
	conns   *network
}

func (e *expiring) RoundTrip(req *http.Request) (*http.Response, error) {
	if !e.expired.Load() {
		return e.next.RoundTrip(req)
	}
	body := `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`
	return &http.Response{
		StatusCode: http.StatusUnauthorized, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// TestWatchKeepsTheListWhenTheLoginExpires: the rows stay, it is said that a
// login is wanted, and after one the list is live without a pause.
func TestWatchKeepsTheListWhenTheLoginExpires(t *testing.T) {
	t.Parallel()
	direct := client(t, nil)
	ns := namespace(t, direct, nil)
	bare(t, direct, ns, "api")
	e := &expiring{conns: &network{conns: map[net.Conn]bool{}}}
	l := watching(t, client(t, func(config *rest.Config) {
		e.conns.adjust(config)
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { e.next = next; return e })
	}), ns)
	l.await("the row", func(s workspace.Snapshot) bool { return s.Live() && find(s, "api").Name != "" })
	e.expired.Store(true)
	e.conns.cut() // the watches end, as they do now and then
	e.conns.mend()
	s := l.await("that a login is wanted", func(s workspace.Snapshot) bool { return s.Login })
	if find(s, "api").Name == "" || s.StaleSince.IsZero() || !strings.Contains(s.Problem, "does not accept the credentials") {
		t.Errorf("the list says: %s", show(s))
	}
	e.expired.Store(false)
	l.Retry()
	l.await("a live list", func(s workspace.Snapshot) bool { return s.Live() && !s.Login && s.Problem == "" })
}
