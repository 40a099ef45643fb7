package tui

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tui/detail"
)

// notebook is a Memory.
type notebook struct {
	mu    sync.Mutex // guards looks
	first Look
	looks []Look
}

func (n *notebook) Recall() Look { return n.first }

func (n *notebook) Keep(_ context.Context, l Look) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.looks = append(n.looks, l)
	return nil
}

func (n *notebook) last() Look {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.looks) == 0 {
		return Look{}
	}
	return n.looks[len(n.looks)-1]
}

func TestHowTheListLooksIsKept(t *testing.T) {
	var n notebook
	d := drive(t, demoSnapshot(), func(c *Config) { c.Memory = &n })
	d.keys("t")
	d.typing("age")
	d.keys("enter", "T", "b")
	d.typing("phase")
	d.keys("enter", "v", "space", "esc", "tab", "+", "D", "t")
	d.typing("home")
	d.keys("enter")
	want := Look{Sort: "AGE", Reverse: true, DeletedSort: "HOME", Group: "phase", Hidden: "UP", Tab: "events", Split: 50}
	d.eventually("a write", func() bool { return n.last() == want })
	if len(n.looks) > 3 {
		t.Errorf("written %d times", len(n.looks))
	}
	d.app.keepAtEnd()
	if got := len(n.looks); n.last() != want || got > 4 {
		t.Errorf("at the end: %+v", n.looks)
	}

	d = drive(t, demoSnapshot(), func(c *Config) { c.Memory = &notebook{first: want} })
	if diff := cmp.Diff(want, d.app.lookNow()); diff != "" {
		t.Errorf("recalled (-want +got):\n%s", diff)
	}
	d.sees("AGE↓", "▾ failing", "▾ running")
	d.lacks("UP ")
	if d.app.pane.Tab() != detail.Events {
		t.Error("the tab is another")
	}
}

func TestNonsenseIsNotRecalled(t *testing.T) {
	odd := Look{Sort: "COLOUR", DeletedSort: "UP", Group: "moon", Hidden: "NAME,,STATUS,X", Tab: "fortune", Split: 999}
	plain := drive(t, demoSnapshot(), nil).text()
	d := drive(t, demoSnapshot(), func(c *Config) { c.Memory = &notebook{first: odd} })
	if diff := cmp.Diff(plain, d.text()); diff != "" {
		t.Error(diff)
	}
}

func TestGroupsInTheProgram(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("b")
	d.sees("group by", "no groups", "now", "namespace", "node")
	d.typing("profile")
	d.keys("enter")
	d.sees("▾ full  1", "▾ restricted  1", "▾ standard  4  ● 1  ✕ 2")
	d.keys("left")
	d.sees("▸ standard  4")
	d.lacks("ml-old")
	d.keys("s", "y")
	if calls := d.cluster.Calls(); len(calls) != 0 {
		t.Errorf("a heading was changed: %v", calls)
	}
	d.keys("enter")
	d.sees("▾ standard  4", "ml-old")
	d.keys("B")
	d.lacks("gpu-train")
	d.keys(":")
	d.typing("gpu-t")
	d.keys("enter")
	d.sees("▾ full", "gpu-train")
}

func TestTheListIsGroupedByALabel(t *testing.T) {
	snap := demoSnapshot()
	snap.Workspaces[0].Spec.Labels = map[string]string{"team": "red"}
	d := drive(t, snap, nil)
	d.keys("b")
	d.typing("label team")
	d.keys("enter")
	d.sees("▾ red  1", "▾ no team  5")
}

func TestColumnsAreChosen(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("v")
	d.sees("columns", "[x] up", "[x] image", "no room", "nothing to say here")
	d.keys("down", "down", "enter", "esc")
	if head := d.lines()[2]; strings.Contains(head, "IMAGE") || !strings.Contains(head, "AGE") {
		t.Errorf("headings are %q", head)
	}
}

func TestThePaneIsDivided(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	before := d.app.layout().paneH
	d.keys("+", "+")
	if more := d.app.layout().paneH; more <= before {
		t.Errorf("%d lines, were %d", more, before)
	}
	for range 10 {
		d.keys("-")
	}
	if less := d.app.layout().paneH; less >= before || less < 5 {
		t.Errorf("%d lines, were %d", less, before)
	}
	for _, h := range []int{10, 14, 24, 60} {
		d.size(80, h)
		d.fits()
	}
}

func TestSeveralContextsHaveAColumn(t *testing.T) {
	snap := demoSnapshot()
	together(&snap, "prod", "dev")
	d := drive(t, snap, nil)
	d.sees("CONTEXT", "prod, dev ▸ team-a")
	d.lacks("no gateway")
	d.keys("s")
	d.sees("api · team-a · prod")
	d.lacks("prod, dev ·")
	d.keys("esc", "C")
	d.typing("prod, dev") // where it is
	d.sees("now")
	d.keys("esc", "C", "down", "enter") // to one, and back to all
	d.sees("dev ▸ default")
	d.keys("C")
	d.sees("prod, dev", "in one list")
	d.keys("enter")
	if diff := cmp.Diff([]string{"context dev", "context prod, dev"}, d.cluster.Calls()); diff != "" {
		t.Error(diff)
	}
}
