// Package node is the sandbox's node: to the API server it is a kubelet, to this
// machine it is a few ordinary processes.
//
// It registers a Node with the machine's capacity, keeps its Lease, and runs
// the pods that the scheduler binds to it. The workspace's container of a pod
// becomes one SSH server process of the account that runs the sandbox; its home
// is the claim's folder, its host key and authorized keys come from the pod's
// Secret. Nothing is isolated. Other containers of a pod are reported as
// running and are not run, which their log says.
//
// Everything a cluster tells about a pod is told here as a kubelet would:
// phases, conditions, container states, restarts with back-off, termination
// with grace, events with the kubelet's reasons, logs, exec and port-forward.
// The annotation sandbox.berth.sh/fault of a pod makes it fail on purpose:
// crash, oom, pull-error, slow or unready.
//
// Pods have symbolic addresses in 10.88.0.0/16, because EndpointSlices refuse
// loopback ones. They mean something to [Node.DialPod] only.
//
// The node also provisions volumes: a claim of a class with the provisioner
// sandbox.berth.sh/folder becomes a folder, see package volume.
package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
)

// Config says what a node needs.
type Config struct {
	REST       *rest.Config
	Name       string
	Dir        string       // keeps logs and keys of pods; made when missing
	VolumeDir  string       // keeps the folders of claims; made when missing
	Listener   net.Listener // for the kubelet's API; closed when Run returns
	TLS        *tls.Config  // serving certificate and required client CA
	Executable string       // is run as `EXECUTABLE sshd ARGS` for each workspace
	Log        *slog.Logger // nil discards
}

// Node runs pods; see the package's documentation.
type Node struct {
	cfg       Config
	client    kubernetes.Interface
	log       *slog.Logger
	addresses *addresses
	images    *images
	ready     chan struct{}
	since     time.Time // when this life began

	broadcaster record.EventBroadcaster
	events      record.EventRecorder

	mu      sync.Mutex // guards workers
	workers map[types.UID]*worker
}

// New prepares a node; nothing is contacted or started before [Node.Run].
func New(cfg Config) (*Node, error) {
	if cfg.Name == "" || cfg.Listener == nil || cfg.TLS == nil || cfg.Executable == "" {
		return nil, errors.New("a node needs a name, a listener, TLS and an executable")
	}
	for _, dir := range []*string{&cfg.Dir, &cfg.VolumeDir} {
		if *dir == "" {
			return nil, errors.New("a node needs its two directories")
		}
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return nil, fmt.Errorf("resolving %s: %w", *dir, err)
		}
		*dir = abs
	}
	// A kubelet's own limits are too low to start ten workspaces at once.
	restConfig := rest.CopyConfig(cfg.REST)
	restConfig.QPS, restConfig.Burst = 100, 200
	client, err := kubernetes.NewForConfig(restConfig)
	if err != nil {
		return nil, fmt.Errorf("making the node's client: %w", err)
	}
	n := &Node{
		cfg:       cfg,
		client:    client,
		log:       cfg.Log,
		addresses: newAddresses(),
		images:    newImages(),
		ready:     make(chan struct{}),
		since:     time.Now(),
		workers:   map[types.UID]*worker{},
	}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	return n, nil
}

// Ready is closed once the node is registered and pods can be scheduled to it.
func (n *Node) Ready() <-chan struct{} { return n.ready }

// Run runs the node until ctx ends, then ends all workspace processes and
// returns. Pods keep their objects: the next Run starts them again, as after a
// reboot of a machine.
func (n *Node) Run(ctx context.Context) error {
	if err := n.prepare(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n.startEvents()
	defer n.broadcaster.Shutdown()
	var wg sync.WaitGroup
	failed := make(chan error, 4)
	for _, part := range []func(context.Context) error{n.serveKubelet, n.keepRegistered, n.runPods, n.provision} {
		wg.Go(func() {
			if err := part(ctx); err != nil && ctx.Err() == nil {
				failed <- err
				cancel()
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}
