package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"runtime"
	"slices"
	"syscall"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Heartbeats as a kubelet's: the Lease is what the node lifecycle controller
// watches, the conditions are refreshed for those who read them.
const (
	leaseNamespace = "kube-node-lease"
	leaseDuration  = 40 * time.Second
	leaseEvery     = 10 * time.Second
	statusEvery    = 5 * time.Minute
	retryEvery     = 200 * time.Millisecond
	maxPods        = 110
)

// keepRegistered registers the node, says when it can be used, and keeps its
// heartbeat until ctx ends.
func (n *Node) keepRegistered(ctx context.Context) error {
	for {
		err := n.register(ctx)
		if err == nil {
			err = n.renewLease(ctx)
		}
		if err == nil && n.schedulable(ctx) {
			break
		}
		if err != nil {
			n.log.Debug("registering the node", "err", err)
		}
		if !sleep(ctx, retryEvery) {
			return nil
		}
	}
	close(n.ready)
	n.log.Info("node is ready", "name", n.cfg.Name)
	status := time.Now()
	for sleep(ctx, leaseEvery) {
		if err := n.renewLease(ctx); err != nil {
			n.log.Warn("renewing the node's lease", "err", err)
		}
		if time.Since(status) >= statusEvery {
			if err := n.register(ctx); err != nil {
				n.log.Warn("refreshing the node's status", "err", err)
				continue
			}
			status = time.Now()
		}
	}
	return nil
}

// register creates the Node where it is missing and writes its status.
func (n *Node) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaseEvery)
	defer cancel()
	nodes := n.client.CoreV1().Nodes()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.cfg.Name, Labels: map[string]string{
		corev1.LabelHostname:   n.cfg.Name,
		corev1.LabelOSStable:   runtime.GOOS,
		corev1.LabelArchStable: runtime.GOARCH,
		"kubernetes.io/role":   "sandbox",
	}}}
	if _, err := nodes.Create(ctx, node, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating the node: %w", err)
	}
	patch, err := json.Marshal(map[string]any{"status": n.nodeStatus()})
	if err != nil {
		return fmt.Errorf("encoding the node's status: %w", err)
	}
	if _, err := nodes.PatchStatus(ctx, n.cfg.Name, patch); err != nil {
		return fmt.Errorf("writing the node's status: %w", err)
	}
	return nil
}

// overcommit is how many times over the machine's processors and memory are
// offered to the scheduler. Nothing enforces a workspace's requests here, and
// an idle one takes next to nothing; counted once, two workspaces of the
// default size would fill a laptop.
const overcommit = 32

// nodeStatus describes this machine.
func (n *Node) nodeStatus() corev1.NodeStatus {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewQuantity(overcommit*int64(runtime.NumCPU()), resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(overcommit*memoryBytes(), resource.BinarySI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity(diskBytes(n.cfg.VolumeDir), resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(maxPods, resource.DecimalSI),
	}
	now := metav1.Now()
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
		return corev1.NodeCondition{Type: kind, Status: status, Reason: reason, Message: message, LastHeartbeatTime: now, LastTransitionTime: metav1.NewTime(n.since)}
	}
	port := int32(n.cfg.Listener.Addr().(*net.TCPAddr).Port)
	return corev1.NodeStatus{
		Capacity:    capacity,
		Allocatable: capacity,
		Conditions: []corev1.NodeCondition{
			condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "SandboxHasSufficientMemory", "not measured on a sandbox"),
			condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "SandboxHasNoDiskPressure", "not measured on a sandbox"),
			condition(corev1.NodePIDPressure, corev1.ConditionFalse, "SandboxHasSufficientPID", "not measured on a sandbox"),
			condition(corev1.NodeReady, corev1.ConditionTrue, "SandboxReady", "workspaces run as processes of this machine"),
		},
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: "127.0.0.1"},
			{Type: corev1.NodeHostName, Address: n.cfg.Name},
		},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: port}},
		NodeInfo: corev1.NodeSystemInfo{
			BootID:                  bootID(),
			KernelVersion:           kernelVersion(),
			OSImage:                 osImage(),
			ContainerRuntimeVersion: "sandbox://processes",
			KubeletVersion:          "v1.37.2-sandbox",
			OperatingSystem:         runtime.GOOS,
			Architecture:            runtime.GOARCH,
		},
	}
}

// diskBytes is the size of the file system that holds the volumes.
func diskBytes(dir string) int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0
	}
	return int64(s.Blocks) * int64(s.Bsize) //nolint:unconvert // types differ between systems
}

// renewLease is the heartbeat.
func (n *Node) renewLease(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaseEvery)
	defer cancel()
	leases := n.client.CoordinationV1().Leases(leaseNamespace)
	seconds, now := int32(leaseDuration.Seconds()), metav1.NowMicro()
	spec := coordinationv1.LeaseSpec{HolderIdentity: &n.cfg.Name, LeaseDurationSeconds: &seconds, RenewTime: &now}
	patch, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		return fmt.Errorf("encoding the lease: %w", err)
	}
	_, err = leases.Patch(ctx, n.cfg.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: n.cfg.Name}, Spec: spec}
		_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
	}
	if err != nil {
		return fmt.Errorf("renewing the lease: %w", err)
	}
	return nil
}

// schedulable reports whether the taint that every new node gets is gone. The
// node lifecycle controller would remove it, once it has started and looked,
// which takes seconds; the node has just reported that it is ready.
func (n *Node) schedulable(ctx context.Context) bool {
	nodes := n.client.CoreV1().Nodes()
	node, err := nodes.Get(ctx, n.cfg.Name, metav1.GetOptions{})
	if err != nil {
		return false
	}
	tainted := len(node.Spec.Taints)
	node.Spec.Taints = slices.DeleteFunc(node.Spec.Taints, func(t corev1.Taint) bool {
		return t.Key == corev1.TaintNodeNotReady || t.Key == corev1.TaintNodeUnreachable
	})
	if len(node.Spec.Taints) == tainted {
		return true
	}
	_, err = nodes.Update(ctx, node, metav1.UpdateOptions{})
	return err == nil
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
