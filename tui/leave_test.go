package tui

import (
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// left reports whether the program was told to end.
func (d *driver) left() bool {
	return slices.ContainsFunc(d.ran, func(m tea.Msg) bool { _, ok := m.(tea.QuitMsg); return ok })
}

// TestLeavingAsksWhileSomethingRuns has each piece of work hang and then
// tries to get out.
func TestLeavingAsksWhileSomethingRuns(t *testing.T) {
	for name, test := range map[string]struct {
		work  []string
		keys  []string
		leave bool
	}{
		"nothing runs":                  {nil, []string{"q"}, true},
		"q asks":                        {[]string{"s", "y"}, []string{"q"}, false},
		"ctrl+c asks":                   {[]string{"s", "y"}, []string{"ctrl+c"}, false},
		"q twice asks on":               {[]string{"s", "y"}, []string{"q", "q"}, false},
		"enter stays":                   {[]string{"s", "y"}, []string{"q", "enter"}, false},
		"y leaves":                      {[]string{"s", "y"}, []string{"q", "y"}, true},
		"ctrl+c twice leaves":           {[]string{"s", "y"}, []string{"ctrl+c", "ctrl+c"}, true},
		"a creation, q asks":            {[]string{"c", "n", "ctrl+s", "esc"}, []string{"q"}, false},
		"a creation, y leaves":          {[]string{"c", "n", "ctrl+s", "esc"}, []string{"q", "y"}, true},
		"ctrl+c on its form is not yes": {[]string{"c", "n", "ctrl+s"}, []string{"ctrl+c", "ctrl+c"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := drive(t, demoSnapshot(), nil)
			d.cluster.Slow = time.Hour
			d.keys(test.work...)
			d.keys(test.keys...)
			if d.left() != test.leave {
				t.Errorf("left is %v:\n%s", d.left(), d.text())
			}
		})
	}
}

func TestTheQuestionNamesWhatRunsAndThatItHasEnded(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.cluster.Slow = time.Hour
	d.keys("s", "y", "c", "n", "ctrl+s", "esc", "q")
	d.sees("leave now?", "still running: stopping api, creating n", "half made", "▸ stay")
	w, _ := d.app.selected()
	d.send(doneMsg{what: "stopping api", key: w.Key()})
	d.sees("half made")
	d.send(doneMsg{form: d.app.create})
	d.lacks("half made")
	d.sees("leaving cancels nothing")
	d.keys("enter", "q")
	if !d.left() {
		t.Error("it asks although nothing runs")
	}
}
