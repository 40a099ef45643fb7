package node

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// writeTimeout bounds one write of a status.
const writeTimeout = 5 * time.Second

// firstStatus is the status of a pod that this node begins with. What an
// earlier life reported as running has died with it.
func firstStatus(pod *corev1.Pod) corev1.PodStatus {
	s := corev1.PodStatus{Phase: pod.Status.Phase, StartTime: pod.Status.StartTime, Message: pod.Status.Message, Reason: pod.Status.Reason}
	s.HostIP, s.HostIPs = "127.0.0.1", []corev1.HostIP{{IP: "127.0.0.1"}}
	if s.StartTime == nil {
		now := metav1.Now()
		s.StartTime = &now
	}
	for _, c := range pod.Status.Conditions {
		if c.Type != corev1.PodScheduled {
			s.Conditions = append(s.Conditions, c)
		}
	}
	if isFinished(s.Phase) {
		s.ContainerStatuses = pod.Status.ContainerStatuses
		return s
	}
	s.Phase = corev1.PodPending
	setCondition(&s, corev1.PodReadyToStartContainers, false, "", "")
	setCondition(&s, corev1.PodInitialized, len(pod.Spec.InitContainers) == 0, "", "")
	for i := range pod.Spec.Containers {
		s.ContainerStatuses = append(s.ContainerStatuses, firstContainerStatus(pod, &pod.Spec.Containers[i]))
	}
	settle(&s)
	return s
}

// firstContainerStatus is a container's status before it runs here.
func firstContainerStatus(pod *corev1.Pod, c *corev1.Container) corev1.ContainerStatus {
	no := false
	status := corev1.ContainerStatus{Name: c.Name, Image: c.Image, Started: &no}
	status.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	old := findStatus(pod.Status.ContainerStatuses, c.Name)
	if old == nil {
		return status
	}
	status.RestartCount, status.LastTerminationState = old.RestartCount, old.LastTerminationState
	if old.State.Running != nil {
		status.RestartCount++
		status.LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: 255, Reason: "Unknown", Message: "the sandbox stopped while this ran",
			StartedAt: old.State.Running.StartedAt, FinishedAt: metav1.Now(), ContainerID: old.ContainerID,
		}}
	}
	return status
}

// findStatus returns the status of a container, or nil.
func findStatus(statuses []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	i := slices.IndexFunc(statuses, func(s corev1.ContainerStatus) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &statuses[i]
}

// change edits the status and has it published.
func (w *worker) change(edit func(*corev1.PodStatus)) {
	w.mu.Lock()
	edit(&w.status)
	settle(&w.status)
	w.mu.Unlock()
	w.touch()
}

// changeMain edits the status of the workspace's container.
func (w *worker) changeMain(edit func(*corev1.ContainerStatus)) {
	w.change(func(s *corev1.PodStatus) {
		if c := findStatus(s.ContainerStatuses, w.main); c != nil {
			edit(c)
		}
	})
}

// touch has the status published soon.
func (w *worker) touch() {
	select {
	case w.dirty <- struct{}{}:
	default: // it is marked already
	}
}

// settle derives the phase and the readiness conditions from the containers.
func settle(s *corev1.PodStatus) {
	var unready []string
	running := len(s.ContainerStatuses) > 0
	for _, c := range s.ContainerStatuses {
		if !c.Ready {
			unready = append(unready, c.Name)
		}
		if c.State.Running == nil && c.State.Terminated == nil && c.LastTerminationState.Terminated == nil {
			running = false
		}
	}
	if running && s.Phase == corev1.PodPending {
		s.Phase = corev1.PodRunning
	}
	reason, message := "", ""
	if len(unready) > 0 {
		reason, message = "ContainersNotReady", fmt.Sprintf("containers with unready status: [%s]", strings.Join(unready, " "))
	}
	if isFinished(s.Phase) {
		reason, message = "PodCompleted", ""
		if s.Phase == corev1.PodFailed {
			reason = "PodFailed"
		}
	}
	setCondition(s, corev1.ContainersReady, reason == "", reason, message)
	setCondition(s, corev1.PodReady, reason == "", reason, message)
}

// setCondition sets one condition and keeps the time of its last change.
func setCondition(s *corev1.PodStatus, kind corev1.PodConditionType, is bool, reason, message string) {
	status := corev1.ConditionFalse
	if is {
		status = corev1.ConditionTrue
	}
	i := slices.IndexFunc(s.Conditions, func(c corev1.PodCondition) bool { return c.Type == kind })
	if i < 0 {
		s.Conditions = append(s.Conditions, corev1.PodCondition{Type: kind})
		i = len(s.Conditions) - 1
	}
	c := &s.Conditions[i]
	if c.Status != status {
		c.LastTransitionTime = metav1.Now()
	}
	c.Status, c.Reason, c.Message = status, reason, message
}

// publish writes the status after each change until the worker ends. What
// cannot be written now is tried again: the API server may be restarting.
func (w *worker) publish(ctx context.Context) {
	for range w.dirty {
		for {
			err := w.write(ctx)
			if err == nil || isGone(err) || ctx.Err() != nil {
				break
			}
			w.node.log.Debug("writing a pod's status", "pod", w.name, "err", err)
			if !sleep(ctx, retryEvery) {
				break
			}
		}
	}
}

// write writes the status as it is now. The UID in the patch keeps it from a
// later pod of the same name.
func (w *worker) write(ctx context.Context) error {
	patch, err := w.statusPatch()
	if err != nil {
		return fmt.Errorf("encoding a pod's status: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	_, err = w.node.client.CoreV1().Pods(w.namespace).Patch(ctx, w.name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// statusPatch encodes the status as it is now. Conditions are merged by the API
// server, so what a condition no longer says has to be taken back explicitly.
func (w *worker) statusPatch() ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	status, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&w.status)
	if err != nil {
		return nil, err
	}
	conditions, _ := status["conditions"].([]any)
	for _, c := range conditions {
		condition, ok := c.(map[string]any)
		if !ok {
			continue
		}
		for _, key := range []string{"reason", "message"} {
			if condition[key] == nil {
				condition[key] = nil // as a key that is there
			}
		}
	}
	return json.Marshal(map[string]any{"metadata": map[string]any{"uid": w.uid}, "status": status})
}

// isGone reports whether an error means that the pod does not exist any more; a
// wrong UID is answered with a conflict.
func isGone(err error) bool { return apierrors.IsNotFound(err) || apierrors.IsConflict(err) }
