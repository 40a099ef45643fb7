package kube_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// TestWatchFoldsWhatTryingARouteGave holds that a probe counts for the pod it is
// about and for no other.
func TestWatchFoldsWhatTryingARouteGave(t *testing.T) {
	c := client(t, nil)
	ns := namespace(t, c, nil)
	l := watchingAs(t, c, kube.WatchConfig{Namespace: ns, Installation: workspace.Installation{
		Gateway: workspace.Gateway{Kind: "istio-static", Address: "ssh.example.com:443", Domain: "ssh.example.com"},
	}})
	create(t, c, request(t, ns))
	row := l.awaitRow("api", workspace.Running)
	want := workspace.Route{Kind: "istio-static", Address: "ssh.example.com:443", Authority: row.HostLabel() + ".ssh.example.com:22"}
	if diff := cmp.Diff(want, row.Route); diff != "" {
		t.Errorf("route (-want +got):\n%s", diff)
	}
	if row.Probe != nil {
		t.Errorf("nobody has tried it: %+v", row.Probe)
	}

	bad := &workspace.Probe{At: time.Now(), Since: time.Now(), Hop: workspace.HopRoute, Status: 404, Error: "404 Not Found", Pod: row.Pod, Ready: row.ReadySince}
	good := &workspace.Probe{At: time.Now(), OK: true, Took: time.Millisecond, Pod: row.Pod, Ready: row.ReadySince}
	l.SetProbe(row.Ref, bad)
	if got := l.awaitRow(row.Name, workspace.Unreachable); got.Probe != bad || got.Status.Reason != workspace.ReasonRouteFails {
		t.Errorf("probe %+v, status %+v", got.Probe, got.Status)
	}
	if s, _ := l.Snapshot(); s.Probe != bad {
		t.Errorf("the newest probe is %+v", s.Probe)
	}
	l.SetProbe(row.Ref, good)
	if got := l.awaitRow(row.Name, workspace.Running); got.Probe != good {
		t.Errorf("probe %+v", got.Probe)
	}

	l.SetProbe(row.Ref, bad)
	l.awaitRow(row.Name, workspace.Unreachable)
	if err := c.Restart(t.Context(), row.Ref, row.UID); err != nil {
		t.Fatal(err)
	}
	s := l.await("another pod", func(s workspace.Snapshot) bool {
		w := find(s, "api")
		return w.Status.Phase == workspace.Running && w.Pod != row.Pod
	})
	if p := find(s, "api").Probe; p != nil {
		t.Errorf("the new pod was not tried: %+v", p)
	}
	l.SetProbe(row.Ref, good) // an attempt that was under way, about the pod before
	l.SetProbe(row.Ref, bad)
	if err := c.Stop(t.Context(), row.Ref, row.UID); err != nil {
		t.Fatal(err)
	}
	l.seen = nil
	if got := l.awaitRow(row.Name, workspace.Stopped); got.Probe != nil {
		t.Errorf("a stopped workspace keeps a probe: %+v", got.Probe)
	}
	for _, s := range l.seen {
		if w := find(s, "api"); w.Status.Phase == workspace.Unreachable {
			t.Errorf("judged by the pod before: %s", w.Status.Sentence)
		}
	}
	l.SetProbe(workspace.Ref{Namespace: ns, Name: "nobody"}, good)
}
