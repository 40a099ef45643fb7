//go:build unix

package cli

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestTheTerminalOutlivesTheProgram ends the program in ways that leave it no
// time, while a program in a shell has the mouse, the other screen and no
// cursor. SIGABRT ends it as a panic in any goroutine does: by the runtime.
func TestTheTerminalOutlivesTheProgram(t *testing.T) {
	b := newBed(t, "outlives")
	b.want(exitOK, nil, "ssh-config", "install", "--yes")
	b.want(exitOK, nil, "create", "api", "--wait")
	for name, tc := range map[string]struct {
		signal syscall.Signal
		says   []string
	}{
		"killed": {syscall.SIGKILL, []string{"the program was ended: killed", "hint: ", "ended with 137"}},
		"died":   {syscall.SIGABRT, []string{"the program died: SIGABRT: abort", "crash.log", "ended with 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := openScreen(t, 90, 30, b.env, sameTerminal(b.berth))
			s.waitFor("● running")
			s.keys("Enter")
			s.waitFor("sandbox workspace")
			s.run(`printf '\033[?1049h\033[?1003h\033[?1006h\033[?2004h\033[?25l\033[?1haway'; sleep 1000`)
			s.waitFor("away")
			shell := strings.TrimSpace(s.tmux("display-message", "-p", "#{pane_pid}"))
			if err := syscall.Kill(childOf(t, childOf(t, number(t, shell))), tc.signal); err != nil {
				t.Fatal(err)
			}
			s.waitFor(append(tc.says, "the terminal is the same")...)
			s.asItWas()
		})
	}
}

// programOf is the process that draws the screen: the one that was started only
// waits for it.
func programOf(t testing.TB, started *exec.Cmd) int {
	t.Helper()
	return childOf(t, started.Process.Pid)
}

// childOf is the first process that another has started.
func childOf(t testing.TB, pid int) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "pgrep", "-P", strconv.Itoa(pid)).Output()
	if err != nil {
		t.Fatalf("the children of process %d: %v", pid, err)
	}
	child, _, _ := strings.Cut(string(out), "\n")
	return number(t, child)
}

func number(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
