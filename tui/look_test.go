package tui

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

// onlooker is a Looker that keeps what is looked at.
type onlooker struct{ name string }

func (o *onlooker) Look(w workspace.Workspace, ok bool) {
	o.name = w.Name
	if !ok {
		o.name = "nothing"
	}
}

// TestLookerHearsWhatIsLookedAt follows the cursor through the list, into a
// session and out again.
func TestLookerHearsWhatIsLookedAt(t *testing.T) {
	var o onlooker
	d := drive(t, demoSnapshot(), func(c *Config) { c.Looker = &o })
	var got []string
	for _, do := range []func(){
		func() {},
		func() { d.keys("down") },
		func() { d.keys("/"); d.typing("ml-") },
		func() { d.keys("esc", "home") },
		func() { d.app.handOver("shell in api", nil) },
		func() { d.send(doneMsg{what: "shell in api"}) },
		func() { d.keys("D") },
		func() { d.keys("D") },
		func() {
			empty := demoSnapshot()
			empty.Workspaces = nil
			d.cluster.Set(empty)
			d.change()
		},
	} {
		do()
		got = append(got, o.name)
	}
	want := []string{"api", "docs", "ml-old", "api", "nothing", "api", "old-site", "api", "nothing"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("looked at (-want +got):\n%s", diff)
	}
}

// TestHeaderMarksTheGateway holds that the mark is the newest probe's, and goes
// when that has grown old.
func TestHeaderMarksTheGateway(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.sees("ssh.example.com ✓")
	d.clock = d.clock.Add(3 * time.Minute)
	d.change()
	d.send(clockMsg{})
	d.lacks("✓")
	d.sees("gateway istio · ssh.example.com")

	d = drive(t, failing(workspace.HopNetwork, "dialling: no answer in time"), nil)
	d.sees("ssh.example.com ✕", "● running", "this machine does not reach it")
	d.size(80, 24)
	d.sees("gateway ✕")
	d = drive(t, failing(workspace.HopGateway, "dialling: connection refused"), nil)
	d.sees("ssh.example.com ✕", "! unreachable", "berth ssh api --namespace team-a --via port-forward")
	d = drive(t, failing(workspace.HopSSH, "no answer within 5s"), nil)
	d.sees("ssh.example.com ✓", "! unreachable")
}
