package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// crowd is a namespace with very many running workspaces: Deployment, pod and
// claim of each, with the statuses that controllers would give them, on an API
// server whose controllers are stopped. Nothing runs behind them.
type crowd struct {
	t          testing.TB
	api        kubernetes.Interface
	bed        *bed
	kubeconfig string
	size       int
	components []component
}

// crowdName names the i-th workspace.
func crowdName(i int) string { return fmt.Sprintf("ws-%05d", i) }

// newCrowd starts a sandbox of its own, stops its controllers and fills a
// namespace, which takes minutes. The variable BERTH_BENCH_CROWD_STATE names a
// folder for a sandbox that is kept, and filled only the first time.
func newCrowd(t testing.TB, size int) *crowd {
	t.Helper()
	_, bin := testCluster(t)
	state, kept := os.LookupEnv("BERTH_BENCH_CROWD_STATE")
	if !kept {
		state = filepath.Join(t.TempDir(), "sandbox")
	}
	sandbox := func(args ...string) []byte {
		cmd := exec.Command(filepath.Join(bin, "berth-sandbox"), append(args, "--state", state)...) //nolint:noctx // it has limits of its own
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil && args[0] != "status" { // which fails where the controllers have been stopped
			t.Fatalf("berth-sandbox %v: %v: %s", args, err, &said)
		}
		return out
	}
	filled := state + ".filled" // beside it: a sandbox removes no folder that holds what is not its own
	if _, err := os.Stat(filled); err != nil {
		sandbox("up")
	}
	if !kept {
		t.Cleanup(func() { sandbox("down", "--purge") })
	}
	kubeconfig := filepath.Join(state, "kubeconfig")
	client, err := kube.New(kube.Options{Kubeconfig: kubeconfig, Adjust: func(r *rest.Config) { r.QPS = -1 }})
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{t: t, api: client.Interface(), size: size, kubeconfig: kubeconfig}
	c.bed = &bed{t: t, namespace: "crowd", berth: filepath.Join(bin, "berth"), api: c.api}
	dir := t.TempDir()
	path, err := namespacedKubeconfig(kubeconfig, c.bed.namespace, dir)
	if err != nil {
		t.Fatal(err)
	}
	c.bed.env = append(isolated(t, dir, path), "PATH="+bin+":"+os.Getenv("PATH"))
	var report struct {
		Components []component `json:"components"`
	}
	if err := json.Unmarshal(sandbox("status", "-o", "json"), &report); err != nil {
		t.Fatal(err)
	}
	c.components = report.Components
	if _, err := os.Stat(filled); err == nil {
		c.each(func(ctx context.Context, i int) error { return c.setReady(ctx, i, corev1.ConditionTrue) }) // a run may have been cut
		return c                                                                                           // its controllers have been stopped, too
	}
	if err := makeNamespace(kubeconfig, c.bed.namespace); err != nil { // its service account comes from a controller
		t.Fatal(err)
	}
	c.stopControllers()
	c.fill()
	if err := os.WriteFile(filled, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// component is a process of the sandbox.
type component struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
}

// stopControllers lets nothing react to the crowd.
func (c *crowd) stopControllers() {
	c.t.Helper()
	stopped := 0
	for _, component := range c.components {
		if component.Name == "kube-controller-manager" || component.Name == "kube-scheduler" {
			if err := syscall.Kill(component.PID, syscall.SIGSTOP); err != nil {
				c.t.Fatal(err)
			}
			stopped++
		}
	}
	if stopped != 2 {
		c.t.Fatalf("the controllers are not in %v", c.components)
	}
}

// each does something to every workspace, many at a time.
func (c *crowd) each(do func(ctx context.Context, i int) error) {
	c.t.Helper()
	var next atomic.Int64
	var working sync.WaitGroup
	failed := make(chan error, 32)
	for range cap(failed) {
		working.Go(func() {
			for i := int(next.Add(1)) - 1; i < c.size; i = int(next.Add(1)) - 1 {
				if err := do(c.t.Context(), i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	working.Wait()
	close(failed)
	for err := range failed {
		c.t.Fatal(err)
	}
}

func (c *crowd) fill() {
	c.t.Helper()
	id, err := kube.NewIdentity([]string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA nobody"})
	if err != nil {
		c.t.Fatal(err)
	}
	spec := workspace.Spec{Image: "ubuntu:24.04", CPU: "500m", Memory: "1Gi", Disk: "10Gi", Profile: workspace.Restricted, User: "dev"}
	c.each(func(ctx context.Context, i int) error {
		made, err := kube.Build(workspace.Ref{Namespace: c.bed.namespace, Name: crowdName(i)}, spec, id, workspace.Installation{})
		if err != nil {
			return err
		}
		if err := c.claim(ctx, made.Claim); err != nil {
			return err
		}
		if err := c.deployment(ctx, made.Deployment); err != nil {
			return err
		}
		return c.pod(ctx, i, made.Deployment.Spec.Template)
	})
}

func (c *crowd) claim(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	nowhere := "nowhere"
	claim.Spec.StorageClassName = &nowhere
	claims := c.api.CoreV1().PersistentVolumeClaims(c.bed.namespace)
	claim, err := claims.Create(ctx, claim, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	claim.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound, Capacity: claim.Spec.Resources.Requests}
	_, err = claims.UpdateStatus(ctx, claim, metav1.UpdateOptions{})
	return err
}

func (c *crowd) deployment(ctx context.Context, d *appsv1.Deployment) error {
	deployments := c.api.AppsV1().Deployments(c.bed.namespace)
	d, err := deployments.Create(ctx, d, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	now := metav1.Now()
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1,
		Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable", LastUpdateTime: now, LastTransitionTime: now},
			{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable", LastUpdateTime: now, LastTransitionTime: now},
		},
	}
	_, err = deployments.UpdateStatus(ctx, d, metav1.UpdateOptions{})
	return err
}

func (c *crowd) pod(ctx context.Context, i int, template corev1.PodTemplateSpec) error {
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Name, pod.Namespace = crowdPod(i), c.bed.namespace
	pod.Spec.NodeName = "node-" + strconv.Itoa(i%50)
	pods := c.api.CoreV1().Pods(c.bed.namespace)
	pod, err := pods.Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	pod.Status = crowdStatus(pod, 0)
	_, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}

func crowdPod(i int) string { return crowdName(i) + "-7d9f8b6c5-x2x7q" }

func crowdStatus(pod *corev1.Pod, restarts int32) corev1.PodStatus {
	now, started := metav1.NewTime(time.Now().Add(-72*time.Hour)), true // what is young changes its age
	status := corev1.PodStatus{Phase: corev1.PodRunning, StartTime: &now, PodIP: "10.88.1.1"}
	for _, kind := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	for _, container := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: container.Name, Image: container.Image, ImageID: container.Image, Ready: true, Started: &started, RestartCount: restarts,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
		})
	}
	return status
}

// changers is how many make changes at once.
const changers = 24

// change has pods become ready and not ready, rate times a second, until ctx
// ends, and returns how many changes that were.
func (c *crowd) change(ctx context.Context, rate int) int {
	var done atomic.Int64
	var working sync.WaitGroup
	for worker := range changers {
		working.Go(func() {
			tick := time.NewTicker(changers * time.Second / time.Duration(rate))
			defer tick.Stop()
			for n := 0; ; n++ {
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
				i := (n/2*changers + worker) % c.size // each twice, so that most are as before
				status := corev1.ConditionTrue
				if n%2 == 0 {
					status = corev1.ConditionFalse
				}
				if c.setReady(ctx, i, status) == nil {
					done.Add(1)
				}
			}
		})
	}
	working.Wait()
	return int(done.Load())
}

func (c *crowd) setReady(ctx context.Context, i int, status corev1.ConditionStatus) error {
	patch := fmt.Appendf(nil, `{"status":{"conditions":[{"type":"Ready","status":%q}]}}`, status)
	_, err := c.api.CoreV1().Pods(c.bed.namespace).Patch(ctx, crowdPod(i), types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// stepBack gives this process the right of way before the API server, which has
// a machine of its own elsewhere.
func (c *crowd) stepBack() {
	c.t.Helper()
	for _, component := range c.components {
		if component.PID == 0 {
			continue // a part of another process
		}
		threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", component.PID))
		if err != nil {
			c.t.Fatal(err)
		}
		for _, thread := range threads {
			tid, err := strconv.Atoi(thread.Name())
			if err != nil {
				c.t.Fatal(err)
			}
			if err := syscall.Setpriority(syscall.PRIO_PROCESS, tid, 19); err != nil && !errors.Is(err, syscall.ESRCH) {
				c.t.Fatal(err)
			}
		}
	}
}
