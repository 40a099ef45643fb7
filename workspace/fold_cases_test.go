package workspace_test

import (
	"time"

	"github.com/berth-sh/berth/workspace"
)

func endCases() []foldCase {
	deleted := workspace.Observed{
		Ref: workspace.Ref{Namespace: "team-a", Name: "api"}, Now: now,
		Claim: &workspace.Claim{Name: "api-home", Created: ago(time.Hour), Phase: "Bound", Deleted: true, DeletedAt: ago(time.Minute)},
	}
	young := deleted
	young.Claim = &workspace.Claim{Name: "api-home", Created: ago(time.Second), Phase: "Pending"}
	orphan := deleted
	orphan.Claim = &workspace.Claim{Name: "api-home", Created: ago(time.Hour), Phase: "Bound"}
	return []foldCase{
		{
			name: "deleted", o: deleted, phase: workspace.Deleted, reason: workspace.ReasonDeleted,
			sentence: "Deleted; home and keys are kept and can be restored.", brief: "home kept", next: "berth restore api --namespace team-a",
		},
		{
			name: "deleted while its pod ends", o: with(deleted, func(o *workspace.Observed) { o.Pods = []workspace.Pod{pod(going(time.Second))} }),
			phase: workspace.Stopping, reason: workspace.ReasonStopping, sentence: "Deleted; pod api-old is still ending.",
		},
		{
			name: "deployment removed by somebody else", o: orphan, phase: workspace.Deleted, reason: workspace.ReasonDeleted,
			sentence: "The Deployment is gone, but not through berth; the home is still there and can be restored.", next: "berth restore",
		},
		{
			name: "being created, claim first", o: young, phase: workspace.Starting, reason: workspace.ReasonCreating,
			sentence: "The home is there, the Deployment is not yet.",
		},
		{
			name: "namespace terminating", o: with(up(pod(ready())), func(o *workspace.Observed) { o.NamespaceTerminating = true }),
			phase: workspace.Failing, reason: workspace.ReasonNamespaceGone,
			sentence: "Namespace team-a is being deleted, and with it this workspace and its home.", next: "kubectl get namespace team-a -o yaml",
		},
		{
			name: "deployment terminating", o: with(up(pod(ready())), func(o *workspace.Observed) { o.Deployment.Terminating = true }),
			phase: workspace.Stopping, reason: workspace.ReasonStopping, sentence: "It is being deleted; home and keys stay.",
		},
		{
			name: "stopping", o: down(pod(going(time.Second))), phase: workspace.Stopping, reason: workspace.ReasonStopping,
			sentence: "Stopping; pod api-old is ending.", evidence: "kubectl -n team-a describe pod api-old",
		},
		{
			name: "stopped", o: down(), phase: workspace.Stopped, reason: workspace.ReasonStopped,
			sentence: "Stopped; the home is kept.", next: "berth start api --namespace team-a",
		},
		{
			name: "stopping on a dead node", o: down(pod(going(time.Minute), func(p *workspace.Pod) { p.NodeLost = true })),
			phase: workspace.Unreachable, reason: workspace.ReasonNodeLost,
			sentence: "Node n1 does not answer, so pod api-old cannot end; its volume stays locked to that node.",
		},
	}
}

func readyCases() []foldCase {
	lost := func(p *workspace.Pod) { p.NodeLost = true }
	wasReady := func(p *workspace.Pod) {
		p.Containers[0].State.Since = ago(time.Hour)
		p.Conditions[1].Since = ago(2 * time.Minute)
	}
	return []foldCase{
		{name: "ready", o: up(pod(ready())), phase: workspace.Running, reason: workspace.ReasonReady, sentence: "Ready; sshd answers.", brief: "running"},
		{
			name: "ready after a crash long ago", o: up(pod(ready(), func(p *workspace.Pod) {
				p.Containers[0].Restarts, p.Containers[0].Last = 4, workspace.ContainerState{Kind: "terminated", Reason: "OOMKilled", ExitCode: 137}
			})), phase: workspace.Running, reason: workspace.ReasonReady, sentence: "Ready; sshd answers.",
		},
		{
			name: "node lost", o: up(pod(ready(), lost)), phase: workspace.Unreachable, reason: workspace.ReasonNodeLost,
			sentence: "Node n1 does not answer; the pod may still run there, and its volume stays locked to that node.", next: "kubectl get node n1",
		},
		{
			name:  "node lost, known from the event only",
			o:     with(up(pod(running(), started(time.Minute))), events(event(podObject, "NodeNotReady", "Node is not ready", 50*time.Second))),
			phase: workspace.Unreachable, reason: workspace.ReasonNodeLost,
			sentence: "Node n1 does not answer; the pod may still run there, and its volume stays locked to that node.",
		},
		{
			name: "terminating for ever", o: up(pod(going(time.Hour))), phase: workspace.Unreachable, reason: workspace.ReasonNodeLost,
			sentence: "Pod api-old should have ended by now; node n1 does not answer, or a finalizer holds the pod.",
		},
		{
			name: "waiting for ssh", o: up(pod(running())), phase: workspace.Starting, reason: workspace.ReasonWaitingForSSH,
			sentence: "The container runs; sshd does not answer yet.", brief: "waiting for ssh",
		},
		{
			name:  "readiness fails",
			o:     with(up(pod(running(), started(time.Hour))), events(event(podObject, "Unhealthy", "Readiness probe failed: dial tcp 10.88.0.4:2222: connect: connection refused", time.Second))),
			phase: workspace.Failing, reason: workspace.ReasonNotReady,
			sentence: "The container runs, but sshd does not answer on port 2222.", evidence: "Readiness probe failed", next: "berth logs api",
		},
		{
			name: "entrypoint overridden",
			o:    up(pod(running(), started(time.Second), func(p *workspace.Pod) { p.Containers[0].Foreign = true })), phase: workspace.Failing, reason: workspace.ReasonNotReady,
			sentence: "Container workspace runs another command than berth's, so no sshd is started in it.", brief: "no sshd", next: "--show-managed-fields",
		},
		{
			name: "entrypoint overridden by what ends",
			o:    up(pod(backOff(3, workspace.ContainerState{ExitCode: 1}), func(p *workspace.Pod) { p.Containers[0].Foreign = true })), phase: workspace.Failing, reason: workspace.ReasonCrashLoop,
			sentence: "Container workspace runs another command than berth's, so no sshd is started in it.", next: "--show-managed-fields",
		},
		{
			name: "readiness lost after having been ready", o: up(pod(running(), wasReady)), phase: workspace.Failing, reason: workspace.ReasonNotReady,
			sentence: "The container runs, but sshd does not answer on port 2222.",
		},
	}
}

func startCases() []foldCase {
	fresh := func(p *workspace.Pod) { p.Conditions[0].Since = ago(time.Second) }
	mounted := func(p *workspace.Pod) {
		p.Conditions = append(p.Conditions, workspace.Condition{Type: "PodReadyToStartContainers", True: true})
	}
	deadline := func(o *workspace.Observed) {
		o.Deployment.Conditions = []workspace.Condition{{
			Type: "Progressing", Reason: "ProgressDeadlineExceeded", Since: ago(time.Minute),
			Message: `ReplicaSet "api-7d9f8b6c5" has timed out progressing.`,
		}}
	}
	unplaced := func(p *workspace.Pod) { p.Node, p.Conditions = "", nil }
	gated := func(p *workspace.Pod) {
		p.Node = ""
		p.Conditions = []workspace.Condition{{Type: "PodScheduled", Reason: "SchedulingGated"}}
	}
	return []foldCase{
		{
			name: "no pod yet", o: up(), phase: workspace.Starting, reason: workspace.ReasonCreating,
			sentence: "The Deployment is there; its pod is not yet.", brief: "creating",
		},
		{name: "scheduling", o: up(pod(unplaced)), phase: workspace.Starting, reason: workspace.ReasonScheduling, sentence: "The pod waits for a node."},
		{name: "scheduling gated", o: up(pod(gated)), phase: workspace.Starting, reason: workspace.ReasonScheduling, sentence: "The pod waits for a node."},
		{
			name: "creating the container", o: up(pod(creating(), mounted)), phase: workspace.Starting, reason: workspace.ReasonContainerCreate,
			sentence: "Node n1 makes the container.",
		},
		{name: "just scheduled", o: up(pod(creating(), fresh)), phase: workspace.Starting, reason: workspace.ReasonContainerCreate, sentence: "Node n1 makes the container."},
		{name: "attaching", o: up(pod(creating())), phase: workspace.Starting, reason: workspace.ReasonAttaching, sentence: "Node n1 gets the home's volume."},
		{
			name: "pulling", o: with(up(pod(creating())), events(event(podObject, "Pulling", `Pulling image "acme/ml:latst"`, time.Second))),
			phase: workspace.Starting, reason: workspace.ReasonPulling, sentence: "Node n1 pulls image acme/ml:latst.", brief: "pulling image",
		},
		{
			name: "restarting", o: up(pod(going(time.Second))), phase: workspace.Starting, reason: workspace.ReasonRestarting,
			sentence: "A new pod follows when pod api-old has ended.", brief: "restarting",
		},
		{
			name:  "the new pod waits for the old one's volume",
			o:     up(pod(unscheduled("0/1 nodes are available: 1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod.")), pod(going(time.Second))),
			phase: workspace.Starting, reason: workspace.ReasonRestarting, sentence: "A new pod follows when pod api-old has ended.",
		},
		{
			name: "drained", o: up(pod(going(time.Second), func(p *workspace.Pod) {
				p.Conditions = append(p.Conditions, workspace.Condition{Type: "DisruptionTarget", True: true, Reason: "EvictionByEvictionAPI", Message: "Eviction API: evicting"})
			})), phase: workspace.Starting, reason: workspace.ReasonRestarting,
			sentence: "The cluster moves the pod off node n1; a new one follows.", evidence: "EvictionByEvictionAPI",
		},
		{
			name: "progress deadline", o: with(up(pod(creating(), mounted)), deadline), phase: workspace.Failing, reason: workspace.ReasonProgressDeadline,
			sentence: "It did not become ready in time, and no object says why.", evidence: "has timed out progressing",
		},
	}
}

func deniedCases() []foldCase {
	pods := workspace.Access{Verb: "list", Resource: "pods", Namespace: "team-a"}
	claims := workspace.Access{Verb: "list", Resource: "persistentvolumeclaims", Namespace: "team-a"}
	deployments := workspace.Access{Verb: "list", Resource: "deployments.apps", Namespace: "team-a"}
	return []foldCase{
		{
			name: "pods may not be seen", o: with(up(), denied(pods)), phase: workspace.Starting, reason: workspace.ReasonNoPermission,
			sentence: "It is not ready, and why is unknown: no permission to list pods in namespace team-a.", next: "kubectl -n team-a auth can-i list pods",
		},
		{
			name: "pods may not be seen, but the deployment counts one",
			o:    with(up(), denied(pods), func(o *workspace.Observed) { o.Deployment.ReadyReplicas = 1 }), phase: workspace.Running, reason: workspace.ReasonReady,
			sentence: "Ready, as the Deployment counts it; its pod may not be seen.",
		},
		{
			name: "pods may not be seen and time is up",
			o: with(up(), denied(pods), func(o *workspace.Observed) {
				o.Deployment.Conditions = []workspace.Condition{{Type: "Progressing", Reason: "ProgressDeadlineExceeded"}}
			}),
			phase: workspace.Failing, reason: workspace.ReasonProgressDeadline,
			sentence: "It did not become ready in time, and why is unknown: no permission to list pods in namespace team-a.",
		},
		{
			name: "claims may not be seen, which is not a missing claim",
			o:    with(up(pod(unscheduled("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."))), denied(claims), func(o *workspace.Observed) { o.Claim = nil }), phase: workspace.Failing, reason: workspace.ReasonUnschedulable,
			sentence: "No node fits: the home's claim is not bound.",
		},
		{
			name: "deployments may not be seen", o: with(up(), denied(deployments), func(o *workspace.Observed) { o.Deployment = nil }),
			phase: workspace.Starting, reason: workspace.ReasonNoPermission,
			sentence: "Whether it runs is unknown: no permission to list deployments.apps in namespace team-a.",
		},
	}
}
