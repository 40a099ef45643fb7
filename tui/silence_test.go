package tui

import (
	"errors"
	"strings"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

func TestAKeyThatDoesNothingSaysSo(t *testing.T) {
	for key, want := range map[string]string{
		"x":      "x does nothing here; ? lists all keys",
		"ctrl+k": "ctrl+k does nothing here",
		"f":      "follow the log or stop following: only in the pane below",
		"R":      "restore a deleted workspace: only in deleted workspaces",
	} {
		t.Run(key, func(t *testing.T) {
			d := drive(t, demoSnapshot(), nil)
			d.keys(key)
			d.sees(want)
		})
	}
	d := drive(t, demoSnapshot(), nil)
	d.keys("w", "V")
	d.sees("mark from here to where the cursor goes: only in the list")
}

func TestARefusalGoesWithTheNextKey(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("w", "f")
	d.sees("only in the log")
	d.keys("l")
	d.lacks("only in the log")
}

func TestARefusalSaysItsReasonOnANarrowScreen(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.size(80, 24)
	d.keys("w", "/")
	d.sees("find in the log or the YAML: only in the log and the YAML")
	d.size(40, 10)
	d.keys("/")
	d.sees("only in the log and the YAML")
}

func TestWrappingSaysWhatItDid(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("l", "W")
	d.sees("long lines are wrapped")
	d.keys("W")
	d.sees("long lines are cut")
}

func TestTheDoctorsReportIsCopiedAsEverythingIs(t *testing.T) {
	d := examined(t, &clinic{checks: broken()})
	for _, h := range []int{40, 24, 12} { // the dialog covers the last line of some
		d.size(80, h)
		d.keys("y")
		d.sees("copied 573 B")
		d.app.say("")
	}
}

func TestConnectingAShellThatIsConnectedSaysSo(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.prefixed("r")
	s.sees("api is connected and answers")
	if n := len(s.shells.Opened()); n != 1 {
		t.Errorf("%d shells were opened", n)
	}
	s.prefixed("d")
	s.lacks("is connected and answers")
}

func TestALowScreenIsNotSplitBehindItsBack(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.size(80, 12)
	for range 2 { // said each time, and nothing is turned on meanwhile
		s.prefixed("z")
		s.sees("a screen of 12 lines is too low to be split")
		s.app.say("")
	}
	s.prefixed("z")
	s.size(80, 40)
	if s.app.splits() {
		t.Error("what was refused has happened")
	}
}

func TestLookingAroundSaysWhatAKeyLacks(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.prefixed("[")
	s.shows("SCROLL")
	for key, want := range map[string]string{
		"y": "nothing is selected; v begins",
		"n": "/ looks for something first",
		"x": "x does nothing here; esc goes back to the shell",
	} {
		s.keys(key)
		s.sees(want)
	}
}

func TestTheKeysOfLookingAroundGiveWayToWhatIsSaid(t *testing.T) {
	s := sit(t, nil)
	s.size(80, 24)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.prefixed("[")
	s.shows("SCROLL", "y copy")
	s.app.say("copied 15 B (OSC 52), and some more words")
	s.change()
	s.sees("SCROLL  esc back", "copied 15 B")
	if last := s.lines()[23]; strings.Contains(last, "…") {
		t.Errorf("a key is cut off: %q", last)
	}
}

func TestWhatMayNotBeReadIsListed(t *testing.T) {
	snap := demoSnapshot()
	snap.Denied = []workspace.Access{
		{Verb: "list", Resource: "persistentvolumeclaims", Namespace: "a-namespace-with-a-rather-long-name"},
		{Verb: "list", Resource: "pods", Namespace: "a-namespace-with-a-rather-long-name"},
	}
	d := drive(t, snap, nil)
	d.size(80, 24)
	d.sees("! this list is partial: no permission to list persistentvolumeclaims", "E more")
	d.keys("E")
	d.sees("no permission to list persistentvolumeclaims in", "no permission to list pods in", "ask for")
}

func TestAFailureSaysWhyOnANarrowScreen(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.size(80, 24)
	d.app.fail("stopping "+strings.Repeat("long-name-", 5), errors.New("no permission to patch deployments"))
	d.change()
	d.sees("✕ no permission to patch deployments  E more")
}

func TestTheLimitsOfThePaneAreSaid(t *testing.T) {
	d := drive(t, demoSnapshot(), nil)
	d.keys("+", "+", "+", "+")
	d.lacks("as much room")
	d.keys("+")
	d.sees("the pane below has as much room as it can have")
	d.keys("-", "-", "-", "-", "-", "-", "-")
	d.sees("as little room")
	d.size(40, 10)
	d.keys("+")
	d.sees("there is nothing to divide")
	d.keys("w", "z")
	d.sees("the pane has the whole screen")
	d.size(80, 40)
	if d.app.zoom {
		t.Error("what was refused has happened")
	}
	d.keys("z", "z")
	if d.app.zoom {
		t.Error("z does not go back")
	}
}
