package kube

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/berth-sh/berth/workspace"
)

// podSeen is what is kept of a pod.
type podSeen struct {
	observed workspace.Pod
	timeline workspace.Timeline
	restarts int
}

func seePod(p *corev1.Pod) podSeen {
	seen := podSeen{observed: workspace.Pod{
		Name: workspace.Safe(p.Name), UID: workspace.Safe(string(p.UID)), Created: p.CreationTimestamp.Time,
		Phase: shared(string(p.Status.Phase)), Reason: shared(p.Status.Reason), Message: workspace.Safe(p.Status.Message),
		Node: shared(p.Spec.NodeName),
	}}
	o := &seen.observed
	if p.DeletionTimestamp != nil {
		// The timestamp is when the grace period ends, not when it began.
		o.Terminating, o.DeletedAt = true, p.DeletionTimestamp.Time
		if p.DeletionGracePeriodSeconds != nil {
			o.DeletedAt = o.DeletedAt.Add(-time.Duration(*p.DeletionGracePeriodSeconds) * time.Second)
		}
	}
	for _, c := range p.Status.Conditions {
		o.Conditions = append(o.Conditions, condition(string(c.Type), c.Status, c.Reason, c.Message, c.LastTransitionTime))
	}
	o.Containers = append(seeContainers(p.Spec.InitContainers, p.Status.InitContainerStatuses, true),
		seeContainers(p.Spec.Containers, p.Status.ContainerStatuses, false)...)
	for _, c := range o.Containers {
		if !c.Init {
			seen.restarts += c.Restarts
		}
	}
	seen.timeline = timeline(o)
	return seen
}

// timeline reads when the pod's steps were reached.
func timeline(p *workspace.Pod) workspace.Timeline {
	t := workspace.Timeline{Created: p.Created}
	for _, c := range p.Conditions {
		if !c.True {
			continue
		}
		switch c.Type {
		case string(corev1.PodScheduled):
			t.Scheduled = c.Since
		case string(corev1.PodInitialized):
			t.Initialized = c.Since
		case string(corev1.PodReady):
			t.Ready = c.Since
		}
	}
	for _, c := range p.Containers {
		if c.Name == ContainerName && c.State.Kind == "running" {
			t.Started = c.State.Since
		}
	}
	return t
}

// seeContainers joins specs and statuses; the workspace's own container comes
// first, so that an injected sidecar is never taken for it.
func seeContainers(specs []corev1.Container, statuses []corev1.ContainerStatus, initial bool) []workspace.Container {
	var out []workspace.Container
	for _, spec := range specs {
		c := workspace.Container{Name: shared(spec.Name), Image: shared(spec.Image), Init: initial}
		if q, ok := spec.Resources.Limits[corev1.ResourceMemory]; ok {
			c.Memory = shared(q.String())
		}
		for i := range statuses {
			if s := &statuses[i]; s.Name == spec.Name {
				c.Ready, c.Started, c.Restarts = s.Ready, s.Started != nil && *s.Started, int(s.RestartCount)
				c.State, c.Last = seeState(s.State), seeState(s.LastTerminationState)
			}
		}
		if c.Name == ContainerName {
			c.Foreign = !slices.Contains(append(spec.Command, spec.Args...), entrypoint)
			out = append([]workspace.Container{c}, out...)
			continue
		}
		out = append(out, c)
	}
	return out
}

func seeState(s corev1.ContainerState) workspace.ContainerState {
	switch {
	case s.Running != nil:
		return workspace.ContainerState{Kind: "running", Since: s.Running.StartedAt.Time}
	case s.Terminated != nil:
		return workspace.ContainerState{
			Kind: "terminated", Reason: workspace.Safe(s.Terminated.Reason), Message: workspace.SafeText(s.Terminated.Message),
			ExitCode: int(s.Terminated.ExitCode), Signal: int(s.Terminated.Signal), Since: s.Terminated.FinishedAt.Time,
		}
	case s.Waiting != nil:
		return workspace.ContainerState{Kind: "waiting", Reason: shared(s.Waiting.Reason), Message: workspace.Safe(s.Waiting.Message)}
	}
	return workspace.ContainerState{}
}
