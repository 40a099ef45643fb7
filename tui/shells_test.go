package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

// seat is a driver whose shells a test speaks for.
type seat struct {
	*driver
	shells *tuitest.Shells
}

func sit(t *testing.T, change func(*Config)) *seat {
	t.Helper()
	t.Parallel()
	s := &seat{shells: &tuitest.Shells{}}
	s.shells.Greet("dev@api:~$ ")
	s.driver = drive(t, demoSnapshot(), func(c *Config) {
		c.Shells = s.shells
		if change != nil {
			change(c)
		}
	})
	t.Cleanup(func() { <-s.app.shell.deck.End(false) })
	return s
}

// until waits for a condition, and lets the program hear of what happens in
// its shells meanwhile.
func (s *seat) until(what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited for %s in vain:\n%s", what, s.text())
		}
		<-time.After(2 * time.Millisecond)
		s.run(s.app.collect(), 0)
		s.app.frame.dirty = true
	}
}

func (s *seat) shows(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		s.until(text, func() bool { return strings.Contains(s.text(), text) })
	}
}

// shell returns shell i, from 0, as soon as it was opened.
func (s *seat) shell(i int) *tuitest.Shell {
	s.t.Helper()
	s.until(fmt.Sprint("shell ", i), func() bool { return len(s.shells.Opened()) > i })
	return s.shells.Opened()[i]
}

func (s *seat) typed(i int, want string) {
	s.t.Helper()
	shell := s.shell(i)
	s.until(fmt.Sprintf("%q to be typed", want), func() bool { return shell.Typed() == want })
}

// prefixed presses the prefix and then keys.
func (s *seat) prefixed(keys ...string) { s.keys(append([]string{"ctrl+]"}, keys...)...) }

func TestEnterOpensAShellAndKeysGoToIt(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$", "SHELL", "1 api")
	s.keys("q", "d", "s", "?", "ctrl+c", "ctrl+l", "ctrl+z", "esc", "/", "A", "enter")
	s.typed(0, "qds?\x03\x0c\x1a\x1b/A\r")
	if s.left() {
		t.Error("ctrl+c in a shell has ended the program")
	}
	s.prefixed("ctrl+]", "x")
	s.typed(0, "qds?\x03\x0c\x1a\x1b/A\r\x1dx")
	if calls := s.cluster.Calls(); len(calls) > 0 {
		t.Errorf("keys have reached the list: %v", calls)
	}
}

func TestAShellGoesOnWhenItIsLeft(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.prefixed("d")
	s.shows("SHELLS", "●1", "? help")
	s.shell(0).Print("something later")
	s.keys("enter")
	s.shows("something later")
	if n := len(s.shells.Opened()); n != 1 {
		t.Errorf("%d shells were opened", n)
	}
	s.prefixed("c")
	s.shell(1).Print("the second one")
	s.shows("2 api·2", "the second one")
	s.prefixed("1")
	s.shows("something later")
	s.prefixed("n")
	s.shows("the second one")
	s.prefixed("p")
	s.shows("something later")
	s.prefixed("d")
	s.shows("●2")
	s.keys("j", "j", "j", "j", "j", "enter") // weird is unreachable, which may be tried
	s.shell(2)
	s.shows("3 weird")
	s.prefixed("9")
	s.shows("there is no shell 9")
}

func TestAShellThatEndsGoesAway(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.prefixed("c")
	s.shell(1).Exit(0)
	s.shows("shell in api·2 ended", "dev@api:~$")
	s.pass(time.Minute)
	s.shell(0).Exit(0)
	s.shows("shell in api ended", "? help")
	s.lacks("SHELLS")
	// Who has not noticed types on. Letters must not become commands.
	s.app.shell.deaf.until = s.now().Add(deafFor)
	for _, r := range "sddP" {
		s.pass(50 * time.Millisecond)
		s.send(key(string(r)))
	}
	s.lacks("stop api?")
	if n := len(s.app.dialogs); n > 0 {
		t.Errorf("%d dialogs are open", n)
	}
	s.pass(time.Second)
	s.keys("s")
	s.shows("stop api?")
}

func TestAShellThatWasEndedKeepsItsLastWords(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.shell(0).Print("last words")
	s.shows("last words")
	s.shell(0).Exit(137)
	s.shows("the workspace ended it (137)", "last words")
	for _, r := range "rx" { // what is still being typed
		s.pass(50 * time.Millisecond)
		s.send(key(string(r)))
	}
	s.shows("last words")
	if n := len(s.shells.Opened()); n != 1 {
		t.Fatalf("%d shells", n)
	}
	s.pass(3 * time.Second)
	s.keys("r")
	s.shell(1)
	s.shell(1).Exit(137)
	s.shows("the workspace ended it (137)")
	s.pass(3 * time.Second)
	s.keys("enter")
	s.shows("? help")
}

func TestALostShellSaysWhyAndComesBack(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.shell(0).Print("before it")
	s.shows("before it")
	s.shells.FailWith(workspace.WithHint(workspace.WithKind(workspace.ErrUnreachable, errors.New("gateway does not answer")), "check the network"))
	s.shell(0).Lose(fmt.Errorf("%w: broken pipe", term.ErrLost))
	s.shows("gateway does not answer (check the network)", "before it", "r now")
	s.shells.FailWith(nil)
	s.pass(3 * time.Second)
	s.keys("r")
	s.shell(1)
	s.shows("connected again", "before it")
	if !s.shell(1).Start.Again {
		t.Error("the second shell does not know that it is one")
	}
	s.keys("l", "s", "enter")
	s.typed(1, "ls\r")
}

func TestAShellThatIsRefusedSaysWhy(t *testing.T) {
	s := sit(t, nil)
	s.shells.FailWith(workspace.WithHint(errors.New("wrong host key: SHA256:abc"), "berth why api"))
	s.keys("enter")
	s.shows("not connected: wrong host key: SHA256:abc (berth why api)", "r try again")
	s.pass(3 * time.Second)
	s.keys("x")
	s.shows("? help")
}

func TestAStallIsShown(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.shell(0).Start.Stalled(true)
	s.shows("does not answer")
	s.shell(0).Start.Stalled(false)
	s.until("it to answer", func() bool { return !strings.Contains(s.text(), "does not answer") })
}

func TestAShellIsConnectedWhenItsWorkspaceRunsAgain(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	w := s.shell(0).Workspace
	s.cluster.Change(w.Key(), func(w *workspace.Workspace) { w.Status.Phase = workspace.Starting })
	s.change()
	s.shells.FailWith(errors.New("no pod"))
	s.shell(0).Lose(term.ErrLost)
	s.shows("not connected: no pod")
	s.shells.FailWith(nil)
	s.cluster.Change(w.Key(), func(w *workspace.Workspace) { w.Status.Phase = workspace.Running })
	s.change()
	s.shell(1)
	s.shows("connected again")
}

func TestThePrefixTellsWhatMayFollow(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.keys("ctrl+]")
	s.send(prefixMsg{s.app.shell.prefix.turn - 1}) // a late one
	s.lacks("after ctrl+]")
	s.send(prefixMsg{s.app.shell.prefix.turn})
	s.sees("after ctrl+]", "back to the list", "the key itself")
	s.keys("esc")
	s.lacks("after ctrl+]")
	s.prefixed("w")
	s.sees("ctrl+] w does nothing")
	s.prefixed("?")
	s.sees("in a shell", "ctrl+] d")
	s.keys("esc", "a")
	s.typed(0, "a")
}

func TestAnotherPrefix(t *testing.T) {
	s := sit(t, func(c *Config) { c.Prefix = "ctrl+a" })
	s.keys("enter")
	s.shows("dev@api:~$", "ctrl+a then")
	s.keys("ctrl+]", "ctrl+a", "ctrl+a", "ctrl+a", "d")
	s.typed(0, "\x1d\x01")
	s.shows("●1")
}

func TestClosingAShellAsks(t *testing.T) {
	s := sit(t, nil)
	s.shells.GoOn()
	s.keys("enter")
	s.shows("dev@api:~$")
	s.prefixed("x")
	s.sees("close the shell in api?", "▸ cancel")
	s.keys("x", "enter")
	s.shows("SHELL")
	s.prefixed("x")
	s.keys("y")
	s.shows("? help")
	s.until("the shell to end for good", s.shell(0).Gone)
}

func TestLeavingAsksWhileShellsAreOpen(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.prefixed("d")
	s.keys("q")
	s.sees("leave now?", "1 open shell: api", "ends what runs in it")
	s.keys("enter", "ctrl+c")
	s.sees("leave now?")
	if s.left() {
		t.Fatal("it has left")
	}
	s.keys("y")
	if !s.left() {
		t.Error("it has not left")
	}
}

func TestShellsThatGoOnAreNamedAndLeftAlone(t *testing.T) {
	s := sit(t, nil)
	s.shells.GoOn()
	s.keys("enter")
	s.shows("dev@api:~$")
	s.prefixed("d")
	s.keys("q")
	s.sees("1 shell that goes on in the workspace: api")
	s.keys("y")
	<-s.app.shell.deck.End(true)
	if s.shell(0).Gone() {
		t.Error("it was ended for good")
	}
}
