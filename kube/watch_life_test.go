package kube_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

func TestWatchShowsAWorkspacesLife(t *testing.T) {
	c := client(t, nil)
	ns := namespace(t, c, nil)
	l := watching(t, c, ns)
	ref := workspace.Ref{Namespace: ns, Name: "api"}
	made := create(t, c, request(t, ns))

	row := l.awaitRow("api", workspace.Running)
	if row.UID != made.UID || row.HostKey != made.HostKey || row.Pod == "" || row.Node == "" || row.ReadySince.IsZero() || row.Spec.Image == "" {
		t.Errorf("a running row lacks something: %+v", row)
	}
	if row.Timeline.Scheduled.IsZero() || row.Timeline.Started.IsZero() || row.Timeline.Ready.IsZero() {
		t.Errorf("timeline %+v has holes", row.Timeline)
	}
	checkDetail(t, c, ref, row)

	if err := c.Stop(t.Context(), ref, row.UID); err != nil {
		t.Fatal(err)
	}
	l.awaitRow("api", workspace.Stopped)
	if err := c.Delete(t.Context(), ref, row.UID, workspace.Installation{}, nil); err != nil {
		t.Fatal(err)
	}
	gone := l.awaitRow("api", workspace.Deleted)
	if gone.ClaimUID == "" || gone.DeletedAt.IsZero() || gone.HostKey != row.HostKey || gone.Spec.Image != row.Spec.Image {
		t.Errorf("a deleted row lacks something: %+v", gone)
	}
	if err := c.Purge(t.Context(), ref, gone.ClaimUID, nil); err != nil {
		t.Fatal(err)
	}
	l.await("an empty list", func(s workspace.Snapshot) bool { return len(s.Workspaces) == 0 })
	for _, s := range l.seen {
		if r := find(s, "api").Status; r.Phase == workspace.Failing || r.Phase == workspace.Unreachable {
			t.Errorf("an ordinary life was shown as %s: %s", r.Phase, r.Sentence)
		}
	}
}

// checkDetail reads what the detail view shows of a running workspace.
func checkDetail(t *testing.T, c *kube.Client, ref workspace.Ref, row workspace.Workspace) {
	t.Helper()
	want := map[string]string{
		"Deployment": "1/1 ready", "ReplicaSet": "1/1 ready", "Pod": "Running", "PersistentVolumeClaim": "Bound",
		"Service": "present", "ConfigMap": "present", "Secret": "present", "PodDisruptionBudget": "present",
		"Route": "shared",
	}
	// The Deployment counts a pod a moment after the pod is ready.
	eventually(t, "every object in its state", func(ctx context.Context) bool {
		objects, err := c.Objects(ctx, ref)
		if err != nil {
			t.Fatal(err)
		}
		states := map[string]string{}
		for _, o := range objects {
			states[o.Kind] = o.State
		}
		return maps.Equal(states, want)
	})
	events, err := c.Events(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(events, func(e workspace.Event) bool { return e.Reason == "Scheduled" && e.Object == "Pod/"+row.Pod }) {
		t.Errorf("events of the pod are missing: %v", events)
	}
	if !slices.IsSortedFunc(events, func(a, b workspace.Event) int { return b.Time.Compare(a.Time) }) {
		t.Errorf("events are not newest first: %v", events)
	}
	text, err := c.YAML(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "kind: Deployment") || strings.Contains(text, "managedFields") {
		t.Errorf("not the Deployment without managed fields:\n%s", text)
	}
	for _, err := range c.Logs(t.Context(), ref, kube.LogOptions{}) {
		if err != nil {
			t.Errorf("reading the log: %v", err)
		}
	}
}
