package node_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func testCrash(t *testing.T, w *workspace) {
	w.create(t, "crash")
	pod := w.waitPod(t, "crash loop", func(p *corev1.Pod) bool {
		waiting := main(p).State.Waiting
		return waiting != nil && waiting.Reason == "CrashLoopBackOff"
	})
	last := main(pod).LastTerminationState.Terminated
	if last == nil || last.ExitCode != 1 || last.Reason != "Error" || !strings.Contains(last.Message, "fatal: cannot read") {
		t.Errorf("last state %+v", last)
	}
	if pod.Status.Phase != corev1.PodRunning || main(pod).RestartCount < 1 {
		t.Errorf("phase %s, %d restarts", pod.Status.Phase, main(pod).RestartCount)
	}
	w.waitEvent(t, "BackOff", "Back-off restarting failed container workspace in pod "+pod.Name)
	log, err := w.client.CoreV1().Pods(namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: "workspace", Previous: true}).DoRaw(t.Context())
	if err != nil || !strings.Contains(string(log), "fatal: cannot read") {
		t.Errorf("log of the previous container: %q, %v", log, err)
	}
}

func testOOM(t *testing.T, w *workspace) {
	w.create(t, "oom")
	pod := w.waitPod(t, "killed", func(p *corev1.Pod) bool { return main(p).LastTerminationState.Terminated != nil })
	if last := main(pod).LastTerminationState.Terminated; last.ExitCode != 137 || last.Reason != "OOMKilled" {
		t.Errorf("last state %+v", last)
	}
}

func testPullError(t *testing.T, w *workspace) {
	w.create(t, "pull-error")
	pod := w.waitPod(t, "back-off", func(p *corev1.Pod) bool {
		waiting := main(p).State.Waiting
		return waiting != nil && waiting.Reason == "ImagePullBackOff"
	})
	if message := main(pod).State.Waiting.Message; !strings.Contains(message, `failed to pull and unpack image "docker.io/library/ubuntu:24.04"`) ||
		!strings.HasSuffix(message, ": not found") {
		t.Errorf("message %q", message)
	}
	if pod.Status.Phase != corev1.PodPending {
		t.Errorf("phase %s", pod.Status.Phase)
	}
	w.waitEvent(t, "Failed", "Failed to pull image")
	w.waitEvent(t, "Failed", "Error: ErrImagePull")
	w.waitEvent(t, "Failed", "Error: ImagePullBackOff")
	w.waitEvent(t, "BackOff", "Back-off pulling image")
}

func testSlow(t *testing.T, w *workspace) {
	w.create(t, "slow")
	w.waitEvent(t, "Pulling", "")
	pod := w.waitPod(t, "creating", func(p *corev1.Pod) bool { return main(p).State.Waiting != nil })
	if reason := main(pod).State.Waiting.Reason; reason != "ContainerCreating" {
		t.Errorf("waiting for %s", reason)
	}
	w.waitPod(t, "ready", isReady)
}

func testUnready(t *testing.T, w *workspace) {
	w.create(t, "unready")
	w.waitEvent(t, "Unhealthy", "Readiness probe failed: dial tcp 10.88.")
	pod := w.waitPod(t, "running", func(p *corev1.Pod) bool { return main(p).State.Running != nil })
	if isReady(pod) || pod.Status.Phase != corev1.PodRunning {
		t.Errorf("phase %s, ready %t", pod.Status.Phase, isReady(pod))
	}
	if _, err := w.connect(t.Context(), w.authority()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("the gateway's answer for a workspace that is not ready: %v", err)
	}
}
