package workspace_test

import (
	"time"

	"github.com/berth-sh/berth/workspace"
)

// pendingFor is a load balancer without address, made that long ago.
func pendingFor(d time.Duration) func(*workspace.Observed) {
	return func(o *workspace.Observed) {
		o.Balancer = &workspace.Balancer{Name: "api-lb", UID: "s-1", Created: ago(d)}
	}
}

func addressCases() []foldCase {
	given := func(o *workspace.Observed) {
		o.Balancer = &workspace.Balancer{Name: "api-lb", UID: "s-1", Created: ago(time.Hour), Address: "203.0.113.7"}
	}
	quota := workspace.Event{
		Time: ago(time.Second), Type: "Warning", Reason: "SyncLoadBalancerFailed", Object: "Service/api-lb",
		Message: "Error syncing load balancer: quota exceeded.", Count: 3,
	}
	ensuring := workspace.Event{Time: ago(time.Second), Type: "Normal", Reason: "EnsuringLoadBalancer", Object: "Service/api-lb", Message: "Ensuring load balancer", Count: 1}
	fails := failedProbe(workspace.HopRoute, 0, "connection refused")
	return []foldCase{
		{
			name: "load balancer on its way", o: with(up(pod(ready())), pendingFor(time.Minute), events(ensuring)),
			phase: workspace.Running, reason: workspace.ReasonAddressPending, brief: "address pending",
			sentence: "Ready; Service api-lb waits for its load balancer's address. Until then the way is through the API server.",
			evidence: "kubectl -n team-a describe service api-lb",
		},
		{
			name: "load balancer on its way, with a complaint", o: with(up(pod(ready())), pendingFor(time.Minute), events(quota)),
			phase: workspace.Running, reason: workspace.ReasonAddressPending,
			sentence: "Ready; Service api-lb waits for its load balancer's address: Error syncing load balancer: quota exceeded. Until then the way is through the API server.",
		},
		{
			name: "load balancer overdue", o: with(up(pod(ready())), pendingFor(6*time.Minute), events(quota)),
			phase: workspace.Unreachable, reason: workspace.ReasonNoAddress, brief: "no address",
			sentence: "The pod is ready, but the load balancer of Service api-lb has no address after 5 minutes: Error syncing load balancer: quota exceeded.",
			evidence: "SyncLoadBalancerFailed", next: "kubectl -n team-a describe service api-lb",
		},
		{
			name: "load balancer overdue, and nobody says why", o: with(up(pod(ready())), pendingFor(6*time.Minute)),
			phase: workspace.Unreachable, reason: workspace.ReasonNoAddress, next: "berth ssh api --namespace team-a",
			sentence: "The pod is ready, but the load balancer of Service api-lb has no address after 5 minutes.",
		},
		{name: "load balancer with an address", o: with(up(pod(ready())), given), phase: workspace.Running, reason: workspace.ReasonReady, sentence: "Ready; sshd answers."},
		{
			name: "load balancer with an address that does not answer", o: with(up(pod(ready())), given, fails),
			phase: workspace.Unreachable, reason: workspace.ReasonRouteFails, sentence: "The pod is ready, but its route does not answer: connection refused.",
		},
		{
			name: "a pod that is not ready comes before its load balancer", o: with(up(pod(running())), pendingFor(time.Hour)),
			phase: workspace.Starting, reason: workspace.ReasonWaitingForSSH, sentence: "The container runs; sshd does not answer yet.",
		},
		{
			name: "stopped, and the load balancer pending", o: with(down(), pendingFor(time.Hour)),
			phase: workspace.Stopped, reason: workspace.ReasonStopped, sentence: "Stopped; the home is kept.",
		},
	}
}
