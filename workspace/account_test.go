package workspace_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

// quoted is evidence as one line each.
func quoted(s workspace.Status) []string {
	var out []string
	for _, e := range s.Evidence {
		out = append(out, e.Object+" | "+e.Where("")+" | "+e.Says)
	}
	return out
}

func TestExplainQuotesEverythingThatSaysSo(t *testing.T) {
	seen := func(e workspace.Event, count int) workspace.Event {
		e.Count = count
		return e
	}
	for _, c := range []struct {
		name string
		o    workspace.Observed
		want []string
		next string // the last command
	}{
		{
			"an image that does not exist",
			with(up(pod(waiting("ImagePullBackOff", `Back-off pulling image "acme/ml:latst": not found`))), events(
				event(podObject, "Failed", "Error: ImagePullBackOff", time.Second),
				seen(event(podObject, "Failed", `Failed to pull image "acme/ml:latst": rpc error: code = NotFound desc = no such manifest`, 2*time.Second), 4),
			)),
			[]string{
				`Pod/` + podName + ` | status.containerStatuses[workspace].state.waiting | ImagePullBackOff: Back-off pulling image "acme/ml:latst": not found`,
				`Pod/` + podName + ` | event Failed, 4 times | Failed: Failed to pull image "acme/ml:latst": rpc error: code = NotFound desc = no such manifest`,
				`Pod/` + podName + ` | spec.containers[workspace].image | acme/ml:latst`,
			},
			"kubectl -n team-a describe pod " + podName,
		},
		{
			"a crash, and how often it was seen",
			with(up(pod(backOff(3, workspace.ContainerState{Reason: "Error", ExitCode: 1, Message: "no config"}))), events(
				seen(event(podObject, "BackOff", "Back-off restarting failed container workspace", time.Second), 5))),
			[]string{
				"Pod/" + podName + " | status.containerStatuses[workspace].lastState.terminated | Error, exit code 1\nno config",
				"Pod/" + podName + " | event BackOff, 5 times | BackOff: Back-off restarting failed container workspace",
			},
			"kubectl -n team-a logs " + podName + " -c workspace --previous",
		},
		{
			"a quota, and what is used of it",
			with(refused(`pods "api-x" is forbidden: exceeded quota: small, requested: limits.cpu=2, used: limits.cpu=3, limited: limits.cpu=4`), func(o *workspace.Observed) {
				o.Quotas = []workspace.Quota{{Name: "small", Resource: "limits.cpu", Used: "4", Hard: "4", Full: true}, {Name: "small", Resource: "pods", Used: "1", Hard: "9"}}
			}),
			[]string{
				`ReplicaSet/api-7d9f8b6c5 | status.conditions[ReplicaFailure] | FailedCreate: pods "api-x" is forbidden: exceeded quota: small, requested: limits.cpu=2, used: limits.cpu=3, limited: limits.cpu=4`,
				"ResourceQuota/small | status.used[limits.cpu] | limits.cpu: 4 of 4 used, nothing is left",
				"ResourceQuota/small | status.used[pods] | pods: 1 of 9 used",
			},
			"kubectl -n team-a describe quota small",
		},
		{
			"a claim that is pending, and the node",
			with(up(pod(unscheduled("0/1 nodes are available: 1 Insufficient cpu."))), func(o *workspace.Observed) {
				o.Claim.Phase = "Pending"
				o.Claim.WaitsForPod = true
				o.Host = &workspace.Node{Name: "n1", Cordoned: true, Conditions: []workspace.Condition{
					{Type: "Ready", True: true}, {Type: "DiskPressure", True: true, Reason: "KubeletHasDiskPressure", Message: "disk"},
				}}
			}),
			[]string{
				"Pod/" + podName + " | status.conditions[PodScheduled] | Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.",
				"Node/n1 | status.conditions[DiskPressure] | KubeletHasDiskPressure: disk",
				"Node/n1 | spec.unschedulable | takes no new pods",
				"PersistentVolumeClaim/api-home | status.phase | Pending",
			},
			"kubectl describe nodes",
		},
		{
			"warnings of yesterday are not quoted",
			with(up(pod(unscheduled("0/1 nodes are available: 1 Insufficient cpu."))), events(
				event("PersistentVolumeClaim/api-home", "ProvisioningFailed", "the object has been modified", time.Minute),
				event("Pod/api-old", "BackOff", "an earlier pod", time.Minute),
			)),
			[]string{"Pod/" + podName + " | status.conditions[PodScheduled] | Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."},
			"kubectl describe nodes",
		},
		{
			"what is well needs no more",
			with(up(pod(ready())), events(event(podObject, "Unhealthy", "once", time.Minute))),
			[]string{"Pod/" + podName + " | status.conditions[Ready] | Ready"},
			"",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := workspace.Explain(c.o).Status
			if diff := cmp.Diff(c.want, quoted(s)); diff != "" {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
			last := ""
			if len(s.Next) > 0 {
				last = s.Next[len(s.Next)-1].Command
			}
			if last != c.next {
				t.Errorf("the last next step is %q, want %q", last, c.next)
			}
		})
	}
}

// TestEveryTroubleHasAKubectlLine holds for each case of the fold that one line
// shows it without berth, and that each piece of evidence says where it is.
func TestEveryTroubleHasAKubectlLine(t *testing.T) {
	for _, c := range foldCases() {
		s := workspace.Explain(c.o).Status
		if s.Healthy() {
			continue
		}
		found := false
		for _, n := range s.Next {
			found = found || len(n.Command) > 8 && n.Command[:8] == "kubectl "
		}
		if !found {
			t.Errorf("%s: no next step is a kubectl line:\n%s", c.name, nextText(s))
		}
	}
}

func TestKubectlLinesGoToTheSameCluster(t *testing.T) {
	for _, c := range foldCases() {
		c.o.Kubectl = "kubectl --context prod"
		s := workspace.Explain(c.o).Status
		for _, command := range commands(s) {
			if len(command) > 8 && command[:8] == "kubectl " && command[:22] != "kubectl --context prod" {
				t.Errorf("%s: %s", c.name, command)
			}
		}
	}
}

func commands(s workspace.Status) []string {
	var out []string
	for _, n := range s.Next {
		out = append(out, n.Command)
	}
	for _, e := range s.Evidence {
		out = append(out, e.Command)
	}
	return out
}
