package tui

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

func TestThePaletteFindsEverything(t *testing.T) {
	for name, test := range map[string]struct {
		typed string
		on    string // workspace under the cursor afterwards
		calls []string
	}{
		"a workspace":         {"weird", "weird", nil},
		"fuzzily":             {"gptr", "gpu-train", nil},
		"a deleted one":       {"old-s", "old-site", nil},
		"the exact name":      {"api", "api", nil}, // not "copy ssh command" or others with these letters
		"a namespace":         {"team-b", "api", []string{"namespace team-b"}},
		"a context":           {"dev", "api", []string{"context dev"}},
		"an action, a letter": {"reverse", "api", nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := drive(t, demoSnapshot(), nil)
			d.keys(":")
			d.typing(test.typed)
			d.keys("enter")
			if diff := cmp.Diff(test.calls, d.cluster.Calls()); diff != "" {
				t.Error(diff)
			}
			if w, _ := d.app.selected(); w.Name != test.on && name != "an action, a letter" {
				t.Errorf("the cursor is on %s, want %s:\n%s", w.Name, test.on, d.text())
			}
		})
	}
}

func TestThePaletteJumpsOutOfTheFilter(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("/")
	d.typing("api")
	d.keys("enter", ":")
	d.typing("docs")
	d.keys("enter")
	d.lacks("1/6")
	if w, _ := d.app.selected(); w.Name != "docs" {
		t.Errorf("the cursor is on %s", w.Name)
	}
}

func TestThePaletteHasTheLastChoiceFirst(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys(":")
	d.lacks("stopped · team-a") // workspaces only when searched for
	d.typing("docs")
	d.keys("enter", ":")
	menu := d.app.dialogs[0].(*dialog.Menu)
	if first := menu.Items[0]; first.Label != "docs" {
		t.Errorf("first is %q", first.Label)
	}
	d.sees("stopped · team-a")
	d.keys("enter")
	d.keys(":")
	d.typing("sort by")
	d.keys("enter", "esc", ":")
	if first := d.app.dialogs[0].(*dialog.Menu).Items[0]; first.Label != "sort by a column" {
		t.Errorf("first is %q", first.Label)
	}
}

func TestThePaletteSaysWhyAnActionIsDisabled(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys(":")
	d.typing("start the")
	d.sees("api is running, nothing to")
}

// slow is a Scope whose clusters never answer.
type slow struct{ *tuitest.Cluster }

func (slow) Namespaces(ctx context.Context, _ string) ([]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestThePaletteWaitsForNobody(t *testing.T) {
	d := drive(t, demoSnapshot(), func(c *Config) { c.Scope = slow{c.Scope.(*tuitest.Cluster)} })
	d.keys(":")
	d.typing("dev")
	d.sees("dev", "context")
	d.keys("enter")
	if diff := cmp.Diff([]string{"context dev"}, d.cluster.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestAMenuFilledLaterKeepsItsCursor(t *testing.T) {
	m := &dialog.Menu{Search: true, Ranked: true, Items: []dialog.Item{{ID: "b", Label: "b-x"}, {ID: "c", Label: "c-x"}}}
	for _, k := range []string{"x", "down"} {
		m.Update(key(k))
	}
	chosen := ""
	choose := func(id string) func() tea.Cmd { return func() tea.Cmd { chosen = id; return nil } }
	m.SetItems([]dialog.Item{{ID: "a", Label: "x", Choose: choose("a")}, {ID: "b", Label: "b-x", Choose: choose("b")}, {ID: "c", Label: "c-x", Choose: choose("c")}})
	if m.Update(key("enter")); chosen != "c" {
		t.Errorf("chose %q, want c", chosen)
	}
}

func TestContexts(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("C")
	d.sees("context", "dev", "https://dev.example.com:6443", "prod", "now")
	d.keys("enter")
	if diff := cmp.Diff([]string{"context dev"}, d.cluster.Calls()); diff != "" {
		t.Error(diff)
	}
	d.sees("dev ▸ default")
}

func TestAContextThatDoesNotAnswerCanBeLeft(t *testing.T) {
	d := drive(t, workspace.Snapshot{Context: "gone", Problem: "gone does not answer"}, nil)
	d.sees("C  go to another context", "gone does not answer")
	d.keys("C", "down", "enter")
	if diff := cmp.Diff([]string{"context prod"}, d.cluster.Calls()); diff != "" {
		t.Error(diff)
	}
}

// stuck moves nowhere.
type stuck struct{ *tuitest.Cluster }

func (stuck) SetContext(context.Context, ...string) error { return errors.New("no such context") }

func TestAMoveThatFailsSaysSo(t *testing.T) {
	d := drive(t, demoSnapshot(), func(c *Config) { c.Scope = stuck{c.Scope.(*tuitest.Cluster)} })
	d.keys("C", "enter")
	d.sees("going to dev: no such context", "prod ▸ team-a")
	d.lacks("switching")
}

// BenchmarkPalette types into a palette over ten thousand workspaces.
func BenchmarkPalette(b *testing.B) {
	a := benchApp(b)
	a.Update(key(":"))
	for i := range 3 {
		a.Update(key(fmt.Sprint(i)))
	}
	b.ResetTimer()
	for b.Loop() {
		a.frame.dirty, a.frame.last = true, time.Time{}
		a.View()
	}
}
