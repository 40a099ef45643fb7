package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/vt"
	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// grid puts content through a terminal emulator and returns its lines as text.
func grid(t *testing.T, content string, w, h int) []string {
	t.Helper()
	emu := vt.NewEmulator(max(1, w), max(1, h))
	if _, err := emu.WriteString(strings.ReplaceAll(content, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	lines := make([]string, h)
	for y := range h {
		var b strings.Builder
		for x := 0; x < w; {
			cell := emu.CellAt(x, y)
			if cell == nil || cell.Width == 0 {
				x++
				continue
			}
			b.WriteString(cell.Content)
			x += cell.Width
		}
		lines[y] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// inks describes the styles of the screen: for each line, which runs of cells
// have which style.
func inks(t *testing.T, content string, w, h int) string {
	t.Helper()
	emu := vt.NewEmulator(w, h)
	if _, err := emu.WriteString(strings.ReplaceAll(content, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for y := range h {
		last := ""
		for x := range w {
			cell := emu.CellAt(x, y)
			if cell == nil {
				continue
			}
			if style := strings.TrimSuffix(strings.TrimPrefix(cell.Style.String(), "\x1b["), "m"); style != last {
				fmt.Fprintf(&b, "%d,%d %s\n", y, x, style)
				last = style
			}
		}
	}
	return b.String()
}

// states are the screens worth looking at.
func states() map[string]func(t *testing.T) *driver {
	demo := func(keys ...string) func(t *testing.T) *driver {
		return func(t *testing.T) *driver {
			d := drive(t, demoSnapshot(), nil)
			d.keys(keys...)
			return d
		}
	}
	showing := func(snap workspace.Snapshot) func(t *testing.T) *driver {
		return func(t *testing.T) *driver { return drive(t, snap, nil) }
	}
	empty := demoSnapshot()
	empty.Workspaces = nil
	stale := demoSnapshot()
	stale.StaleSince, stale.Problem, stale.Hint = stale.Workspaces[1].Status.Since, "prod does not answer: connection refused", "check the network"
	broken, offline := failing(workspace.HopGateway, "dialling: connection refused"), failing(workspace.HopNetwork, "dialling: the name does not resolve")
	everywhere := demoSnapshot()
	everywhere.Namespace = ""
	return map[string]func(t *testing.T) *driver{
		"list":         demo(),
		"namespaces":   showing(everywhere),
		"empty":        showing(empty),
		"connecting":   showing(workspace.Snapshot{Context: "prod"}),
		"unreachable":  showing(unreachable()),
		"stale":        showing(stale),
		"route":        showing(broken),
		"offline":      showing(offline),
		"filter":       demo("/", "g", "p", "u"),
		"stop":         demo("s"),
		"marks":        demo("space", "down", "down", "space", "/", "a", "p", "i", "enter"),
		"marks-stop":   demo("*", "s"),
		"marks-delete": demo("*", "d"),
		"contexts":     demo("C"),
		"groups":       demo("b", "down", "down", "enter", "left"),
		"columns":      demo("v"),
		"palette":      demo(":", "d"),
		"delete":       demo("down", "d"),
		"deleted":      demo("D"),
		"purge":        demo("D", "P"),
		"create":       demo("c", "N", "e", "w"),
		"help":         demo("?"),
		"why":          demo("down", "down", "down", "down", "w"),
		"starting":     demo("down", "down", "down", "w"),
		"started":      demo("down", "up"),
		"busy":         showing(away(func(s *workspace.Snapshot) { s.Retry = tuitest.Epoch().Add(8 * time.Second) })),
		"login": func(t *testing.T) *driver {
			return drive(t, away(func(s *workspace.Snapshot) {
				s.Login, s.Problem = true, "credential plugin aws failed: the SSO session has expired or is otherwise invalid"
			}), func(c *Config) { c.Login = &door{} })
		},
		"usage": func(t *testing.T) *driver {
			d := drive(t, demoSnapshot(), func(c *Config) { c.Meter = busy() })
			d.app.pane.Stop()
			for range 4 {
				d.app.meter.of = "team-a"
				d.app.takeUsage("team-a", must(d.app.cfg.Meter.Usage(t.Context(), "team-a")), nil)
			}
			return d
		},
		"find":     demo("l", "/", "l", "i", "n", "e", " ", "3", "enter"),
		"finding":  demo("l", "/", "l", "i", "n", "e", " ", "3"),
		"save-log": demo("l", "ctrl+s"),
		"events":   demo("tab"),
		"logs":     demo("l"),
		"objects":  demo("tab", "tab", "tab"),
		"yaml":     demo("Y"),
		"sort":     demo("t"),
		"copy":     demo("y"),
		"consent": func(t *testing.T) *driver {
			d := (&desk{needed: true}).drive(t)
			d.keys("c")
			return d
		},
		"shell":        openShell("prompt"),
		"shell-list":   openShell("prompt", "ctrl+]", "d"),
		"shell-tabs":   openShell("prompt", "ctrl+]", "c", "ctrl+]", "c"),
		"shell-split":  openShell("prompt", "ctrl+]", "z"),
		"shell-prefix": openShell("prompt", "ctrl+]", "shown"),
		"shell-scroll": openShell("prompt", "ctrl+]", "[", "g", "v", "j", "l"),
		"shell-find":   openShell("prompt", "ctrl+]", "[", "/", "l", "i", "n", "e"),
		"shell-lost":   openShell("lost"),
		"shell-failed": openShell("failed"),
		"shell-ended":  openShell("ended"),
		"shell-quit":   openShell("prompt", "ctrl+]", "d", "q"),
		"shell-copy":   openShell("copy"),
		"production": func(t *testing.T) *driver {
			d := drive(t, demoSnapshot(), careful)
			d.keys("d")
			return d
		},
		"read-only": func(t *testing.T) *driver {
			return drive(t, demoSnapshot(), func(c *Config) { c.ReadOnly = true })
		},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// failing is the demonstration with a route that ends at a hop, as the fold
// tells it.
func failing(hop workspace.Hop, says string) workspace.Snapshot {
	snap := demoSnapshot()
	w := &snap.Workspaces[0]
	epoch := tuitest.Epoch()
	w.Probe = &workspace.Probe{
		At: epoch, Since: epoch.Add(-20 * time.Second), Hop: hop, Error: "gateway ssh.example.com:443: " + says, Pod: w.Pod, Ready: w.ReadySince,
	}
	snap.Probe = w.Probe
	w.Status = workspace.Fold(workspace.Observed{
		Ref: w.Ref, Now: epoch, Probe: w.Probe,
		Deployment: &workspace.Deployment{Replicas: 1}, Claim: &workspace.Claim{Phase: "Bound"},
		Pods: []workspace.Pod{{Name: w.Pod, Phase: "Running", Conditions: []workspace.Condition{{Type: "Ready", True: true, Since: w.ReadySince}}}},
	})
	return snap
}

func TestScreens(t *testing.T) {
	for name, open := range states() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			for _, size := range [][2]int{{40, 10}, {80, 24}, {120, 40}, {160, 45}} {
				d.size(size[0], size[1])
				d.fits()
				golden(t, fmt.Sprintf("%s-%dx%d.txt", name, size[0], size[1]), d.text()+"\n")
			}
		})
	}
}

// TestInks holds the styles; the text is the same in all of them.
func TestInks(t *testing.T) {
	for name, set := range map[string]struct {
		dark    bool
		profile colorprofile.Profile
	}{
		"dark": {true, colorprofile.TrueColor}, "light": {false, colorprofile.TrueColor},
		"ansi16": {true, colorprofile.ANSI}, "nocolor": {true, colorprofile.Ascii},
	} {
		for _, state := range []string{"list", "delete", "why", "route", "offline", "shell", "shell-split", "shell-lost"} {
			t.Run(name+"/"+state, func(t *testing.T) {
				t.Parallel()
				d := states()[state](t)
				d.size(80, 24)
				d.fits()
				text := d.text()
				d.app.dark = set.dark
				d.profile(set.profile)
				if name == "nocolor" {
					if strings.Contains(d.app.View().Content, ";2;") {
						t.Error("there is colour")
					}
				} else if diff := cmp.Diff(text, d.text()); diff != "" {
					t.Error(diff)
				}
				golden(t, state+"-"+name+".inks", inks(t, d.app.View().Content, 80, 24))
			})
		}
	}
}

// TestTheWholeListInAllSizesAndInks has marks, groups, one of them folded, and
// the pane below.
func TestTheWholeListInAllSizesAndInks(t *testing.T) {
	sets := map[string]struct {
		dark    bool
		profile colorprofile.Profile
	}{
		"dark": {true, colorprofile.TrueColor}, "light": {false, colorprofile.TrueColor},
		"ansi16-dark": {true, colorprofile.ANSI}, "ansi16-light": {false, colorprofile.ANSI},
		"nocolor-dark": {true, colorprofile.Ascii}, "nocolor-light": {false, colorprofile.Ascii},
	}
	for _, size := range [][2]int{{40, 10}, {80, 24}, {120, 40}, {200, 60}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			t.Parallel()
			d := drive(t, demoSnapshot(), careful)
			d.keys("b", "down", "down", "enter", "home", "space", "space", "end", "left", "up", "tab")
			d.size(size[0], size[1])
			text := d.text()
			golden(t, fmt.Sprintf("whole-%dx%d.txt", size[0], size[1]), text+"\n")
			for name, set := range sets {
				d.app.dark = set.dark
				d.profile(set.profile)
				plain := strings.HasPrefix(name, "nocolor")
				if diff := cmp.Diff(text, d.text()); diff != "" && !plain { // without colour the tab is in brackets
					t.Errorf("%s: %s", name, diff)
				}
				content := d.app.View().Content
				if coloured := strings.Contains(content, "38;2;") || strings.Contains(content, "[32m"); coloured == plain {
					t.Errorf("%s: colour is %v", name, coloured)
				}
				golden(t, fmt.Sprintf("whole-%dx%d-%s.inks", size[0], size[1], name), inks(t, content, size[0], size[1]))
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestEverySizeHoldsEveryScreen is about panics and about frames that are
// larger than the screen.
func TestEverySizeHoldsEveryScreen(t *testing.T) {
	for name, open := range states() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			for w := 1; w <= 200; w += 1 + w/23 {
				for h := 1; h <= 60; h += 1 + h/13 {
					d.app.Update(tea.WindowSizeMsg{Width: w, Height: h})
					within(t, d.app, w, h)
				}
			}
		})
	}
}
