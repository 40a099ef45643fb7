package tui

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

// together makes one list of two contexts out of a snapshot: every second row
// is of the second one.
func together(snap *workspace.Snapshot, one, other string) {
	snap.Context, snap.Installation = one+", "+other, workspace.Installation{}
	template := []workspace.Template{{Name: "of-" + other, Description: "of the other one"}}
	snap.Places = []workspace.Place{
		{Context: one, Namespace: snap.Namespace, Synced: true},
		{Context: other, Namespace: snap.Namespace, Synced: true, Installation: workspace.Installation{Templates: template}},
	}
	for i := range snap.Workspaces {
		snap.Workspaces[i].Context = []string{one, other}[i%2]
	}
}

// towns are contexts with namespaces of their own.
type towns struct {
	*tuitest.Cluster
	names map[string][]string
}

func (s towns) Namespaces(ctx context.Context, in string) ([]string, error) {
	switch in {
	case "hangs":
		<-ctx.Done()
		return nil, ctx.Err()
	case "refuses":
		return nil, errors.New("may not list namespaces")
	}
	return s.names[in], nil
}

func driveTogether(t *testing.T, places ...workspace.Place) *driver {
	t.Helper()
	snap := demoSnapshot()
	together(&snap, "dev", "prod")
	snap.Places = append(snap.Places, places...)
	snap.Context = strings.Join(snap.Contexts(), ", ")
	return drive(t, snap, func(c *Config) {
		c.Scope = towns{c.Scope.(*tuitest.Cluster), map[string][]string{"dev": {"default", "play"}, "prod": {"default", "shop"}}}
		c.Guard = func(context, _ string) Guard { return Guard{Production: context == "prod"} }
	})
}

func TestNamespacesOfSeveralContexts(t *testing.T) {
	d := driveTogether(t, workspace.Place{Context: "hangs"}, workspace.Place{Context: "refuses", Synced: true})
	d.keys("n")
	d.sees("every context", "play", "shop", "hangs", "loading…", "refuses", "type one")
	for _, key := range []string{"s", "h", "o"} {
		d.keys(key)
	}
	d.sees("shop", "prod")
	d.lacks("play")
	d.keys("enter")
	d.sees("team-a, shop")
	d.keys("n")
	d.typing("default")
	d.sees("every context")
	d.keys("enter", "n")
	d.typing("type one")
	d.keys("enter")
	d.sees("namespace of refuses")
	d.typing("mine")
	d.keys("enter", "n")
	d.typing("nobody-knows")
	d.sees("enter takes what is typed")
	d.keys("enter")
	if diff := cmp.Diff([]string{"namespace shop in prod", "namespace default", "namespace mine in refuses", "namespace nobody-knows"}, d.cluster.Calls()); diff != "" {
		t.Error(diff)
	}
}

// TestAMoveOfOneContextEndsWithThatOne: another one that hangs does not keep the
// list on its way.
func TestAMoveOfOneContextEndsWithThatOne(t *testing.T) {
	d := driveTogether(t, workspace.Place{Context: "hangs"})
	d.keys("n")
	d.typing("shop")
	d.keys("enter")
	d.lacks("switching")
	d.keys("0")
	d.sees("all namespaces", "switching")
}

func TestThePaletteHasNamespacesOfSeveralContexts(t *testing.T) {
	d := driveTogether(t, workspace.Place{Context: "hangs"})
	d.keys(":")
	d.typing("play")
	d.sees("namespace · dev")
	d.keys("enter")
	if diff := cmp.Diff([]string{"namespace play in dev"}, d.cluster.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestCreateAsksForTheContext(t *testing.T) {
	d := driveTogether(t, workspace.Place{Context: "hangs"})
	d.keys("down", "down") // docs, of the second one
	w, _ := d.app.selected()
	d.keys("c")
	d.sees("new workspace in which context?", "production · team-a", "it has not answered yet")
	d.keys("enter")
	d.sees("new workspace in " + w.Context)
	d.keys("esc", "c")
	d.typing("hangs")
	d.keys("enter")
	d.sees("which context?")
	d.keys("esc", "c")
	d.typing("prod")
	d.keys("enter")
	d.sees("new workspace in prod", "template")
	d.typing("fresh")
	d.keys("ctrl+s")
	d.eventually("the creation", func() bool { return strings.Contains(d.text(), "created fresh") })
	if got, ok := d.app.selected(); !ok || got.Name != "fresh" || got.Context != "prod" {
		t.Errorf("the cursor is on %s in %s", got.Name, got.Context)
	}
}

// TestAFormStaysWithItsContext: a creation that has failed is resumed where it
// was begun, and the form says where that is.
func TestAFormStaysWithItsContext(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.cluster.Fail = errors.New("no quota")
	d.keys("c")
	d.lacks("new workspace in")
	d.typing("fresh")
	d.keys("ctrl+s", "esc")
	d.cluster.Fail = nil
	d.keys("C", "enter")
	d.sees("dev ▸ default")
	d.keys("c")
	d.sees("new workspace in prod")
}
