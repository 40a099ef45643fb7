package tuitest

import (
	"fmt"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// Demo is a snapshot with one workspace in every phase, and rows that try to
// break columns.
func Demo() workspace.Snapshot {
	now := Epoch()
	snap := workspace.Snapshot{
		Context: "prod", Cluster: "c1", ClusterName: "prod", Namespace: "team-a", Synced: true,
		Installation: workspace.Installation{
			Gateway: workspace.Gateway{Kind: "istio", Address: "ssh.example.com:443", Domain: "ssh.example.com"},
			Templates: []workspace.Template{
				{Name: "small", Description: "for documents and scripts", CPU: "500m", Memory: "1Gi"},
				{Name: "gpu", Description: "one A100", Image: "acme/cuda:12.4", CPU: "8", Memory: "32Gi", GPU: 1},
			},
		},
	}
	add := func(name, image string, p workspace.Phase, brief, sentence string, since time.Duration) *workspace.Workspace {
		ref := workspace.Ref{Namespace: "team-a", Name: name}
		w := workspace.Workspace{
			Cluster: "c1", UID: "u-" + name, Ref: ref, Alias: ref.Alias(), Created: now.Add(-90 * time.Hour), Capacity: "10Gi",
			Route:  workspace.Route{Kind: "istio", Address: "ssh.example.com:443", Authority: ref.HostLabel() + ".ssh.example.com:22"},
			Spec:   workspace.Spec{Image: image, CPU: "2", Memory: "4Gi", Disk: "10Gi", Profile: workspace.Standard},
			Status: workspace.Status{Phase: p, Brief: brief, Sentence: sentence, Since: now.Add(-since)},
		}
		snap.Workspaces = append(snap.Workspaces, w)
		return &snap.Workspaces[len(snap.Workspaces)-1]
	}
	w := add("api", "ubuntu:24.04", workspace.Running, "", "Ready since Tuesday 14:02.", 72*time.Hour)
	w.ReadySince, w.Node, w.Pod = now.Add(-72*time.Hour), "n1", "api-6d5f7c9b4-x2x7q"
	w.Probe = &workspace.Probe{At: now, OK: true, Took: 18 * time.Millisecond, Pod: w.Pod, Ready: w.ReadySince}
	snap.Probe = w.Probe
	w = add("gpu-train", "acme/cuda:12.4", workspace.Starting, "pulling image", "The image acme/cuda:12.4 is being pulled.", 12*time.Second)
	w.Node, w.Spec.CPU, w.Spec.Memory, w.Spec.Profile, w.Spec.Template = "n7", "8", "32Gi", workspace.Full, "gpu"
	w = add("docs", "ubuntu:24.04", workspace.Stopped, "", "Stopped. Its home is kept.", 5*time.Hour)
	w.Spec.Profile = workspace.Restricted
	w = add("ml-old", "acme/ml:latst", workspace.Failing, "image not found", "The image acme/ml:latst does not exist in its registry.", 4*time.Minute)
	w.Node, w.Restarts, w.Pod = "n2", 3, "ml-old-7c66bd8c5f-9l2fd"
	w.Status.Evidence = []workspace.Evidence{{
		Object: "Pod/ml-old-7c66bd8c5f-9l2fd", Says: "ErrImagePull: rpc error: code = NotFound desc = failed to resolve reference \"docker.io/acme/ml:latst\": not found",
		Since: now.Add(-4 * time.Minute), Command: "kubectl -n team-a describe pod ml-old-7c66bd8c5f-9l2fd",
	}}
	w.Status.Next = []workspace.NextStep{{Text: "check the image name and give it a tag that exists", Command: "berth edit ml-old --image acme/ml:latest"}}
	w = add("weird", "例え/テスト:👩‍💻שלום", workspace.Unreachable, "нода потеряна", "The node n9 does not answer.", 2*time.Hour)
	w.Node = "ノード九"
	add("going", "ubuntu:24.04", workspace.Stopping, "", "The pod is ending.", 3*time.Second)
	w = add("old-site", "node:22", workspace.Deleted, "", "Only its home and identity are left.", 200*time.Hour)
	w.DeletedAt = now.Add(-200 * time.Hour)
	return snap
}

// Many is a snapshot of n running workspaces.
func Many(n int) workspace.Snapshot {
	snap := Demo()
	snap.Workspaces = make([]workspace.Workspace, 0, n)
	for i := range n {
		ref := workspace.Ref{Namespace: "team-a", Name: fmt.Sprintf("ws-%05d", i)}
		snap.Workspaces = append(snap.Workspaces, workspace.Workspace{
			Cluster: "c1", UID: fmt.Sprint("u", i), Ref: ref, Alias: ref.Alias(),
			Spec:       workspace.Spec{Image: "ubuntu:24.04", CPU: "2", Memory: "4Gi", Profile: workspace.Standard},
			Status:     workspace.Status{Phase: workspace.Running, Sentence: "Ready."},
			ReadySince: Epoch().Add(-72*time.Hour - time.Duration(i)*time.Minute), Node: fmt.Sprint("n", i%50),
		})
	}
	return snap
}
