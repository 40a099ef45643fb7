// Package gateway is the sandbox's way in: an HTTP/1.1 CONNECT proxy that stands
// where Envoy stands in a real installation and answers as Envoy does.
//
// An authority NAME--NAMESPACE.DOMAIN:PORT names a Service; the bytes go to a
// ready endpoint behind it. Services and EndpointSlices are watched, so that no
// request to the API server is on the path of a connection, and connections are
// made while the API server is away. Only Services that Berth manages can be
// reached.
//
// The answers: 200 after the upstream is connected, 400 for what is not HTTP,
// 404 for other methods and unknown hosts or ports, 408 for a request that does not
// come to its end, 431 for too long a header,
// 503 when a Service has no ready endpoint or the endpoint refuses. A connection
// that was joined is never cut for being idle, and there is no half-close: when
// one side ends, both do.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Config says what a gateway needs.
type Config struct {
	REST   *rest.Config
	Domain string // authorities end with it
	// Dial connects to a port of a pod, given the pod's symbolic address.
	Dial func(ctx context.Context, podIP string, port int) (net.Conn, error)
	Log  *slog.Logger // nil discards
}

// Gateway resolves authorities and joins connections.
type Gateway struct {
	dial   func(ctx context.Context, podIP string, port int) (net.Conn, error)
	log    *slog.Logger
	table  *table
	shared informers.SharedInformerFactory
	synced chan struct{} // closed when the informers know the cluster
	// headerTimeout is how long a client may take to ask.
	headerTimeout time.Duration
}

// resync is off: the watch delivers every change.
const resync = 0

// New returns a gateway; nothing is contacted before [Gateway.Serve].
func New(cfg Config) (*Gateway, error) {
	if cfg.Domain == "" || cfg.Dial == nil {
		return nil, errors.New("a gateway needs a domain and a dialer")
	}
	client, err := kubernetes.NewForConfig(cfg.REST)
	if err != nil {
		return nil, fmt.Errorf("making the gateway's client: %w", err)
	}
	return newGateway(cfg, client), nil
}

func newGateway(cfg Config, client kubernetes.Interface) *Gateway {
	g := &Gateway{
		dial: cfg.Dial, log: cfg.Log,
		shared:        informers.NewSharedInformerFactory(client, resync),
		synced:        make(chan struct{}),
		headerTimeout: headerTimeout,
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.table = newTable(cfg.Domain, g.shared)
	return g
}

// Serve answers on ln until ctx ends, then closes every connection and returns.
// It closes ln.
func (g *Gateway) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer g.shared.Shutdown()
	defer wg.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() }) // Accept reports it
	defer stop()
	g.shared.Start(ctx.Done())
	wg.Go(func() {
		g.shared.WaitForCacheSync(ctx.Done())
		if ctx.Err() == nil {
			close(g.synced)
		}
	})
	for {
		conn, err := ln.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accepting: %w", err)
		}
		if err != nil {
			// Out of file descriptors, most likely: it passes.
			g.log.Warn("accepting", "err", err)
			if !sleep(ctx, 100*time.Millisecond) {
				return nil
			}
			continue
		}
		wg.Go(func() { g.serveConn(ctx, conn) })
	}
}

// sleep waits for d and reports whether ctx goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
