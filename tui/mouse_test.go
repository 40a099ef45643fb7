package tui

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/tui/table"
)

// clickOn clicks on the first place that shows a text; time passes before.
func (d *driver) clickOn(text string) {
	d.t.Helper()
	d.pass(time.Second)
	for y, line := range d.lines() {
		if i := strings.Index(line, text); i >= 0 {
			d.send(tea.MouseClickMsg{X: utf8.RuneCountInString(line[:i]), Y: y, Button: tea.MouseLeft})
			return
		}
	}
	d.t.Fatalf("the screen lacks %q:\n%s", text, d.text())
}

func (d *driver) turn(x, y int, b tea.MouseButton) { d.send(tea.MouseWheelMsg{X: x, Y: y, Button: b}) }

func TestASecondClickOpensARow(t *testing.T) {
	s := sit(t, nil)
	row := tea.MouseClickMsg{X: 5, Y: 3, Button: tea.MouseLeft}
	s.send(row)
	s.pass(time.Second) // too late: two single clicks
	s.send(row)
	if len(s.shells.Opened()) != 0 || s.app.shell.focus {
		t.Fatal("two clicks with a second between opened it")
	}
	s.send(tea.MouseClickMsg{X: 5, Y: 4, Button: tea.MouseLeft}) // another row
	s.send(row)
	if s.app.shell.focus {
		t.Fatal("clicks on two rows opened one")
	}
	s.pass(100 * time.Millisecond)
	s.send(row)
	s.shows("dev@api:~$", "SHELL")
}

func TestASecondClickOnARowThatCannotBeOpenedSaysWhy(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.clickOn("gpu-train")
	d.send(tea.MouseClickMsg{X: 5, Y: 6, Button: tea.MouseLeft})
	d.sees("gpu-train is starting")
	d.keys("D")
	for range 2 {
		d.send(tea.MouseClickMsg{X: 5, Y: 3, Button: tea.MouseLeft})
	}
	if len(d.app.dialogs) > 0 || len(d.cluster.Calls()) > 0 {
		t.Error("a deleted workspace was opened")
	}
}

func TestAClickOnAHeadingSorts(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.clickOn("STATUS")
	if by, down := d.app.live.Sorted(); by != table.Status || down {
		t.Errorf("sorted by %s, %t", by, down)
	}
	d.clickOn("STATUS")
	if by, down := d.app.live.Sorted(); by != table.Status || !down {
		t.Errorf("after the second click by %s, %t", by, down)
	}
	d.keys("/")
	d.typing("zzz")
	d.keys("enter")
	d.send(tea.MouseClickMsg{X: 5, Y: 2, Button: tea.MouseLeft}) // there are no headings
	if by, _ := d.app.live.Sorted(); by != table.Status {
		t.Errorf("a click on no heading sorts by %s", by)
	}
}

func TestAClickOnATabShowsIt(t *testing.T) {
	for _, w := range []int{40, 80, 160} {
		d := drive(t, demoSnapshot(), nil)
		d.size(w, 30)
		for tab, name := range []string{"why", "events", "logs", "objects"} {
			line := slices.IndexFunc(d.lines(), func(l string) bool { return strings.Contains(l, " ─ ") })
			x := strings.Index(d.lines()[line], name)
			if x < 0 { // no room for it
				continue
			}
			x = utf8.RuneCountInString(d.lines()[line][:x])
			d.send(tea.MouseClickMsg{X: x, Y: line, Button: tea.MouseLeft})
			if got := d.app.pane.Tab(); got != detail.Tab(tab) || !d.app.focusPane {
				t.Errorf("%d wide: a click on %s shows %s, with the keys %t", w, name, got, d.app.focusPane)
			}
		}
	}
}

func TestAClickOnTheLastLinePressesItsKey(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.clickOn("? help")
	d.sees("help", "a shell on the whole terminal")
	d.keys("esc")
	d.clickOn(" s stop")
	d.sees("stop api?")
	d.keys("esc")
	d.keys("x") // what is said takes the room of some keys
	y := len(d.lines()) - 1
	d.send(tea.MouseClickMsg{X: strings.Index(d.lines()[y], "x does nothing"), Y: y, Button: tea.MouseLeft})
	if len(d.app.dialogs) > 0 {
		t.Error("a click on what is said has pressed a key")
	}
}

func TestTheMouseInADialog(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.size(80, 24)
	d.keys("?")
	for range 40 {
		d.turn(20, 10, tea.MouseWheelDown)
	}
	d.sees("ctrl+] ?")
	d.lacks("… 66 more")
	for range 40 {
		d.turn(20, 10, tea.MouseWheelUp)
	}
	d.clickOn("open in an editor")
	d.sees("open api in")
	d.keys("esc", "y")
	d.clickOn("alias")
	if diff := cmp.Diff([]string{"api.team-a.berth"}, d.clipboard()); diff != "" {
		t.Errorf("copied: %s", diff)
	}
	d.keys("v")
	d.clickOn("[x] image") // stays open
	d.sees("[ ] image")
	d.clickOn("columns") // the frame
	d.send(tea.MouseClickMsg{X: 0, Y: 0, Button: tea.MouseLeft})
	d.sees("[ ] image")
}

func TestTheMouseAnswersAQuestion(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("s")
	y, x := 0, 0
	for i, line := range d.lines() {
		if j := strings.Index(line, "▸ cancel"); j >= 0 {
			y, x = i, utf8.RuneCountInString(line[:j])
		}
	}
	at := func(dx int) { d.send(tea.MouseClickMsg{X: x + dx, Y: y, Button: tea.MouseLeft}) }
	at(14) // the second click of the one that has opened it
	at(2)
	d.sees("stop api?")
	d.pass(time.Second)
	at(10) // between the buttons
	at(40)
	d.sees("stop api?")
	at(2)
	d.lacks("stop api?")
	d.keys("s")
	d.pass(time.Second)
	at(14)
	if diff := cmp.Diff([]string{"stop api"}, d.cluster.Calls()); diff != "" {
		t.Error(diff)
	}
	d.keys("D", "P")
	d.pass(time.Second)
	d.clickOn("type old-site") // has no buttons
	if n := len(d.app.dialogs); n != 1 {
		t.Errorf("%d questions", n)
	}
}

func TestAClickOnAShellsLastLine(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.clickOn("z split")
	if !s.app.splits() {
		t.Error("the screen is not split")
	}
	s.clickOn("d list")
	if s.app.shell.focus {
		t.Error("the list has not come back")
	}
	s.typed(0, "")
}
