package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

// desk is Sessions and Consent that write down, in order, what they were
// asked.
type desk struct {
	editors []string
	result  OpenResult
	lacks   []string // what keeps every editor from working
	install error    // of adding the line
	needed  bool
	asked   []string
}

func (k *desk) Shell(context.Context, workspace.Workspace) (ExecCommand, error) {
	return nil, workspace.WithHint(errors.New("route does not answer"), "run berth why")
}

func (k *desk) Editors(workspace.Workspace) []string { return k.editors }

func (k *desk) Open(_ context.Context, w workspace.Workspace, how OpenRequest) (OpenResult, error) {
	asked := "open " + w.Name + " in " + how.Editor
	if how.Anyway {
		asked += " anyway"
	} else if k.lacks != nil {
		k.asked = append(k.asked, asked)
		return OpenResult{Lacks: k.lacks}, nil
	}
	k.asked = append(k.asked, asked)
	return k.result, nil
}

func (k *desk) Needed() bool           { return k.needed }
func (k *desk) Line() (string, string) { return "Include berth/config", "~/.ssh/config" }

func (k *desk) Install(context.Context) error {
	k.asked = append(k.asked, "install")
	k.needed = k.install != nil
	return k.install
}

func (k *desk) Refuse(context.Context) error {
	k.asked = append(k.asked, "refuse")
	k.needed = false
	return nil
}

func (k *desk) drive(t *testing.T) *driver {
	t.Helper()
	return drive(t, demoSnapshot(), func(c *Config) { c.Sessions, c.Consent = k, k })
}

func TestEditorsAreChosen(t *testing.T) {
	for name, test := range map[string]struct {
		editors []string
		keys    []string
		want    []string
	}{
		"by number":    {[]string{"VS Code", "Neovim"}, []string{"o", "2"}, []string{"open api in Neovim"}},
		"by the arrow": {[]string{"VS Code", "Neovim"}, []string{"o", "down", "enter"}, []string{"open api in Neovim"}},
		"not at all":   {[]string{"VS Code", "Neovim"}, []string{"o", "esc"}, nil},
		"the only one": {[]string{"Neovim"}, []string{"o"}, []string{"open api in Neovim"}},
		"none":         {nil, []string{"o"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			k := &desk{editors: test.editors}
			d := k.drive(t)
			d.keys(test.keys...)
			if diff := cmp.Diff(test.want, k.asked); diff != "" {
				t.Error(diff)
			}
			if len(test.editors) == 0 {
				d.sees("no editor found", "ssh api.team-a.berth")
			}
		})
	}
}

func TestAnEditorIsOpenedAnywayOnlyWhenAsked(t *testing.T) {
	for name, test := range map[string]struct {
		keys []string
		want []string
	}{
		"asked":       {nil, []string{"open api in Neovim"}},
		"by accident": {[]string{"y", "o", "enter"}, []string{"open api in Neovim"}},
		"cancelled":   {[]string{"enter"}, []string{"open api in Neovim"}},
		"agreed to":   {[]string{"tab", "enter"}, []string{"open api in Neovim", "open api in Neovim anyway"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := &desk{editors: []string{"Neovim"}, lacks: []string{"nvim is not installed in the workspace", "install it there"}}
			d := k.drive(t)
			d.keys("o")
			d.sees("api lacks what Neovim needs", "nvim is not installed in the workspace", "install it there", "▸ cancel")
			d.keys(test.keys...)
			if diff := cmp.Diff(test.want, k.asked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConsentComesBeforeTheEditor(t *testing.T) {
	k := &desk{editors: []string{"Neovim"}, needed: true}
	d := k.drive(t)
	d.keys("o")
	d.sees("Include berth/config", "~/.ssh/config", "▸ no", "esc not now")
	d.keys("tab", "enter")
	if diff := cmp.Diff([]string{"install", "open api in Neovim"}, k.asked); diff != "" {
		t.Error(diff)
	}
}

func TestConsentRefusedIsRememberedAndOpensAllTheSame(t *testing.T) {
	k := &desk{editors: []string{"Neovim"}, needed: true}
	d := k.drive(t)
	d.keys("o", "enter", "o")
	if diff := cmp.Diff([]string{"refuse", "open api in Neovim", "open api in Neovim"}, k.asked); diff != "" {
		t.Error(diff)
	}
}

func TestConsentPutOffIsAskedAnotherTime(t *testing.T) {
	k := &desk{editors: []string{"Neovim"}, needed: true}
	d := k.drive(t)
	d.keys("o", "esc", "o")
	if diff := cmp.Diff([]string{"open api in Neovim", "open api in Neovim"}, k.asked); diff != "" {
		t.Error(diff)
	}
	d = k.drive(t) // the next time
	d.keys("o")
	d.sees("Include berth/config")
}

func TestConsentIsNotGivenByANameTypedTooEarly(t *testing.T) {
	k := &desk{needed: true}
	d := k.drive(t)
	d.keys("c")
	d.typing("my-haln")
	d.keys("tab", "enter")
	d.sees("Include berth/config")
	if len(k.asked) > 0 {
		t.Errorf("answered: %v", k.asked)
	}
}

func TestConsentThatCannotBeInstalledSaysWhy(t *testing.T) {
	k := &desk{needed: true, install: workspace.WithHint(errors.New("~/.ssh/config is read-only"), "make it writable")}
	d := k.drive(t)
	d.keys("c", "tab", "enter")
	d.sees("new workspace", "adding the line to ~/.ssh/config")
	d.keys("esc", "E")
	d.sees("~/.ssh/config is read-only", "hint: make it writable")
}

func TestConsentIsNotAskedOfReaders(t *testing.T) {
	k := &desk{editors: []string{"Neovim"}, needed: true}
	d := drive(t, demoSnapshot(), func(c *Config) { c.Sessions, c.Consent, c.ReadOnly = k, k, true })
	d.keys("o")
	if diff := cmp.Diff([]string{"open api in Neovim"}, k.asked); diff != "" {
		t.Error(diff)
	}
}

func TestAShellThatCannotBeOpenedSaysWhy(t *testing.T) {
	d := (&desk{}).drive(t)
	d.keys("enter")
	d.sees("shell in api: route does not answer", "E more")
	d.keys("E")
	d.sees("shell in api", "route does not answer", "hint: run berth why")
}

// coded is a session that ends with an exit code or an error.
type coded struct {
	hello
	code int
	err  error
}

func (c *coded) Run() error    { return c.err }
func (c *coded) ExitCode() int { return c.code }

// exitError is what a process that has failed returns.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", e.code) }
func (e exitError) ExitCode() int { return e.code }

func TestASessionThatEndsBadlySaysSo(t *testing.T) {
	for name, test := range map[string]struct {
		cmd        ExecCommand
		says, lack string
	}{
		"well":                   {&coded{}, "? help", "ended"},
		"with a code":            {&coded{code: 7}, "shell in api ended, exit 7", "✕ shell"},
		"with a code's error":    {&coded{err: exitError{3}}, "shell in api ended, exit 3", "✕ shell"},
		"lost, with a code also": {&coded{code: 255, err: errors.New("the connection was lost")}, "✕ shell in api: the connection was lost", "exit 255"},
		"without codes":          {&hello{out: io.Discard}, "? help", "ended"},
	} {
		t.Run(name, func(t *testing.T) {
			d := drive(t, demoSnapshot(), nil)
			d.send(ended("shell in api", test.cmd)(test.cmd.Run()))
			d.sees(test.says)
			d.lacks(test.lack)
		})
	}
}

// clipboard lists what was sent to the terminal's clipboard.
func (d *driver) clipboard() []string {
	var texts []string
	want := fmt.Sprintf("%T", tea.SetClipboard("")())
	for _, m := range d.ran {
		if fmt.Sprintf("%T", m) == want {
			texts = append(texts, fmt.Sprint(m))
		}
	}
	return texts
}

func TestCopyTakesTheExactText(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("y", "s", "y", "a", "y", "n", "y", "esc")
	if diff := cmp.Diff([]string{"ssh api.team-a.berth", "api.team-a.berth", "api"}, d.clipboard()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatNothingCouldOpenIsCopied(t *testing.T) {
	k := &desk{editors: []string{"VS Code"}, result: OpenResult{Copy: "vscode://x"}}
	d := k.drive(t)
	d.keys("o")
	d.sees("copied ✓")
	if diff := cmp.Diff([]string{"vscode://x"}, d.clipboard()); diff != "" {
		t.Error(diff)
	}
}

func TestALongErrorIsShownWholeByE(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.cluster.Fail = workspace.WithHint(errors.New("admission webhook policy.example.com denied the request: the image must come from registry.example.com, and its tag must not be latest; see the policy named images-from-our-registry"), "ask platform for an exception")
	d.keys("s", "y", "E")
	d.sees("admission webhook", "images-from-our-registry", "ask platform for an exception")
}

func TestTheMouse(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	click := func(y int) { d.send(tea.MouseClickMsg{X: 5, Y: y, Button: tea.MouseLeft}) }
	wheel := func(y int, b tea.MouseButton) { d.send(tea.MouseWheelMsg{X: 5, Y: y, Button: b}) }
	name := func() string { w, _ := d.app.selected(); return w.Name }
	click(6) // the fourth row
	if name() != "gpu-train" {
		t.Errorf("a click selects %s", name())
	}
	wheel(6, tea.MouseWheelUp)
	if name() != "api" {
		t.Errorf("the wheel moves to %s", name())
	}
	wheel(6, tea.MouseWheelDown)
	d.keys("l", "esc")
	pane := slices.IndexFunc(d.lines(), func(l string) bool { return strings.HasPrefix(l, " gpu-train ─") })
	click(pane)
	if !d.app.focusPane {
		t.Error("a click does not go into the pane")
	}
	d.lacks("line 3 of")
	wheel(pane+1, tea.MouseWheelUp)
	d.sees("paused")
	click(4)
	if d.app.focusPane || name() != "docs" {
		t.Errorf("a click into the list selects %s, pane %v", name(), d.app.focusPane)
	}
	d.keys("s", "d")
	click(3)
	if name() != "docs" {
		t.Errorf("a click behind a dialog selects %s", name())
	}
}

func TestTheHeaderSaysThatItSwitches(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.cluster.Slow = time.Hour
	d.keys("n")
	d.typing("team-b")
	d.keys("enter")
	d.sees("prod ▸ team-b  switching…")
	snap := demoSnapshot()
	snap.Namespace = "team-b"
	d.cluster.Set(snap)
	d.change()
	d.sees("prod ▸ team-b")
	d.lacks("switching")
}

func TestASwitchThatFailsStaysWhereItWas(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.cluster.Fail = errors.New("no such place")
	d.keys("0")
	d.sees("prod ▸ team-a", "going to all namespaces: no such place")
	d.lacks("switching")
}

func TestThePaletteBeginsWithWhatWasUsedLast(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys(":")
	d.typing("sort by")
	d.keys("enter", "esc", ":")
	i := slices.IndexFunc(d.lines(), func(l string) bool { return strings.Contains(l, "│ ▌") })
	if line := d.lines()[i]; !strings.Contains(line, "sort by a column") {
		t.Errorf("first is %q", line)
	}
}

func TestHelpTellsTheVersion(t *testing.T) {
	d := drive(t, demoSnapshot(), func(c *Config) { c.Version = "v1.2.3" })
	d.keys("?")
	d.sees("help · berth v1.2.3")
}

func TestALongContextLeavesRoomForWhatIsWrong(t *testing.T) {
	snap := demoSnapshot()
	snap.Context = "arn:aws:eks:eu-west-1:123456789012:cluster/production-and-more"
	snap.Problem, snap.StaleSince = "production does not answer", snap.Workspaces[0].Status.Since
	d := drive(t, snap, func(c *Config) { c.ReadOnly = true })
	d.size(80, 24)
	d.sees("arn:aws", "team-a", "read-only", "stale", "production does not answer")
	d.keys("/", "a", "p", "i", "enter")
	d.sees("production does not answer", "esc clears")
}

// board is a Clipboard.
type board struct {
	texts []string
	err   error
}

func (b *board) Copy(_ context.Context, text string) error {
	b.texts = append(b.texts, text)
	return b.err
}

func TestCopyGoesToTheClipboardOfThisMachine(t *testing.T) {
	for says, err := range map[string]error{"copied 20 B (clipboard, OSC 52)": nil, "copied 20 B (OSC 52)": errors.New("no display")} {
		b := &board{err: err}
		d := drive(t, demoSnapshot(), func(c *Config) { c.Clipboard = b })
		d.keys("y", "s")
		d.sees(says)
		if diff := cmp.Diff([]string{"ssh api.team-a.berth"}, b.texts); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"ssh api.team-a.berth"}, d.clipboard()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCopyOfURLAndYAML(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("y", "u", "space", "space", "y", "Y")
	got := d.clipboard()
	if len(got) != 2 || got[0] != "ssh://api.team-a.berth" || !strings.Contains(got[1], "name: api\n") || !strings.Contains(got[1], "---\napiVersion") || !strings.Contains(got[1], "name: docs\n") {
		t.Errorf("copied %q", got)
	}
}

func TestTooMuchIsNotCopied(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.run(d.app.copyText(strings.Repeat("x", 74_994)), 0)
	d.sees("copied 74994 B (OSC 52)")
	d.run(d.app.copyText(strings.Repeat("x", 74_995)), 0)
	d.send(clockMsg{})
	d.sees("too much for the clipboard")
	if got := len(d.clipboard()); got != 1 {
		t.Errorf("copied %d times", got)
	}
}
