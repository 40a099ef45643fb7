package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

// said returns the calls, in the order of their names: several run at a time.
func (d *driver) said() []string { return slices.Sorted(slices.Values(d.cluster.Calls())) }

func TestActionsOnTheMarked(t *testing.T) {
	// api running, docs stopped, going stopping, gpu-train starting, ml-old failing, weird unreachable
	for name, test := range map[string]struct {
		keys []string
		want []string
	}{
		"stop":                      {[]string{"*", "s", "y"}, []string{"stop api", "stop gpu-train", "stop ml-old", "stop weird"}},
		"enter cancels":             {[]string{"*", "s", "enter"}, nil},
		"its own key does nothing":  {[]string{"*", "s", "s", "esc"}, nil},
		"start asks, too":           {[]string{"down", "space", "space", "S"}, nil},
		"start":                     {[]string{"down", "space", "space", "S", "y"}, []string{"start docs", "start going"}},
		"restart by a range":        {[]string{"G", "V", "up", "r", "y"}, []string{"restart ml-old", "restart weird"}},
		"one marked elsewhere":      {[]string{"space", "G", "s", "y"}, []string{"stop api"}},
		"one of two, the other out": {[]string{"space", "space", "s", "y"}, []string{"stop api"}},
		"none fits":                 {[]string{"down", "space", "s", "y"}, nil},
		"y deletes not several":     {[]string{"space", "space", "d", "y", "enter", "esc"}, nil},
		"delete by word and count":  {[]string{"space", "space", "d", "d", "e", "l", "e", "t", "e", "space", "2", "enter"}, []string{"delete api", "delete docs"}},
		"delete of one":             {[]string{"space", "d", "y"}, []string{"delete api"}},
		"undo of a stop":            {[]string{"space", "end", "space", "s", "y", "u"}, []string{"start api", "start weird", "stop api", "stop weird"}},
		"restore":                   {[]string{"D", "space", "R"}, []string{"restore old-site"}},
		"esc unmarks":               {[]string{"*", "esc", "s", "y"}, []string{"stop api"}},
		"marks go with the action":  {[]string{"space", "space", "s", "y", "end", "r", "y"}, []string{"restart weird", "stop api"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := drive(t, demoSnapshot(), nil)
			d.keys(test.keys...)
			if diff := cmp.Diff(test.want, d.said()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheQuestionAboutSeveralTellsAll(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("*", "/")
	d.typing("api")
	d.keys("enter")
	d.sees("6 marked, 5 hidden by the filter")
	d.keys("s")
	d.sees("stop 4 workspaces?", "team-a · prod", "  api", "  gpu-train", "  ml-old", "  weird", "3 of them hidden by the filter",
		"left out: docs is stopped, going is stopping", "▸ cancel", "ends: every process and session in them")
	d.keys("esc", "d")
	d.sees("delete 6 workspaces?", "type delete 6 to delete", "homes and ssh identities")
}

func TestALongQuestionScrolls(t *testing.T) {
	d := drive(t, tuitest.Many(40), nil)
	d.keys("*", "s")
	for _, size := range [][2]int{{80, 24}, {40, 10}, {120, 40}} {
		d.size(size[0], size[1])
		d.fits()
		d.sees("more, ↑↓", "ws-00000", "cancel", "y stop")
	}
	d.lacks("ws-00039")
	for range 10 {
		d.keys("pgdown")
	}
	if !strings.Contains(d.text(), "  ws-00039") {
		t.Error("the last one cannot be seen:\n" + d.text())
	}
}

func TestAQuestionAboutSeveralIsBoundToEach(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("*", "s")
	snap := demoSnapshot()
	snap.Workspaces[0].UID = "another" // api
	d.cluster.Set(snap)
	d.change()
	d.sees("1 changed or gone meanwhile: left alone")
	d.keys("y")
	if diff := cmp.Diff([]string{"stop gpu-train", "stop ml-old", "stop weird"}, d.said()); diff != "" {
		t.Error(diff)
	}
	d = drive(t, demoSnapshot(), nil)
	d.keys("space", "end", "space", "s")
	snap.Workspaces = nil
	d.cluster.Set(snap)
	d.change()
	d.sees("all of them have changed or gone")
	d.keys("y", "enter")
	if calls := d.said(); len(calls) != 0 {
		t.Errorf("called %v", calls)
	}
}

// gate is Actions whose stops wait to be let through.
type gate struct {
	*tuitest.Cluster
	mu    sync.Mutex // guards all below
	at    []string
	most  int
	fails map[string]error
	open  map[string]chan struct{}
}

func (g *gate) Stop(ctx context.Context, w workspace.Workspace, _ Tell) error {
	g.mu.Lock()
	g.at = append(g.at, w.Name)
	g.most = max(g.most, len(g.at))
	through := make(chan struct{})
	g.open[w.Name] = through
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.at = slices.DeleteFunc(g.at, func(s string) bool { return s == w.Name })
	}()
	select {
	case <-through:
	case <-ctx.Done():
		return ctx.Err()
	}
	return g.fails[w.Name]
}

// pass lets one through, once it is there.
func (g *gate) pass(t *testing.T, d *driver, name string) {
	t.Helper()
	var through chan struct{}
	d.eventually("a stop of "+name, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		through = g.open[name]
		delete(g.open, name)
		return through != nil
	})
	close(through)
}

func gated(t *testing.T, n int) (*driver, *gate) {
	t.Helper()
	g := &gate{open: map[string]chan struct{}{}}
	d := drive(t, tuitest.Many(n), func(c *Config) { g.Cluster = c.Actions.(*tuitest.Cluster); c.Actions = g })
	return d, g
}

func TestABatchRunsAFewAtATimeAndNamesItsFailures(t *testing.T) {
	d, g := gated(t, 7)
	g.fails = map[string]error{"ws-00002": workspace.WithHint(errors.New("quota"), "ask"), "ws-00005": errors.New("gone")}
	d.keys("*", "s", "y")
	d.sees("stopping 0 of 7", "esc leaves out the rest", "stopping…", "waiting to stop…")
	for i := range 7 {
		g.pass(t, d, tuitest.Many(7).Workspaces[i].Name)
	}
	d.eventually("the end", func() bool { return strings.Contains(d.text(), "failed for 2 of 7") })
	d.sees("stopping failed for 2 of 7: ws-00002, ws-00005")
	if g.most > atOnce {
		t.Errorf("%d at a time, want at most %d", g.most, atOnce)
	}
	d.sees("u undoes the others")
	d.keys("E")
	d.sees("errors (2)", "stopping ws-00002", "hint: ask")
}

func TestABatchCanBeCancelled(t *testing.T) {
	d, g := gated(t, 7)
	d.keys("*", "s", "y", "esc")
	d.lacks("waiting to stop")
	d.sees("stopping 3 of 7", "esc cancels")
	g.pass(t, d, "ws-00000")
	d.eventually("one is done", func() bool { return strings.Contains(d.text(), "stopping 4 of 7") })
	d.keys("esc")
	d.eventually("the end", func() bool { return strings.Contains(d.text(), "stopped 1 workspace of 7, the rest was cancelled") })
	d.keys("u")
	if diff := cmp.Diff([]string{"start ws-00000"}, d.said()); diff != "" {
		t.Error(diff)
	}
}

func TestLeavingDuringABatchAsks(t *testing.T) {
	d, _ := gated(t, 7)
	d.keys("*", "s", "y", "q")
	d.sees("leave now?", "stopping 7 workspaces")
}

func TestCopyOfTheMarked(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("space", "space", "y")
	d.sees("copy of 2 workspaces", "2 lines")
	d.keys("s")
	d.sees("copied 42 B (OSC 52)")
	if diff := cmp.Diff([]string{"ssh api.team-a.berth\nssh docs.team-a.berth"}, d.clipboard()); diff != "" {
		t.Error(diff)
	}
}

func TestReadOnlyWritesNothingToTheMarked(t *testing.T) {
	d := drive(t, demoSnapshot(), func(c *Config) { c.ReadOnly = true })
	d.keys("*", "s", "y", "esc", "r", "y", "esc", "d", "y", "esc", "S") // y copies
	d.sees("this is read-only")
	if calls := d.cluster.Calls(); len(calls) != 0 {
		t.Errorf("called %v", calls)
	}
}
