package tui

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

func demoSnapshot() workspace.Snapshot { return tuitest.Demo() }

// within checks that the frame fits the screen, in lines and in cells.
func within(t *testing.T, a *App, w, h int) {
	t.Helper()
	lines := strings.Split(a.View().Content, "\n")
	if len(lines) > h {
		t.Fatalf("%d×%d: %d lines", w, h, len(lines))
	}
	for i, line := range lines {
		if n := cells.Width(line); n > w {
			t.Fatalf("%d×%d: line %d has %d cells: %q", w, h, i, n, line)
		}
	}
}

func TestActionsAskAndAct(t *testing.T) {
	for name, test := range map[string]struct {
		keys []string
		want []string
	}{
		"stop":                        {[]string{"s", "y"}, []string{"stop api"}},
		"stop, cancelled by enter":    {[]string{"s", "enter"}, nil},
		"stop, s twice":               {[]string{"s", "s", "esc"}, nil},
		"restart":                     {[]string{"r", "y"}, []string{"restart api"}},
		"delete":                      {[]string{"d", "y"}, []string{"delete api"}},
		"delete twice by its own key": {[]string{"d", "d", "esc"}, nil},
		"undo a stop":                 {[]string{"s", "y", "u"}, []string{"stop api", "start api"}},
		"start a stopped one":         {[]string{"down", "S"}, []string{"start docs"}},
		"start a running one":         {[]string{"S"}, nil},
		"shell in a stopped one":      {[]string{"down", "enter", "y"}, []string{"start docs"}},
		"enter does not answer it":    {[]string{"down", "enter", "enter", "esc"}, nil},
		"restore":                     {[]string{"D", "R"}, []string{"restore old-site"}},
		"purge needs its name":        {[]string{"D", "P", "y", "enter", "esc"}, nil},
		"restore a living one":        {[]string{"R"}, nil},
		"all namespaces":              {[]string{"0"}, []string{"namespace "}},
	} {
		t.Run(name, func(t *testing.T) {
			d := drive(t, demoSnapshot(), nil)
			d.keys(test.keys...)
			if diff := cmp.Diff(test.want, d.cluster.Calls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPurgeByItsName(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("D", "P")
	d.sees("10Gi", "8d ago", "type old-site to purge")
	d.typing("old-site")
	d.keys("enter")
	if diff := cmp.Diff([]string{"purge old-site"}, d.cluster.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestADeletionSaysHowToGoBack(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("d", "y")
	d.sees("deleted api · D shows it, R there restores it")
}

func TestAnUnknownFilterKeyIsNamed(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("/")
	d.typing("colour=red")
	d.sees("no workspace has a key or label colour; keys: name, namespace, phase, image, node, profile, template")
	d.keys("esc", "/")
	d.typing("node=zz")
	d.sees("none of 6 workspaces matches")
}

func TestReadOnlyWritesNothing(t *testing.T) {
	d := drive(t, demoSnapshot(), func(c *Config) { c.ReadOnly = true })
	d.keys("s", "y", "r", "y", "d", "y", "S", "c", "esc", "down", "S", "enter", "y", "esc", "D", "R", "P")
	if calls := d.cluster.Calls(); len(calls) != 0 {
		t.Errorf("called %v", calls)
	}
	d.sees("read-only")
}

func TestADialogWhoseWorkspaceIsReplacedDoesNothing(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("d")
	snap := demoSnapshot()
	snap.Workspaces[0].UID = "another"
	d.cluster.Set(snap)
	d.change()
	d.sees("nothing was done")
	d.keys("y", "enter")
	if calls := d.cluster.Calls(); len(calls) != 0 {
		t.Errorf("called %v", calls)
	}
}

func TestTheDialogMeansWhatWasSelectedWhenItOpened(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("s")
	snap := demoSnapshot()
	snap.Workspaces = append(tuitest.Many(3).Workspaces, snap.Workspaces...)
	d.cluster.Set(snap)
	d.change()
	d.keys("y")
	if diff := cmp.Diff([]string{"stop api"}, d.cluster.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsStayAndAreKept(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.cluster.Fail = workspace.WithHint(errors.New("quota is used up"), "ask for more")
	d.keys("s", "y")
	d.sees("stopping api: quota is used up", "E more")
	d.pass(time.Hour)
	d.send(clockMsg{})
	d.sees("quota is used up")
	d.keys("E")
	d.sees("errors (1)", "hint: ask for more")
}

func TestInformationGoesAfterThreeSeconds(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("y", "s")
	d.sees("copied 20 B (OSC 52)")
	d.pass(4 * time.Second)
	d.send(clockMsg{})
	d.lacks("copied 20 B")
}

func TestCreate(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("c")
	d.typing("new")
	d.sees("ssh new.team-a.berth")
	d.keys("ctrl+s")
	if !slices.Contains(d.cluster.Calls(), "create deployment new") {
		t.Fatalf("calls: %v", d.cluster.Calls())
	}
	d.change()
	if w, _ := d.app.selected(); w.Name != "new" {
		t.Errorf("the cursor is on %s", w.Name)
	}
	d.lacks("new workspace")
}

func TestCreateRefusesABadNameAtOnce(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("c")
	d.typing("New_")
	d.sees(`"New_" is not allowed`)
	d.keys("ctrl+s")
	if calls := d.cluster.Calls(); len(calls) != 0 {
		t.Errorf("called %v", calls)
	}
}

func TestAFailedCreateSaysWhyAndGoesOn(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.cluster.Fail = workspace.WithHint(errors.New("secret new-ssh: forbidden"), "ask for the role berth-developer")
	d.keys("c")
	d.typing("new")
	d.keys("ctrl+s")
	d.sees("secret new-ssh: forbidden", "ask for the role")
	d.cluster.Fail = nil
	d.keys("ctrl+s")
	d.lacks("new workspace")
	if !slices.Contains(d.cluster.Calls(), "create deployment new") {
		t.Errorf("calls: %v", d.cluster.Calls())
	}
}

// halfDone is a creation's failure that can be undone.
type halfDone struct {
	error
	undone *int
}

func (h halfDone) Undo(_ context.Context, tell Tell) error {
	*h.undone++
	tell(workspace.Progress{Step: "removing secret new-ssh", Done: true})
	return nil
}

func TestAFailedCreateCanBeUndone(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	undone := 0
	d.cluster.Fail = halfDone{errors.New("deployment new: forbidden"), &undone}
	d.keys("c")
	d.typing("new")
	d.keys("ctrl+s")
	d.sees("deployment new: forbidden", "u undo", "ctrl+s resume")
	d.keys("u")
	d.lacks("new workspace")
	d.sees("removed what was made of new")
	if undone != 1 {
		t.Errorf("undone %d times", undone)
	}
	d.cluster.Fail = errors.New("no")
	d.keys("c")
	d.typing("other")
	d.keys("ctrl+s")
	d.sees("try again")
	d.lacks("u undo")
}

func TestHelpListsEveryAction(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	var labels []string
	for _, it := range d.app.actionItems(true) {
		labels = append(labels, it.Label)
		if it.Disabled == "" && it.Choose == nil {
			t.Errorf("%q cannot be run", it.Label)
		}
	}
	for _, a := range d.app.actions() {
		if !slices.Contains(labels, a.Title) {
			t.Errorf("%q is not in the help", a.ID)
		}
		if len(a.Keys) == 0 || len(a.Contexts) == 0 || a.Run == nil {
			t.Errorf("%q has no key, no context or does nothing", a.ID)
		}
	}
}

func TestHelpRunsAnAction(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("?")
	d.typing("restart the")
	d.keys("enter", "y")
	if diff := cmp.Diff([]string{"restart api"}, d.cluster.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestAnAnswerForAnotherWorkspaceIsDropped(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("Y")
	d.sees("name: api")
	d.keys("esc", "down")
	d.sees("name: docs")
	d.lacks("name: api")
}

// TestAnyKeysAnySize is a walk through the program by keys, sizes and changes
// that nobody would think of.
func TestAnyKeysAnySize(t *testing.T) {
	names := []string{
		"enter", "esc", "tab", "up", "down", "pgup", "pgdown", "home", "end", "space", "backspace", "left", "right", "B", "+", "-",
		"a", "c", "d", "f", "g", "l", "n", "o", "p", "r", "s", "t", "u", "v", "w", "y", "z", "b", "C", "D", "E", "G", "M", "P", "R", "S", "T", "V", "W", "Y", "*",
		"/", ":", "?", "0", "!", "=", "例", "ctrl+s", "ctrl+p",
	}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a repeatable walk, not a secret
		d := drive(t, demoSnapshot(), nil)
		w, h := 80, 24
		for range 150 {
			switch r.IntN(12) {
			case 0:
				w, h = 1+r.IntN(200), 1+r.IntN(60)
				d.app.Update(tea.WindowSizeMsg{Width: w, Height: h})
			case 1:
				snap := demoSnapshot()
				snap.Workspaces = snap.Workspaces[:r.IntN(len(snap.Workspaces)+1)]
				d.cluster.Set(snap)
				d.app.Update(changedMsg{})
			case 2:
				d.app.Update(tea.MouseClickMsg{X: r.IntN(w), Y: r.IntN(h), Button: tea.MouseLeft})
			case 3:
				d.app.Update(tea.MouseWheelMsg{X: r.IntN(w), Y: r.IntN(h), Button: tea.MouseWheelDown})
			default:
				d.pass(time.Duration(r.IntN(400)) * time.Millisecond)
				d.app.Update(key(names[r.IntN(len(names))]))
			}
			if d.app.w > 0 {
				within(t, d.app, d.app.w, d.app.h)
			}
		}
	}
}
