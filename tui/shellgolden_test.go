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

// fits waits until the shell that is shown has the size of its room.
func (d *driver) fits() {
	d.t.Helper()
	t := d.app.shellTab()
	if t == nil || !d.app.shell.focus {
		return
	}
	for deadline := time.Now().Add(20 * time.Second); !t.Fits(); {
		if time.Now().After(deadline) {
			d.t.Fatal("the shell does not take its size")
		}
		<-time.After(2 * time.Millisecond)
	}
	d.app.frame.dirty = true
}

// openShell opens a shell, brings it into a state and presses keys.
func openShell(state string, keys ...string) func(t *testing.T) *driver {
	return func(t *testing.T) *driver {
		t.Helper()
		var text strings.Builder
		for i := range 50 {
			fmt.Fprintf(&text, "\x1b[3%dmline %d\x1b[m of the log\r\n", 1+i%6, i)
		}
		s := &seat{shells: &tuitest.Shells{}}
		s.shells.Greet(text.String() + "dev@api:~$ ")
		s.driver = drive(t, demoSnapshot(), func(c *Config) { c.Shells = s.shells })
		t.Cleanup(func() { <-s.app.shell.deck.End(false) })
		if state == "failed" {
			s.shells.FailWith(workspace.WithHint(errors.New("wrong host key: the workspace's is SHA256:abc, but the server presented SHA256:def"), "berth why api"))
			s.keys("enter")
			s.shows("wrong host key")
			return s.driver
		}
		s.app.shell.deck.Pause = func(attempt int) time.Duration { return time.Duration(attempt-1) * 30 * time.Second }
		s.keys("enter")
		s.shows("dev@api:~$")
		switch state {
		case "lost":
			s.shells.FailWith(workspace.WithKind(workspace.ErrUnreachable, errors.New("gateway does not answer: connection refused")))
			s.shell(0).Lose(term.ErrLost)
			s.shows("again in 30s")
		case "ended":
			s.shell(0).Exit(137)
			s.shows("the workspace ended it")
		case "copy":
			s.shell(0).Print("\x1b]52;c;aGVsbG8gd29ybGQ=\a")
			s.shows("may api write")
		}
		for i, key := range keys {
			if key == "shown" {
				s.send(prefixMsg{s.app.shell.prefix.turn})
				continue
			}
			s.keys(key)
			if key == "c" {
				s.shell(len(s.shells.Opened()) - 1).Print("\x1b]2;vim main.go\a")
				s.shows("dev@api:~$", fmt.Sprintf("api·%d", len(s.app.shell.deck.Tabs())), "vim main.go")
			}
			if i > 0 && keys[i-1] == "ctrl+]" && key == "[" {
				s.shows("SCROLL")
			}
		}
		return s.driver
	}
}
