package node

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Back-off between restarts, as a kubelet's: the first restart is at once, and
// a container that has run for a while begins anew.
const (
	backoffFirst = 10 * time.Second
	backoffMax   = 5 * time.Minute
	backoffReset = 10 * time.Minute
)

// backoff is the delay before the next restart.
type backoff struct{ delay time.Duration }

// after returns the delay before a restart, after a run that lasted ran.
func (b *backoff) after(ran time.Duration) time.Duration {
	if ran >= backoffReset {
		b.delay = 0
	}
	delay := b.delay
	b.delay = min(max(backoffFirst, b.delay*2), backoffMax)
	return delay
}

// holdBack waits as long as the container has to and counts the restart. It
// reports false when the pod is to end first.
func (w *worker) holdBack(b *backoff, ran time.Duration) bool {
	if delay := b.after(ran); delay > 0 {
		message := w.name + "_" + w.namespace + "(" + string(w.uid) + ")"
		w.changeMain(func(c *corev1.ContainerStatus) { c.LastTerminationState = c.State })
		w.wait("CrashLoopBackOff", "back-off "+delay.String()+" restarting failed container="+w.main+" pod="+message)
		w.containerEvent(corev1.EventTypeWarning, "BackOff", "Back-off restarting failed container %s in pod %s", w.main, message)
		if !sleep(w.alive, delay) {
			return false
		}
	}
	w.changeMain(func(c *corev1.ContainerStatus) {
		c.RestartCount++
		if c.State.Terminated != nil {
			c.LastTerminationState = c.State
		}
	})
	return true
}

// finish ends a pod whose container is not restarted.
func (w *worker) finish(e exit) {
	w.change(func(s *corev1.PodStatus) {
		s.Phase = corev1.PodSucceeded
		if e.code != 0 {
			s.Phase = corev1.PodFailed
		}
		endContainers(s)
	})
}

// conclude gives a pod that is deleted its last status.
func (w *worker) conclude() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !isFinished(w.status.Phase) {
		w.status.Phase = corev1.PodSucceeded
		for _, c := range w.status.ContainerStatuses {
			if t := c.State.Terminated; t == nil && c.Name == w.main || t != nil && t.ExitCode != 0 {
				w.status.Phase = corev1.PodFailed
			}
		}
	}
	endContainers(&w.status)
	settle(&w.status)
}

// endContainers ends the containers that are not run.
func endContainers(s *corev1.PodStatus) {
	for i := range s.ContainerStatuses {
		c := &s.ContainerStatuses[i]
		no := false
		c.Ready, c.Started = false, &no
		if running := c.State.Running; running != nil {
			c.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				Reason: "Completed", StartedAt: running.StartedAt, FinishedAt: metav1.Now(), ContainerID: c.ContainerID,
			}}
		}
	}
}
