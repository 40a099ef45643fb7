package kube_test

// A watcher under test, and a network that can be cut.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// live runs a watcher for the length of the test and keeps what it shows.
type live struct {
	*kube.Watcher
	t    testing.TB
	seen []workspace.Snapshot // every snapshot that await has looked at
}

func watching(t testing.TB, c *kube.Client, namespace string) *live {
	t.Helper()
	return watchingAs(t, c, kube.WatchConfig{Namespace: namespace, Context: "test", Cluster: "c-1", ClusterName: "test"})
}

func watchingAs(t testing.TB, c *kube.Client, config kube.WatchConfig) *live {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := kube.NewWatcher(c.Interface(), config)
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	return &live{Watcher: w, t: t}
}

// await waits until a snapshot is as wanted, and returns it.
func (l *live) await(what string, ok func(workspace.Snapshot) bool) workspace.Snapshot {
	l.t.Helper()
	limit := time.NewTimer(60 * time.Second)
	defer limit.Stop()
	for {
		s, _ := l.Snapshot()
		l.seen = append(l.seen, s)
		if ok(s) {
			return s
		}
		select {
		case <-l.Changed():
		case <-limit.C:
			l.t.Fatalf("waiting for %s: %s", what, show(s))
		}
	}
}

// awaitRow waits for one workspace in a phase.
func (l *live) awaitRow(name string, phase workspace.Phase) workspace.Workspace {
	l.t.Helper()
	var row workspace.Workspace
	l.await(name+" "+string(phase), func(s workspace.Snapshot) bool {
		row = find(s, name)
		return row.Status.Phase == phase
	})
	return row
}

func find(s workspace.Snapshot, name string) workspace.Workspace {
	for _, w := range s.Workspaces {
		if w.Name == name {
			return w
		}
	}
	return workspace.Workspace{}
}

func show(s workspace.Snapshot) string {
	out := fmt.Sprintf("synced %v, stale since %v, problem %q, denied %v", s.Synced, s.StaleSince, s.Problem, s.Denied)
	for _, w := range s.Workspaces {
		out += fmt.Sprintf("\n  %s %s/%s: %s", w.Name, w.Status.Phase, w.Status.Reason, w.Status.Sentence)
	}
	return out
}

// network is a way to the API server that can be cut.
type network struct {
	mu    sync.Mutex // guards what follows
	down  bool
	conns map[net.Conn]bool
}

func (n *network) adjust(c *rest.Config) {
	dial := c.Dial
	c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		n.mu.Lock()
		down := n.down
		n.mu.Unlock()
		if down {
			return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
		}
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.conns[conn] = true
		return conn, nil
	}
}

// cut ends all connections and refuses new ones; mend undoes that.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = true
	for conn := range n.conns {
		_ = conn.Close() // that it may be closed already is the point
	}
	clear(n.conns)
}

func (n *network) mend() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = false
}
