//go:build linux

package realnode

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/berth-sh/berth/sandbox/controlplane"
	"github.com/berth-sh/berth/sandbox/proc"
	"github.com/berth-sh/berth/sandbox/state"
)

// Node is a running node, seen from outside.
type Node struct {
	cfg     Config
	client  kubernetes.Interface
	id      proc.ID // the first process of the node's namespaces
	stop    context.CancelFunc
	spawner sync.WaitGroup
	ended   chan struct{}
}

// Start starts the node of cfg and returns when the cluster takes it for ready.
// executable is run as `EXECUTABLE inside …` in the node's namespaces, see
// package berth-node. The node ends with [Node.Stop], and with this process.
func Start(ctx context.Context, cfg Config, executable string) (*Node, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	kubelet, err := issue(cfg)
	if err != nil {
		return nil, err
	}
	if err := cfg.write(kubelet); err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg, ended: make(chan struct{})}
	if n.client, err = admin(cfg); err != nil {
		return nil, err
	}
	if err := raiseBridge(ctx); err != nil {
		return nil, err
	}
	if err := serviceRoute(ctx); err != nil {
		return nil, err
	}
	dropProxyTables(ctx)
	dropCgroups()
	if err := n.spawn(ctx, executable, kubelet.Kubeconfig); err != nil {
		return nil, err
	}
	if err := n.join(ctx); err != nil {
		n.Stop(context.WithoutCancel(ctx))
		return nil, err
	}
	return n, nil
}

// issue makes the kubelet's credentials.
func issue(cfg Config) (controlplane.Kubelet, error) {
	folder, err := state.At(cfg.State)
	if err != nil {
		return controlplane.Kubelet{}, err
	}
	settings, err := folder.LoadSettings()
	if err != nil {
		return controlplane.Kubelet{}, err
	}
	return controlplane.IssueKubelet(folder.Path("pki"), state.Address(settings.APIPort), Name, net.ParseIP(Gateway), time.Now())
}

// admin is access to the sandbox's API server.
func admin(cfg Config) (kubernetes.Interface, error) {
	rest, err := clientcmd.BuildConfigFromFlags("", filepath.Join(cfg.State, "kubeconfig"))
	if err != nil {
		return nil, fmt.Errorf("reading the sandbox's kubeconfig: %w", err)
	}
	rest.QPS = -1
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return client, nil
}

// spawn starts the first process of the node's namespaces. The kernel kills it,
// and with it all of the node, when this process ends.
func (n *Node) spawn(ctx context.Context, executable, kubeconfig string) error {
	living, stop := context.WithCancel(context.WithoutCancel(ctx))
	n.stop = stop
	spawner := proc.NewSpawner()
	n.spawner.Go(func() { spawner.Run(living) })
	log, err := os.OpenFile(n.cfg.path("logs", "node.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		stop()
		return fmt.Errorf("opening the node's log: %w", err)
	}
	defer func() { _ = log.Close() }() // the process has its own descriptor
	cmd := exec.CommandContext(context.WithoutCancel(ctx), executable, "inside",
		"--state", n.cfg.State, "--dir", n.cfg.Dir, "--bin", n.cfg.Bin, "--cni", n.cfg.cni(), "--kubeconfig", kubeconfig)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	cmd.Stdout, cmd.Stderr = log, log
	if n.id, err = spawner.Start(cmd); err != nil {
		stop()
		return err
	}
	go func() {
		defer close(n.ended)
		_ = cmd.Wait() // how it ended is in its log
	}()
	return nil
}

// Stop ends everything of the node and removes its bridge, its control groups
// and its Node object. Images and volumes stay in the node's folder.
func (n *Node) Stop(ctx context.Context) {
	_ = n.id.End(ctx, 5*time.Second) // its end is waited for below
	<-n.ended
	n.stop()
	n.spawner.Wait()
	dropProxyTables(ctx)
	dropBridge(ctx)
	dropCgroups()
	n.leave(ctx)
}

// join waits until the node is ready, and makes it the one that pods run on.
func (n *Node) join(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for !n.ready(ctx) {
		select {
		case <-n.ended:
			return fmt.Errorf("the node has ended; %s says why", n.cfg.path("logs", "node.log"))
		case <-ctx.Done():
			return fmt.Errorf("waiting for the node: %w; %s says more", ctx.Err(), n.cfg.path("logs"))
		case <-time.After(100 * time.Millisecond):
		}
	}
	return n.settle(ctx)
}

func (n *Node) ready(ctx context.Context) bool {
	node, err := n.client.CoreV1().Nodes().Get(ctx, Name, metav1.GetOptions{})
	if err != nil {
		return false
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// Import adds the images of a docker archive to the node.
func (n *Node) Import(ctx context.Context, archive string) error {
	ctr := filepath.Join(n.cfg.Bin, "ctr")
	cmd := exec.CommandContext(ctx, ctr, "--address", n.cfg.socket(), "--namespace", "k8s.io",
		"images", "import", "--local", "--snapshotter", "overlayfs", archive)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("importing %s: %w: %s", archive, err, out)
	}
	return nil
}
