package shells

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/tui/theme"
	"github.com/berth-sh/berth/workspace"
)

// closed opens nothing.
type closed struct{}

func (closed) OpenShell(context.Context, workspace.Workspace, int, term.Start) (term.Shell, error) {
	return nil, errors.New("closed")
}

func open(t *testing.T, names ...string) *Deck {
	t.Helper()
	d := New(closed{}, 0, time.Now)
	t.Cleanup(func() { <-d.End(false) })
	for _, name := range names {
		d.Open(workspace.Workspace{UID: name, Ref: workspace.Ref{Namespace: "n", Name: name}})
	}
	return d
}

func scene(w int) Scene {
	return Scene{Theme: theme.New(true, colorprofile.Ascii), Now: time.Now(), W: w, H: 10}
}

// TestTheCurrentTabIsAlwaysInTheBar has more tabs than fit, at every width.
func TestTheCurrentTabIsAlwaysInTheBar(t *testing.T) {
	d := open(t, strings.Fields("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omikron pi")...)
	for w := 28; w <= 200; w += 7 {
		for i := range d.Tabs() {
			d.Pick(i)
			line := d.Bar(scene(w), "right")
			if got := ansi.StringWidth(line); got != w {
				t.Fatalf("%d cells at a width of %d", got, w)
			}
			if name := d.Current().Name(); !strings.Contains(ansi.Strip(line), name) {
				t.Fatalf("%s is not in %q", name, ansi.Strip(line))
			}
		}
	}
}

// TestAClickFindsItsTab clicks on every name in the bar.
func TestAClickFindsItsTab(t *testing.T) {
	d := open(t, "alpha", "beta", "gamma")
	bar := ansi.Strip(d.Bar(scene(60), ""))
	for _, tab := range d.Tabs() {
		before, _, _ := strings.Cut(bar, tab.Name())
		x := ansi.StringWidth(before)
		if got := d.At(scene(60), x, 0); got != tab {
			t.Errorf("at %d of %q is %v, want %s", x, bar, got, tab.Name())
		}
	}
	if got := d.At(scene(60), 58, 0); got != nil {
		t.Errorf("behind them is %s", got.Name())
	}
}

func TestTabsOfAWorkspaceStandTogether(t *testing.T) {
	d := open(t, "a", "b", "a", "a")
	var names []string
	for _, tab := range d.Tabs() {
		names = append(names, tab.Name())
	}
	if got := strings.Join(names, " "); got != "a a·2 a·3 b" {
		t.Error(got)
	}
	d.Close(d.Tabs()[1])
	if again := d.Open(d.Tabs()[0].Workspace); again.Name() != "a·2" { // the number is free again
		t.Error(again.Name())
	}
	d.Pick(0)
	d.Close(d.Current())
	if d.Current() == nil || d.Current().Workspace.Name != "a" {
		t.Errorf("another one of its workspace should be shown: %v", d.Current())
	}
}
