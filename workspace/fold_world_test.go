package workspace_test

// A small world for the fold's cases: workspace api in namespace team-a, made
// ten minutes ago, with a bound home; each case changes what it is about.

import (
	"time"

	"github.com/berth-sh/berth/workspace"
)

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

const (
	podName   = "api-7d9f8b6c5-x2x7q"
	podObject = "Pod/" + podName
)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// up is a workspace that is asked to run, with these pods.
func up(pods ...workspace.Pod) workspace.Observed {
	return workspace.Observed{
		Ref: workspace.Ref{Namespace: "team-a", Name: "api"}, Now: now, Pods: pods,
		Deployment:  &workspace.Deployment{Name: "api", UID: "d-1", Created: ago(10 * time.Minute), Replicas: 1},
		ReplicaSets: []workspace.ReplicaSet{{Name: "api-7d9f8b6c5", Created: ago(10 * time.Minute)}},
		Claim: &workspace.Claim{
			Name: "api-home", UID: "c-1", Created: ago(10 * time.Minute), Phase: "Bound", StorageClass: "fast", Capacity: "10Gi",
		},
	}
}

// down is the same, asked not to run.
func down(pods ...workspace.Pod) workspace.Observed {
	o := up(pods...)
	o.Deployment.Replicas = 0
	return o
}

// with changes an observation.
func with(o workspace.Observed, changes ...func(*workspace.Observed)) workspace.Observed {
	for _, change := range changes {
		change(&o)
	}
	return o
}

func events(list ...workspace.Event) func(*workspace.Observed) {
	return func(o *workspace.Observed) { o.Events = list }
}

func denied(list ...workspace.Access) func(*workspace.Observed) {
	return func(o *workspace.Observed) { o.Denied = list }
}

// refused makes the ReplicaSet fail to create its pod.
func refused(message string) workspace.Observed {
	o := up()
	o.ReplicaSets[0].Conditions = []workspace.Condition{
		{Type: "ReplicaFailure", True: true, Reason: "FailedCreate", Message: message, Since: ago(time.Minute)},
	}
	return o
}

// pod is scheduled on n1 half a minute ago; its one container is what the
// changes make of it.
func pod(changes ...func(*workspace.Pod)) workspace.Pod {
	p := workspace.Pod{
		Name: podName, UID: "p-1", Created: ago(30 * time.Second), Phase: "Pending", Node: "n1",
		Conditions: []workspace.Condition{{Type: "PodScheduled", True: true, Since: ago(30 * time.Second)}},
		Containers: []workspace.Container{{Name: "workspace", Image: "acme/ml:latst", Memory: "2Gi"}},
	}
	for _, change := range changes {
		change(&p)
	}
	return p
}

func state(s workspace.ContainerState) func(*workspace.Pod) {
	return func(p *workspace.Pod) { p.Containers[0].State = s }
}

func waiting(reason, message string) func(*workspace.Pod) {
	return state(workspace.ContainerState{Kind: "waiting", Reason: reason, Message: message})
}

func creating() func(*workspace.Pod) { return waiting("ContainerCreating", "") }

func ended(s workspace.ContainerState) func(*workspace.Pod) {
	s.Kind, s.Since = "terminated", ago(time.Second)
	return func(p *workspace.Pod) {
		p.Phase = "Running"
		p.Containers[0].State = s
	}
}

// backOff is a crash loop: the container waits, and this is how it last ended.
func backOff(restarts int, last workspace.ContainerState) func(*workspace.Pod) {
	last.Kind, last.Since = "terminated", ago(5*time.Second)
	return func(p *workspace.Pod) {
		p.Phase = "Running"
		c := &p.Containers[0]
		c.Restarts, c.Last = restarts, last
		c.State = workspace.ContainerState{Kind: "waiting", Reason: "CrashLoopBackOff", Message: "back-off 40s restarting failed container=workspace pod=api"}
	}
}

func running() func(*workspace.Pod) {
	return func(p *workspace.Pod) {
		p.Phase = "Running"
		p.Containers[0].State = workspace.ContainerState{Kind: "running", Since: ago(20 * time.Second)}
		p.Conditions = append(p.Conditions, workspace.Condition{Type: "Ready", Since: p.Created})
	}
}

// started moves the start of the running container into the past.
func started(d time.Duration) func(*workspace.Pod) {
	return func(p *workspace.Pod) {
		p.Created = ago(d)
		p.Containers[0].State.Since = ago(d)
		for i := range p.Conditions {
			p.Conditions[i].Since = ago(d)
		}
	}
}

func ready() func(*workspace.Pod) {
	return func(p *workspace.Pod) {
		running()(p)
		p.Containers[0].Ready = true
		p.Conditions = []workspace.Condition{{Type: "PodScheduled", True: true}, {Type: "Ready", True: true, Since: ago(10 * time.Second)}}
	}
}

// unscheduled is a pod that the scheduler has answered.
func unscheduled(message string) func(*workspace.Pod) {
	return func(p *workspace.Pod) {
		p.Node = ""
		p.Conditions = []workspace.Condition{{Type: "PodScheduled", Reason: "Unschedulable", Message: message, Since: ago(20 * time.Second)}}
	}
}

func going(d time.Duration) func(*workspace.Pod) {
	return func(p *workspace.Pod) {
		running()(p)
		p.Name, p.Terminating, p.DeletedAt = "api-old", true, ago(d)
	}
}

func event(object, reason, message string, d time.Duration) workspace.Event {
	return workspace.Event{Object: object, Reason: reason, Message: message, Time: ago(d), Type: "Warning", Count: 1}
}
