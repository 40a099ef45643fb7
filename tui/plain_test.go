package tui

import (
	"strings"
	"testing"

	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

// adorned reports whether a rune is drawn rather than written.
func adorned(r rune) bool {
	return r >= 0x2190 && r <= 0x21ff || r >= 0x2500 && r <= 0x27bf || r >= 0x2800 && r <= 0x28ff
}

func TestPlainScreensHaveNoDrawings(t *testing.T) {
	for name, open := range states() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			d.app.cfg.Plain = true
			d.app.restyle()
			for _, size := range [][2]int{{40, 10}, {80, 24}, {160, 45}} {
				d.size(size[0], size[1])
				d.fits()
				text := strings.ReplaceAll(d.text(), "👩‍💻", "") // an image of the demonstration is called so
				if i := strings.IndexFunc(text, adorned); i >= 0 {
					t.Fatalf("%q is drawn in:\n%s", []rune(text[i:])[0], text)
				}
				if d.app.View().Cursor == nil && !d.app.shell.focus {
					t.Errorf("the cursor is nowhere in:\n%s", text)
				}
				if size[0] == 80 {
					golden(t, name+"-plain.txt", d.text()+"\n")
				}
			}
		})
	}
}

func TestPlainParksTheCursorOnTheFocus(t *testing.T) {
	d := drive(t, demoSnapshot(), func(c *Config) { c.Plain = true })
	on := func(want string) {
		t.Helper()
		c := d.app.View().Cursor
		if c == nil || c.Blink {
			t.Fatalf("the cursor is %+v", c)
		}
		if line := d.lines()[c.Y]; !strings.Contains(line, want) {
			t.Errorf("the cursor is on %q, want %q in:\n%s", line, want, d.text())
		}
	}
	on("api         running")
	d.keys("down", "down", "down")
	on("gpu-train   starting - pulling image")
	d.keys("s")
	on("> cancel")
	d.keys("tab")
	on("> stop")
	d.keys("esc", "y", "down")
	on("> a  alias")
	d.keys("esc", "?", "down", "down")
	on("open in an editor")
	d.keys("esc", "w")
	on("why")
	d.keys("esc", "/")
	on("/")
	d.keys("esc", "b")
	d.typing("phase")
	d.keys("enter", "B")
	d.sees("folded")
	on("group starting  1  folded")
}

func TestPlainDoesNotSpin(t *testing.T) {
	a, err := New(Config{Source: tuitest.New(workspace.Snapshot{Synced: true, Workspaces: demoSnapshot().Workspaces}), Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.stop)
	a.live.SetSize(80, 20)
	if !a.live.Moving() {
		t.Fatal("nothing moves")
	}
	if cmd := a.animate(); cmd != nil {
		t.Error("a spinner turns")
	}
	a.jobs[workspace.Key{UID: "x"}] = "stopping"
	if cmd := a.animate(); cmd != nil {
		t.Error("a spinner turns for a job")
	}
}
