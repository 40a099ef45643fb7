package tui

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

// gauge is a Meter that counts what it is asked.
type gauge struct {
	usage map[workspace.Ref]workspace.Usage
	err   error
	wide  error // of all namespaces
	asked []string
	homes int
	at    time.Time
}

func (g *gauge) Usage(_ context.Context, namespace string) (map[workspace.Ref]workspace.Usage, error) {
	g.asked = append(g.asked, namespace)
	out := map[workspace.Ref]workspace.Usage{}
	for ref, u := range g.usage {
		g.at = g.at.Add(time.Second)
		u.At = g.at
		out[ref] = u
	}
	if namespace == "" && g.wide != nil {
		return nil, g.wide
	}
	return out, g.err
}

func (g *gauge) Home(context.Context, workspace.Workspace) (workspace.HomeUsage, bool) {
	g.homes++
	return workspace.HomeUsage{Used: 3174 << 20, Size: 10 << 30}, true
}

// busy is the use of workspace api.
func busy() *gauge {
	return &gauge{at: tuitest.Epoch(), usage: map[workspace.Ref]workspace.Usage{{Namespace: "team-a", Name: "api"}: {MilliCPU: 400, Memory: 1229 << 20}}}
}

// seconds has the program do what it does once a second, n times.
func (d *driver) seconds(n int) {
	for range n {
		d.pass(time.Second)
		d.run(d.app.measure(), 0)
	}
	d.app.frame.dirty = true
}

func TestUsageIsShownAndAskedForSparingly(t *testing.T) {
	g := busy()
	d := drive(t, demoSnapshot(), func(c *Config) { c.Meter = g })
	d.sees("cpu n/a", "memory n/a")
	d.seconds(1)
	d.sees("0.4 of 2", "1.2 Gi of 4Gi")
	g.usage[workspace.Ref{Namespace: "team-a", Name: "api"}] = workspace.Usage{MilliCPU: 1900, Memory: 4 << 30}
	d.seconds(14)
	if len(g.asked) != 1 {
		t.Fatalf("asked %d times within 15 s", len(g.asked))
	}
	d.seconds(2)
	d.sees("▂▇ 1.9 of 2", "▃█ 4.0 Gi of 4Gi")
	d.seconds(120)
	if n := len(g.asked); n > 5 {
		t.Errorf("asked %d times although nobody has touched a key for two minutes", n)
	}
	n := len(g.asked)
	d.keys("down", "up")
	d.seconds(1)
	if len(g.asked) != n+1 {
		t.Errorf("a key has not brought it back")
	}
	if u, ok := d.app.meter.usageOf(workspace.Key{Cluster: "c1", UID: "u-api"}); !ok || u.MilliCPU != 1900 {
		t.Errorf("the list would see %+v, %t", u, ok)
	}
}

func TestAClusterWithoutMetricsIsLeftAlone(t *testing.T) {
	g := &gauge{err: fmt.Errorf("%w: 404", ErrNoMetrics)}
	d := drive(t, demoSnapshot(), func(c *Config) { c.Meter = g })
	for range 10 {
		d.keys("down", "up")
		d.seconds(10)
	}
	d.sees("cpu n/a")
	if len(g.asked) != 1 || len(d.app.errors) > 0 {
		t.Errorf("asked %d times, %d errors", len(g.asked), len(d.app.errors))
	}
	d.app.snap.Namespace = "team-b"
	d.seconds(1)
	if len(g.asked) != 2 || g.asked[1] != "team-b" {
		t.Errorf("another namespace: asked %v", g.asked)
	}
}

// TestMetricsOfOneNamespaceAreBetterThanNone is about somebody who sees all
// namespaces and the metrics of their own alone.
func TestMetricsOfOneNamespaceAreBetterThanNone(t *testing.T) {
	g := busy()
	g.wide = fmt.Errorf("%w: forbidden", ErrNoMetrics)
	snap := demoSnapshot()
	snap.Namespace = ""
	d := drive(t, snap, func(c *Config) { c.Meter = g })
	d.seconds(2)
	d.sees("0.4 of 2")
	if want := []string{"", "team-a"}; !slices.Equal(g.asked, want) {
		t.Errorf("asked %q, want %q", g.asked, want)
	}
}

func TestTheHomeIsAskedOverAnOpenShellOnly(t *testing.T) {
	g := busy()
	d := openShell("prompt")(t)
	d.app.cfg.Meter = g
	d.keys("ctrl+]", "d")
	d.seconds(3)
	d.sees("home 3.1 Gi of 10.0 Gi")
	if g.homes != 1 {
		t.Errorf("asked %d times", g.homes)
	}
	d = drive(t, demoSnapshot(), func(c *Config) { c.Meter = g })
	d.seconds(5)
	if g.homes != 1 {
		t.Error("it was asked without a shell")
	}
}
