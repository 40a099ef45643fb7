package dialog

import (
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/workspace"
)

func press(name string) tea.KeyPressMsg {
	switch name {
	case "enter":
		return tea.KeyPressMsg{Code: tea.KeyEnter}
	case "esc":
		return tea.KeyPressMsg{Code: tea.KeyEscape}
	case "tab":
		return tea.KeyPressMsg{Code: tea.KeyTab}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// question returns a dialog on a clock that the test moves.
func question(c Confirm) (ask *Confirm, clock *time.Time, answered *bool) {
	clock, answered = new(time.Time), new(bool)
	*clock = time.Unix(1000, 0)
	c.Now = func() time.Time { return *clock }
	c.Yes = func() tea.Cmd { *answered = true; return nil }
	c.Opened = *clock
	return &c, clock, answered
}

func TestConfirm(t *testing.T) {
	for name, test := range map[string]struct {
		typed string
		keys  []string
		done  bool
		yes   bool
	}{
		"y confirms":                         {keys: []string{"y"}, done: true, yes: true},
		"enter cancels, as Cancel has focus": {keys: []string{"enter"}, done: true},
		"n cancels":                          {keys: []string{"n"}, done: true},
		"esc cancels":                        {keys: []string{"esc"}, done: true},
		"the trigger does nothing":           {keys: []string{"d", "d", "d"}},
		"tab moves to the button":            {keys: []string{"tab", "enter"}, done: true, yes: true},
		"and back":                           {keys: []string{"tab", "tab", "enter"}, done: true},
		"y is no typed name":                 {typed: "api", keys: []string{"y", "enter"}},
		"half a name does nothing":           {typed: "api", keys: []string{"a", "p", "enter"}},
		"the name confirms":                  {typed: "api", keys: []string{"a", "p", "i", "enter"}, done: true, yes: true},
		"a typed trigger is only a letter":   {typed: "dd", keys: []string{"d", "d", "enter"}, done: true, yes: true},
	} {
		t.Run(name, func(t *testing.T) {
			c, clock, yes := question(Confirm{Verb: "delete", Trigger: "d", Typed: test.typed})
			*clock = clock.Add(time.Second)
			done := false
			for _, k := range test.keys {
				done, _ = c.Update(press(k))
			}
			if done != test.done || *yes != test.yes {
				t.Errorf("done %v, confirmed %v; want %v, %v", done, *yes, test.done, test.yes)
			}
		})
	}
}

func TestConfirmTakesNoAnswerAtOnce(t *testing.T) {
	c, clock, yes := question(Confirm{Verb: "stop", Trigger: "s"})
	if done, _ := c.Update(press("y")); done || *yes {
		t.Fatal("answered by a key typed before it was seen")
	}
	*clock = clock.Add(Grace)
	if done, _ := c.Update(press("y")); !done || !*yes {
		t.Fatal("not answered afterwards")
	}
}

func TestConfirmWithoutLetters(t *testing.T) {
	for name, test := range map[string]struct {
		keys        []string
		wait        time.Duration // before each key
		yes, no     bool
		later, done bool
	}{
		"letters do nothing":       {keys: []string{"y", "n", "h", "l"}, wait: time.Minute},
		"enter takes the focus":    {keys: []string{"enter"}, wait: time.Minute, no: true, done: true},
		"tab moves it":             {keys: []string{"tab", "enter"}, wait: time.Minute, yes: true, done: true},
		"esc puts it off":          {keys: []string{"esc"}, later: true, done: true},
		"typing on is no answer":   {keys: []string{"a", "p", "i", "tab", "enter"}, wait: Pause / 4},
		"neither with a space":     {keys: []string{" ", "tab", "enter"}, wait: Pause / 4},
		"it is one after a pause":  {keys: []string{"a", "tab", "enter"}, wait: Pause, yes: true, done: true},
		"esc is one at all times":  {keys: []string{"a", "esc"}, later: true, done: true},
		"what came before is none": {keys: []string{"tab", "enter"}},
	} {
		t.Run(name, func(t *testing.T) {
			var no, later, done bool
			c, clock, yes := question(Confirm{
				Verb: "add", Letterless: true,
				No:    func() tea.Cmd { no = true; return nil },
				Later: func() tea.Cmd { later = true; return nil },
			})
			for _, k := range test.keys {
				*clock = clock.Add(test.wait)
				done, _ = c.Update(press(k))
			}
			if *yes != test.yes || no != test.no || later != test.later || done != test.done {
				t.Errorf("yes %v, no %v, later %v, done %v", *yes, no, later, done)
			}
		})
	}
}

func TestConfirmIsBoundToItsWorkspace(t *testing.T) {
	for _, typed := range []string{"", "api"} {
		c, clock, yes := question(Confirm{Verb: "purge", Typed: typed, Target: workspace.Key{Cluster: "c", UID: "1"}})
		*clock = clock.Add(time.Second)
		c.Watch(func(workspace.Key) (workspace.Workspace, bool) { return workspace.Workspace{}, false })
		c.Watch(func(workspace.Key) (workspace.Workspace, bool) { return workspace.Workspace{}, true })
		for _, k := range []string{"y", "a", "p", "i"} {
			if done, _ := c.Update(press(k)); done {
				t.Errorf("closed by %q", k)
			}
		}
		if done, _ := c.Update(press("enter")); !done {
			t.Error("enter does not close")
		}
		if *yes {
			t.Error("confirmed for a workspace that had gone")
		}
	}
}
