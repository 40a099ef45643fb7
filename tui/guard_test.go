package tui

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// careful makes context prod production, and read-only whatever is named so.
func careful(c *Config) {
	c.Guard = func(context, _ string) Guard {
		g := Guard{Production: context == "prod"}
		if strings.HasPrefix(context, "frozen") {
			g.ReadOnly = "the settings make " + context + " read-only"
		}
		return g
	}
}

func TestProductionHasABadge(t *testing.T) {
	d := drive(t, demoSnapshot(), careful)
	d.sees("prod ▸ team-a   production ")
	for _, keys := range [][]string{{"s"}, {"d"}, {"*", "s"}} {
		d.keys(keys...)
		d.sees("team-a · prod   production ")
		d.keys("esc")
	}
	snap := demoSnapshot()
	snap.Context = "dev"
	d = drive(t, snap, careful)
	d.lacks("production")
	d.keys("s")
	d.lacks("production")
}

func TestAReadOnlyContextWritesNothing(t *testing.T) {
	snap := demoSnapshot()
	snap.Context = "frozen"
	d := drive(t, snap, careful)
	d.sees(" read-only ")
	d.keys("s", "y", "r", "y", "d", "y", "S", "c", "esc", "*", "s", "y", "d", "y", "esc", "down", "S", "enter", "y", "esc", "D", "R", "P")
	if calls := d.cluster.Calls(); len(calls) != 0 {
		t.Errorf("called %v", calls)
	}
	d.keys(":")
	d.typing("purge")
	d.keys("enter")
	d.sees("the settings make frozen read-only")
}

func TestAReadOnlyContextAmongOthers(t *testing.T) {
	snap := demoSnapshot()
	together(&snap, "dev", "frozen")
	d := drive(t, snap, careful)
	d.lacks(" read-only ")
	d.keys("*", "s")
	d.sees("left out:", "is read-only")
	d.keys("y")
	for _, call := range d.said() {
		name := strings.TrimPrefix(call, "stop ")
		for i, w := range snap.Workspaces {
			if w.Name == name && i%2 == 1 {
				t.Errorf("%s of the frozen context was stopped", name)
			}
		}
	}
	if len(d.said()) == 0 {
		t.Error("nothing was stopped")
	}
}

// TestEveryWritingActionIsGreyed finds actions that could be run in a read-only
// program and would change something.
func TestEveryWritingActionIsGreyed(t *testing.T) {
	d := drive(t, demoSnapshot(), func(c *Config) { c.ReadOnly = true })
	var greyed []string
	for _, action := range d.app.actions() {
		if action.Reason() == "this is read-only" {
			greyed = append(greyed, action.ID)
		}
	}
	if diff := cmp.Diff([]string{"create", "start", "restart", "stop", "delete", "restore", "purge"}, greyed); diff != "" {
		t.Errorf("greyed (-want +got):\n%s", diff)
	}
}
