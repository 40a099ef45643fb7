package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/workspace"
)

// clinic examines as a test says: it hands out checks, then waits where hold
// is not nil.
type clinic struct {
	checks []workspace.Check
	hold   chan struct{}
	ended  chan struct{} // closed when an examination was cancelled; nil for nobody
	begun  int
}

func (c *clinic) Examine(ctx context.Context, _ workspace.Workspace, hear func(workspace.Check)) {
	c.begun++
	for _, check := range c.checks {
		hear(check)
	}
	if c.hold == nil {
		return
	}
	select {
	case <-c.hold:
	case <-ctx.Done():
		close(c.ended)
	}
}

func broken() []workspace.Check {
	return []workspace.Check{
		{Name: "kubeconfig", State: workspace.CheckOK, Text: "context prod of ~/.kube/config"},
		{Name: "api", State: workspace.CheckOK, Took: 12 * time.Millisecond, Text: "Kubernetes v1.37.2"},
		{Name: "permissions", State: workspace.CheckNote, Took: 4 * time.Millisecond, Text: "nodes may not be read, so what is said of them is a guess"},
		{Name: "proxy", State: workspace.CheckSkipped, Text: "none"},
		{Name: "connect", State: workspace.CheckProblem, Took: 2013 * time.Millisecond, Text: "gateway ssh.example.com:443 refused CONNECT api--team-a.ssh.example.com:22: 404 Not Found", Next: []string{"ask whoever runs the gateway", "or go round it: berth ssh --via port-forward api"}},
		{Name: "sshd", State: workspace.CheckNotMet},
		{Name: "ssh-config", State: workspace.CheckProblem, Text: "~/.ssh/config does not include it"},
	}
}

func examined(t *testing.T, c *clinic) *driver {
	t.Helper()
	d := drive(t, demoSnapshot(), func(cfg *Config) { cfg.Examiner = c })
	d.keys("X")
	return d
}

func TestDoctorScreens(t *testing.T) {
	for name, checks := range map[string][]workspace.Check{"doctor": broken(), "doctor-well": broken()[:4]} {
		d := examined(t, &clinic{checks: checks})
		for _, size := range [][2]int{{40, 10}, {80, 24}, {160, 45}} {
			d.size(size[0], size[1])
			d.fits()
			golden(t, fmt.Sprintf("%s-%dx%d.txt", name, size[0], size[1]), d.text()+"\n")
		}
	}
}

// TestDoctorAtEverySize is about frames that are larger than the screen.
func TestDoctorAtEverySize(t *testing.T) {
	d := examined(t, &clinic{checks: broken()})
	for w := 1; w <= 200; w += 1 + w/23 {
		for h := 1; h <= 60; h += 1 + h/13 {
			d.app.Update(tea.WindowSizeMsg{Width: w, Height: h})
			within(t, d.app, w, h)
		}
	}
}

// What was found is shown while the rest is looked for, and esc ends it.
func TestDoctorIsLiveAndCanBeCancelled(t *testing.T) {
	c := &clinic{checks: broken()[:5], hold: make(chan struct{}), ended: make(chan struct{})}
	d := examined(t, c)
	d.sees("doctor · api · one problem", "… looking", "404 Not Found", "2013 ms", "first problem: connect", "next: ask whoever runs the gateway", "esc cancel")
	d.keys("r")
	if c.begun != 1 {
		t.Error("a second examination began beside the first")
	}
	d.keys("esc")
	d.lacks("doctor ·")
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the examination goes on")
	}
}

func TestDoctorLooksAgainAndCopies(t *testing.T) {
	c := &clinic{checks: broken()}
	d := examined(t, c)
	d.sees("2 problems", "r again")
	d.keys("r")
	d.sees("2 problems")
	if c.begun != 2 {
		t.Errorf("%d examinations, want 2", c.begun)
	}
	d.keys("y")
	copied := ""
	for _, msg := range d.ran {
		if text := fmt.Sprint(msg); strings.Contains(text, "next: ask whoever") {
			copied = text
		}
	}
	if !strings.Contains(copied, "team-a/api: 2 problems") || !strings.Contains(copied, "connect       problem") {
		t.Errorf("copied %q", copied)
	}
}

func TestDoctorNeedsSomethingToExamine(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("X")
	d.lacks("doctor · api")
	empty := demoSnapshot()
	empty.Workspaces = nil
	d = drive(t, empty, func(cfg *Config) { cfg.Examiner = &clinic{} })
	d.keys("X")
	d.sees("no workspace is selected")
}
