package daemon

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/berth-sh/berth/sandbox/controlplane"
	"github.com/berth-sh/berth/sandbox/gateway"
	"github.com/berth-sh/berth/sandbox/node"
	"github.com/berth-sh/berth/sandbox/state"
	"github.com/berth-sh/berth/workspace"
)

// Names of the parts that live in the supervisor's own process.
const (
	supervisorPart = "supervisor"
	nodePart       = "node"
	gatewayPart    = "gateway"
)

// nodeName is the Node object's name.
const nodeName = "sandbox"

// local is the node and the gateway, which run in this process: they hold no
// data, and the gateway reaches pods through the node's own table.
type local struct {
	cfg     Config
	creds   *controlplane.Credentials
	ports   ports
	board   *board
	node    *part
	gateway *part
	current atomic.Pointer[node.Node] // the node that runs now
}

// part is one of the two, kept running.
type part struct {
	name   string
	board  *board
	worked chan struct{} // closed when it works for the first time
	once   sync.Once     // for worked

	mu       sync.Mutex // guards what follows
	ready    bool
	restarts int
}

func newLocal(cfg Config, creds *controlplane.Credentials, p ports, board *board) *local {
	return &local{
		cfg: cfg, creds: creds, ports: p, board: board,
		node:    &part{name: nodePart, board: board, worked: make(chan struct{})},
		gateway: &part{name: gatewayPart, board: board, worked: make(chan struct{})},
	}
}

// run keeps both running until ctx ends, and returns when they have ended.
func (l *local) run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { l.node.keep(ctx, l.runNode) })
	both.Go(func() { l.gateway.keep(ctx, l.runGateway) })
	both.Wait()
}

func (l *local) runNode(ctx context.Context) error {
	ln, err := state.Listen(ctx, l.ports.kubelet)
	if err != nil {
		return err
	}
	defer func() { _ = ln.Close() }() // whoever serves it may have closed it
	n, err := node.New(node.Config{
		REST:       l.creds.Node(),
		Name:       nodeName,
		Dir:        l.cfg.Folder.Path("node"),
		VolumeDir:  l.cfg.Folder.Path("volumes"),
		Listener:   ln,
		TLS:        l.creds.KubeletTLS(),
		Executable: l.cfg.PodExecutable,
		Log:        l.cfg.Log.With("part", nodePart),
	})
	if err != nil {
		return err
	}
	l.current.Store(n)
	defer l.current.Store(nil)
	watching, stop := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() {
		if wait(watching, n.Ready()) {
			l.node.works(true)
		}
	})
	err = n.Run(ctx)
	stop()
	watcher.Wait()
	return err
}

func (l *local) runGateway(ctx context.Context) error {
	ln, err := state.Listen(ctx, l.ports.GatewayPort)
	if err != nil {
		return err
	}
	defer func() { _ = ln.Close() }() // as above
	g, err := gateway.New(gateway.Config{
		REST: l.creds.Node(), Domain: state.Domain, Dial: l.dialPod,
		Log: l.cfg.Log.With("part", gatewayPart),
	})
	if err != nil {
		return err
	}
	l.gateway.works(true) // connections queue from here on
	return g.Serve(ctx, ln)
}

func (l *local) dialPod(ctx context.Context, ip string, port int) (net.Conn, error) {
	n := l.current.Load()
	if n == nil {
		return nil, workspace.WithKind(workspace.ErrUnreachable, fmt.Errorf("connecting to pod %s: the node does not run", ip))
	}
	return n.DialPod(ctx, ip, port)
}

// status is the state of this process and what runs in it.
func (l *local) status() []state.Component {
	return []state.Component{
		{Name: supervisorPart, Process: l.board.me, Ready: true, Inside: true},
		l.node.status(), l.gateway.status(),
	}
}

// keep runs the part again and again until ctx ends.
func (p *part) keep(ctx context.Context, run func(context.Context) error) {
	pause := &backoff.ExponentialBackOff{
		InitialInterval: 100 * time.Millisecond, Multiplier: 2, RandomizationFactor: 0.2, MaxInterval: 10 * time.Second,
	}
	pause.Reset()
	for {
		started := time.Now()
		err := run(ctx)
		p.works(false)
		if ctx.Err() != nil {
			return
		}
		p.board.log.Error("part ended", "part", p.name, "error", err)
		if time.Since(started) > time.Minute {
			pause.Reset()
		}
		select {
		case <-time.After(pause.NextBackOff()):
		case <-ctx.Done():
			return
		}
		p.mu.Lock()
		p.restarts++
		p.mu.Unlock()
	}
}

func (p *part) works(ready bool) {
	p.mu.Lock()
	p.ready = ready
	p.mu.Unlock()
	if ready {
		p.once.Do(func() { close(p.worked) })
	}
	p.board.changed()
}

func (p *part) status() state.Component {
	p.mu.Lock()
	defer p.mu.Unlock()
	return state.Component{Name: p.name, Ready: p.ready, Restarts: p.restarts, Inside: true}
}

// nodeReady returns nil when the cluster takes the node for ready.
func nodeReady(ctx context.Context, client kubernetes.Interface) error {
	n, err := client.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("looking for the node: %w", err)
	}
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return fmt.Errorf("the node %s is not ready yet", nodeName)
}

// accountReady returns nil when pods can be created in the namespace.
func accountReady(ctx context.Context, client kubernetes.Interface) error {
	_, err := client.CoreV1().ServiceAccounts(state.Namespace).Get(ctx, "default", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("looking for the service account of namespace %s: %w", state.Namespace, err)
	}
	return nil
}
