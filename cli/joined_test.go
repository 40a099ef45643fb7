package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

func TestJoin(t *testing.T) {
	row := func(cluster workspace.ClusterID, uid, name string) workspace.Workspace {
		return workspace.Workspace{Cluster: cluster, UID: uid, Ref: workspace.Ref{Namespace: "n", Name: name}}
	}
	stale := time.Unix(1000, 0)
	got := join([]workspace.Snapshot{
		{Context: "a", Namespace: "n", Synced: true, Workspaces: []workspace.Workspace{row("1", "u", "api")}},
		{Context: "b", Namespace: "n", Problem: "b does not answer", Hint: "wait"},
		{Context: "c", Namespace: "m", Synced: true, StaleSince: stale, Workspaces: []workspace.Workspace{row("1", "u", "api"), row("2", "u", "web")}},
	})
	var rows []string
	for _, w := range got.Workspaces {
		rows = append(rows, w.Context+" "+w.Name)
	}
	if diff := cmp.Diff([]string{"a api", "c web"}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	got.Workspaces = nil
	want := workspace.Snapshot{
		Context: "a, b, c", Synced: true, StaleSince: stale,
		Places: []workspace.Place{
			{Context: "a", Namespace: "n", Synced: true}, {Context: "b", Namespace: "n", Problem: "b does not answer"}, {Context: "c", Namespace: "m", Synced: true},
		},
		Problem: "b: b does not answer", Hint: "wait",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestJoinedGenerationsGrow holds that a change of one view is noticed, and that
// none makes no new list.
func TestJoinedGenerationsGrow(t *testing.T) {
	l := newLive(newFleet(newApp(streams{}, environment{getenv: func(string) string { return "" }})), []string{"a", "b"})
	_, first := l.Snapshot()
	if _, again := l.Snapshot(); again != first {
		t.Errorf("generation %d, then %d without a change", first, again)
	}
	l.views[1].change(func() { l.views[1].before.Problem = "gone" })
	s, second := l.Snapshot()
	if second <= first || s.Problem != "b: gone" {
		t.Errorf("generation %d after %d, problem %q", second, first, s.Problem)
	}
	if err := l.SetContext(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if s, third := l.Snapshot(); third <= second || s.Context != "c" || len(s.Places) > 0 {
		t.Errorf("generation %d after %d, context %q", third, second, s.Context)
	}
}

func TestSeveralContextsByFlag(t *testing.T) {
	for _, test := range []struct {
		given, want []string
	}{
		{nil, nil},
		{[]string{"a"}, nil},
		{[]string{"a,b"}, []string{"a", "b"}},
		{[]string{"a", "b"}, []string{"a", "b"}},
		{[]string{"a, b", "b", "c,"}, []string{"a", "b", "c"}},
		{[]string{"a", "a"}, nil},
	} {
		a := newApp(streams{}, environment{home: t.TempDir(), getenv: func(string) string { return "" }})
		a.flags.contexts = test.given
		if diff := cmp.Diff(test.want, newFleet(a).several()); diff != "" {
			t.Errorf("%q: %s", test.given, diff)
		}
	}
}
