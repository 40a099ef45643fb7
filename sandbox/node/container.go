package node

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// stopGrace is what a workspace gets to end when the node stops.
const stopGrace = 2 * time.Second

// configRetry is how often a container whose environment is incomplete is tried.
const configRetry = time.Second

// startBystanders reports the pod's other containers as running.
func (w *worker) startBystanders() {
	for _, c := range w.current().Spec.Containers {
		if c.Name != w.main {
			w.pretend(c.Name)
		}
	}
}

// pretend reports a container as running without running it; its log says so.
func (w *worker) pretend(name string) {
	if log, err := w.logs[name].start(); err == nil {
		log.add("stdout", "F", "This container is not run: a sandbox runs workspaces only, as processes of this machine.")
	}
	w.change(func(s *corev1.PodStatus) {
		if c := findStatus(s.ContainerStatuses, name); c != nil {
			w.setRunning(c, time.Now())
			c.Ready = true
		}
	})
}

// setRunning turns a container's status to running.
func (w *worker) setRunning(c *corev1.ContainerStatus, at time.Time) {
	yes := true
	c.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(at)}}
	c.Started, c.ImageID = &yes, "sandbox://"+c.Image
	c.ContainerID = fmt.Sprintf("sandbox://%s/%s/%d", w.uid, c.Name, c.RestartCount)
}

// runContainer runs the workspace's container once, to its end. It reports
// false when the pod is to end before anything could be started.
func (w *worker) runContainer(m *mounts) (exit, bool) {
	if m.secret == "" {
		// Not a workspace: nothing here can run it, so it only looks alive.
		w.containerEvent(corev1.EventTypeNormal, "Started", "Container started")
		w.pretend(w.main)
		<-w.alive.Done()
		return exit{}, false
	}
	env, ok := w.configure(m)
	if !ok {
		return exit{}, false
	}
	w.containerEvent(corev1.EventTypeNormal, "Created", "Container created")
	log, err := w.logs[w.main].start()
	var p *process
	if err == nil {
		p, err = startProcess(w.node.cfg.Executable, w.arguments(m), env, m.home, log)
	}
	if err != nil {
		return w.startFailed(err), true
	}
	w.mu.Lock()
	w.process, w.home, w.environ = p, m.home, env
	w.mu.Unlock()
	w.containerEvent(corev1.EventTypeNormal, "Started", "Container started")
	w.changeMain(func(c *corev1.ContainerStatus) { w.setRunning(c, p.started) })
	ctx, cancel := context.WithCancel(w.alive)
	var wg sync.WaitGroup
	wg.Go(func() { w.probe(ctx, p) })
	wg.Go(func() { w.followKeys(ctx, m) })
	select {
	case <-p.exited:
	case <-w.alive.Done():
		w.containerEvent(corev1.EventTypeNormal, "Killing", "Stopping container %s", w.main)
		p.stop(w.grace())
	}
	cancel()
	wg.Wait()
	w.mu.Lock()
	w.process = nil
	w.mu.Unlock()
	w.node.endMarked(w.dir + "/")
	w.setTerminated(p, log)
	return p.result(), true
}

// configure resolves the environment and waits while it cannot be.
func (w *worker) configure(m *mounts) ([]string, bool) {
	for last := ""; ; {
		env, err := w.environment(w.alive, m)
		if err == nil {
			return env, true
		}
		if w.alive.Err() != nil {
			return nil, false
		}
		if message := err.Error(); message != last {
			last = message
			w.containerEvent(corev1.EventTypeWarning, "Failed", "Error: %s", message)
			w.wait("CreateContainerConfigError", message)
		}
		if !sleep(w.alive, configRetry) {
			return nil, false
		}
	}
}

// arguments are what the server is started with.
func (w *worker) arguments(m *mounts) []string {
	args := []string{"--home", m.home, "--host-key", m.hostKey, "--authorized-keys", m.keys}
	name := w.current().Labels["berth.sh/workspace"]
	if name != "" {
		args = append(args, "--name", name)
	}
	switch fault := w.fault(); fault {
	case "", faultPullError, faultSlow:
	default:
		args = append(args, "--fault", fault)
	}
	return args
}

// grace is how long the container may take to end: what the deletion says.
func (w *worker) grace() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return 0
	}
	if seconds := w.pod.DeletionGracePeriodSeconds; w.pod.DeletionTimestamp != nil && seconds != nil {
		return time.Duration(*seconds) * time.Second
	}
	return stopGrace
}

// wait reports the workspace's container as waiting.
func (w *worker) wait(reason, message string) {
	w.changeMain(func(c *corev1.ContainerStatus) {
		no := false
		c.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
		c.Ready, c.Started = false, &no
	})
}

// startFailed reports a process that could not be started.
func (w *worker) startFailed(err error) exit {
	w.containerEvent(corev1.EventTypeWarning, "Failed", "Error: %v", err)
	now := time.Now()
	w.changeMain(func(c *corev1.ContainerStatus) {
		c.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: 128, Reason: "StartError", Message: err.Error(),
			StartedAt: metav1.NewTime(now), FinishedAt: metav1.NewTime(now),
		}}
	})
	return exit{code: 128, finished: now}
}

// setTerminated reports how the container ended.
func (w *worker) setTerminated(p *process, log *runLog) {
	e := p.result()
	state := &corev1.ContainerStateTerminated{
		ExitCode: int32(e.code), Reason: "Completed",
		StartedAt: metav1.NewTime(p.started), FinishedAt: metav1.NewTime(e.finished),
	}
	if e.code != 0 {
		state.Reason = "Error"
		if w.messageFromLog() {
			state.Message = log.tail()
		}
	}
	if w.fault() == faultOOM && e.signal == syscall.SIGKILL {
		state.Reason = "OOMKilled"
	}
	w.changeMain(func(c *corev1.ContainerStatus) {
		no := false
		state.ContainerID = c.ContainerID
		c.State = corev1.ContainerState{Terminated: state}
		c.Ready, c.Started = false, &no
	})
}

// messageFromLog reports whether a failure's message is the end of the log.
func (w *worker) messageFromLog() bool {
	for _, c := range w.current().Spec.Containers {
		if c.Name == w.main {
			return c.TerminationMessagePolicy == corev1.TerminationMessageFallbackToLogsOnError
		}
	}
	return false
}
