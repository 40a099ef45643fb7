package node

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// faultAnnotation makes a pod fail on purpose.
const faultAnnotation = "sandbox.berth.sh/fault"

// The faults that the node acts out itself; the server process knows the rest.
const (
	faultPullError = "pull-error"
	faultSlow      = "slow"
	faultOOM       = "oom"
)

// worker runs one pod from binding to removal. Its goroutine is the only one
// that starts and ends the pod's process.
type worker struct {
	node            *Node
	uid             types.UID
	namespace, name string
	main            string // the workspace's container
	dir             string
	ip              string

	alive context.Context // ends when the pod is to end
	end   context.CancelFunc
	dirty chan struct{} // capacity 1: the status has changed

	mu      sync.Mutex // guards what follows
	pod     *corev1.Pod
	gone    bool // the object exists no more
	status  corev1.PodStatus
	process *process // the running one, or nil
	logs    map[string]*logs
	home    string
	environ []string
}

// newWorker prepares a worker for a pod that the node does not know yet.
func newWorker(ctx context.Context, n *Node, pod *corev1.Pod) *worker {
	w := &worker{
		node: n, uid: pod.UID, namespace: pod.Namespace, name: pod.Name,
		main:  workspaceContainer(pod),
		dir:   filepath.Join(n.podsDir(), string(pod.UID)),
		dirty: make(chan struct{}, 1),
		pod:   pod,
		logs:  map[string]*logs{},
	}
	w.alive, w.end = context.WithCancel(ctx)
	return w
}

// workspaceContainer names the container that is the workspace: the one that
// mounts an identity, which is a Secret called NAME-ssh; else the first.
func workspaceContainer(pod *corev1.Pod) string {
	for _, v := range pod.Spec.Volumes {
		if v.Secret == nil || !strings.HasSuffix(v.Secret.SecretName, "-ssh") {
			continue
		}
		for _, c := range pod.Spec.Containers {
			if slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name }) {
				return c.Name
			}
		}
	}
	return pod.Spec.Containers[0].Name
}

// update takes over a new state of the object.
func (w *worker) update(pod *corev1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pod = pod
	if pod.DeletionTimestamp != nil {
		w.end()
	}
}

// vanish says that the object is gone: forced deletion, mostly.
func (w *worker) vanish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = true
	w.end()
}

// current returns the object as last seen.
func (w *worker) current() *corev1.Pod {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pod
}

// isEnding reports whether the pod is being deleted.
func (w *worker) isEnding() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gone || w.pod.DeletionTimestamp != nil
}

// fault returns what the pod is to suffer from.
func (w *worker) fault() string { return w.current().Annotations[faultAnnotation] }

// run runs the pod until it is removed, or ctx ends with the node.
func (w *worker) run(ctx context.Context) {
	defer w.end()
	var publishing sync.WaitGroup
	defer publishing.Wait()
	publishing.Go(func() { w.publish(ctx) })
	defer close(w.dirty)
	if err := w.begin(); err != nil {
		w.node.log.Error("starting a pod", "pod", w.namespace+"/"+w.name, "err", err)
		<-w.alive.Done()
	} else {
		defer w.node.addresses.release(w.ip)
		w.live()
	}
	<-w.alive.Done() // a finished pod is kept until someone deletes it
	w.node.endMarked(w.dir + string(filepath.Separator))
	if !w.isEnding() {
		return // the node stops; the pod goes on in its next life
	}
	w.remove(ctx)
	if err := os.RemoveAll(w.dir); err != nil {
		w.node.log.Warn("removing a pod's directory", "err", err)
	}
}

// begin gives the pod its directory, address and first status.
func (w *worker) begin() error {
	pod := w.current()
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return err
	}
	ip, err := w.node.addresses.take(w, pod.Status.PodIP)
	if err != nil {
		return err
	}
	w.ip = ip
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = firstStatus(pod)
	for _, c := range pod.Spec.Containers {
		w.logs[c.Name] = newLogs(filepath.Join(w.dir, "logs", c.Name))
		if old := findStatus(w.status.ContainerStatuses, c.Name); old != nil {
			w.logs[c.Name].skipTo(int(old.RestartCount))
		}
	}
	return nil
}

// live takes the pod through its phases. It returns when the pod has finished
// or is to end.
func (w *worker) live() {
	pod := w.current()
	if isFinished(pod.Status.Phase) {
		return
	}
	w.touch()
	mounts, ok := w.mount()
	if !ok {
		return
	}
	w.change(func(s *corev1.PodStatus) {
		s.PodIP, s.PodIPs = w.ip, []corev1.PodIP{{IP: w.ip}}
		setCondition(s, corev1.PodReadyToStartContainers, true, "", "")
		setCondition(s, corev1.PodInitialized, true, "", "")
	})
	w.startBystanders()
	back := backoff{}
	for {
		if !w.pull() {
			return
		}
		started := time.Now()
		exit, ok := w.runContainer(mounts)
		if !ok {
			return
		}
		if w.alive.Err() != nil {
			return
		}
		if !restarts(pod.Spec.RestartPolicy, exit) {
			w.finish(exit)
			return
		}
		if !w.holdBack(&back, time.Since(started)) {
			return
		}
	}
}

// remove reports the end of the pod and deletes its object, which a kubelet
// does last.
func (w *worker) remove(ctx context.Context) {
	w.mu.Lock()
	gone := w.gone
	w.mu.Unlock()
	if gone {
		return
	}
	w.conclude()
	zero := int64(0)
	options := metav1.DeleteOptions{GracePeriodSeconds: &zero, Preconditions: &metav1.Preconditions{UID: &w.uid}}
	for ctx.Err() == nil {
		if err := w.write(ctx); err != nil && !isGone(err) {
			w.node.log.Debug("reporting a pod's end", "err", err)
			if !sleep(ctx, retryEvery) {
				return
			}
			continue
		}
		err := w.node.client.CoreV1().Pods(w.namespace).Delete(ctx, w.name, options)
		if err == nil || isGone(err) {
			return
		}
		w.node.log.Debug("removing a pod", "err", err)
		if !sleep(ctx, retryEvery) {
			return
		}
	}
}

// isFinished reports whether a phase is a pod's last.
func isFinished(phase corev1.PodPhase) bool {
	return phase == corev1.PodSucceeded || phase == corev1.PodFailed
}

// restarts reports whether a policy restarts a container that exited so.
func restarts(policy corev1.RestartPolicy, exit exit) bool {
	switch policy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return exit.code != 0
	}
	return true
}
