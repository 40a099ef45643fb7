//go:build unix

package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestShellsInTheProgram is a day with shells in tabs: an editor in one, away
// and back, a workspace that dies below them, and the way out.
func TestShellsInTheProgram(t *testing.T) {
	needProgram(t, "vim")
	b := newBed(t, "panes")
	b.want(exitOK, nil, "ssh-config", "install", "--yes") // else it is asked for at the first shell
	b.want(exitOK, nil, "create", "api", "--wait")
	s := openScreen(t, 110, 34, b.env, sameTerminal(b.berth))
	s.waitFor("● running")

	s.keys("Enter")
	s.waitFor("sandbox workspace", "SHELL")
	s.run("PS1='ready> '; clear; vim -u NONE -N notes")
	s.waitFor(`"notes"`)
	s.text("ihello from vim")
	s.keys("Escape")
	s.tmux("resize-window", "-x", "96", "-y", "30")
	s.run(":echo 'now' &lines 'by' &columns")
	s.waitFor("now 28 by 96", "hello from vim")

	s.keys("C-]", "d")
	s.waitFor("●1", "? help")
	s.waitFor("cpu n/a · memory n/a · home ", " Gi of ") // no metrics here; the home over the shell's connection
	s.keys("Enter")
	s.waitFor("hello from vim")
	s.run(":wq")
	s.waitGone("hello from vim")
	s.run("clear; cat notes")
	s.waitFor("hello from vim", "ready>")

	s.keys("C-]", "c")
	s.waitFor("2 api·2", "sandbox workspace")
	s.run("echo second-$((1+1)); sleep 1; printf '\\a'")
	s.keys("C-]", "1")
	s.waitFor("ready>", "♪")
	s.keys("C-]", "[")
	s.waitFor("SCROLL")
	s.keys("g", "q")
	s.keys("C-]", "2")
	s.waitFor("second-2")
	s.run("kill -9 $$")
	s.waitFor("the workspace ended it (137)")
	s.insist("Enter", "ready>")

	s.run("head -c 300000 /dev/urandom; printf '\\033c'; echo survived-$((2+3))")
	s.waitFor("survived-5", "SHELL")

	// The whole workspace dies while a paste is on its way.
	s.run("PS1='ready> '; clear; echo parent-$PPID-; cat >/dev/null")
	parent := s.number("parent-")               // before the paste: its echo takes the whole pane
	text := filepath.Join(t.TempDir(), "paste") // longer than an argument may be
	if err := os.WriteFile(text, []byte(strings.Repeat("word ", 40_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.tmux("load-buffer", text)
	s.tmux("paste-buffer", "-p")
	if err := syscall.Kill(parent, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.waitFor("connected again", "sandbox workspace")
	s.run("clear; echo again-$((3+4))")
	s.waitFor("again-7")

	// Stopped it stays, and says so; started it comes back by itself.
	b.want(exitOK, nil, "stop", "api", "--wait")
	s.waitFor("✕", "again-7")
	b.want(exitOK, nil, "start", "api", "--wait")
	s.waitFor("connected again", "sandbox workspace")

	s.keys("C-]", "d")
	s.waitFor("? help")
	s.insist("q", "leave now?")
	s.waitFor("1 open shell: api")
	s.answer("leave now?", "n")
	s.insist("q", "leave now?")
	s.answer("leave now?", "y")
	s.waitFor("ended with 0", "the terminal is the same")
	s.asItWas()
}

// TestSignalsWithOpenShells ends the program from outside while a program in a
// shell has the mouse, the other screen and no cursor.
func TestSignalsWithOpenShells(t *testing.T) {
	b := newBed(t, "signals")
	b.want(exitOK, nil, "ssh-config", "install", "--yes") // else it is asked for at the first shell
	b.want(exitOK, nil, "create", "api", "--wait")
	for name, signal := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGHUP": syscall.SIGHUP, "SIGINT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			pid := filepath.Join(t.TempDir(), "pid")
			s := openScreen(t, 90, 30, b.env, sameTerminal("sh -c 'echo $$ >"+pid+"; exec "+b.berth+"'"))
			s.waitFor("● running")
			s.keys("Enter")
			s.waitFor("sandbox workspace")
			s.run(`printf '\033[?1049h\033[?1003h\033[?1006h\033[?2004h\033[?25l\033[?1haway'; sleep 1000`)
			s.waitFor("away")
			data, err := os.ReadFile(pid)
			if err != nil {
				t.Fatal(err)
			}
			n, err := strconv.Atoi(strings.TrimSpace(string(data)))
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(n, signal); err != nil {
				t.Fatal(err)
			}
			s.waitFor("ended with", "the terminal is the same")
			s.asItWas()
		})
	}
}

// sameTerminal wraps a command line so that it says afterwards whether the
// terminal's settings are those of before.
func sameTerminal(line string) string {
	return `before=$(stty -g); ` + line + `; code=$?; [ "$before" = "$(stty -g)" ] && echo the terminal is the same; (exit $code)`
}

// run types a line.
func (s *screen) run(line string) {
	s.t.Helper()
	s.text(line)
	s.keys("Enter")
}

// asItWas checks the modes that a full-screen program leaves on when it is
// careless.
func (s *screen) asItWas() {
	s.t.Helper()
	const modes = "#{alternate_on} #{mouse_any_flag} #{mouse_button_flag} #{mouse_all_flag} #{mouse_sgr_flag} #{keypad_cursor_flag} #{keypad_flag} #{cursor_flag}"
	if got := strings.TrimSpace(s.tmux("display-message", "-p", modes)); got != "0 0 0 0 0 0 0 1" {
		s.t.Errorf("modes are %s, want 0 0 0 0 0 0 0 1 for %s", got, modes)
	}
}

// number waits for a line that begins with the word, a number and a dash, and
// reads the number.
func (s *screen) number(word string) int {
	s.t.Helper()
	line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(word) + `(\d+)-`)
	var n int
	shown, ok := s.until(screenTimeout, func(shown string) bool {
		found := line.FindStringSubmatch(shown)
		if found == nil {
			return false
		}
		_, err := fmt.Sscan(found[1], &n)
		return err == nil
	})
	if !ok {
		s.t.Fatalf("no number behind %q in:\n%s", word, shown)
	}
	return n
}
