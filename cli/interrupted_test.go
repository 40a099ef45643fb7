package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// signalAfter runs berth and sends it a signal once line matches one of
// standard error. It returns the exit code (-1 for one that was killed),
// everything from standard error, and whether the line came.
func (b *bed) signalAfter(s os.Signal, match func(n int, line string) bool, args ...string) (code int, stderr string, came bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := b.command(ctx, args...)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	var all strings.Builder
	lines := bufio.NewScanner(pipe)
	for n := 1; lines.Scan(); n++ {
		all.WriteString(lines.Text() + "\n")
		if !came && match(n, lines.Text()) {
			came = true
			if err := cmd.Process.Signal(s); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	_, _ = io.Copy(io.Discard, pipe) // a line too long for the scanner
	_ = cmd.Wait()                   // its exit code is what counts
	return cmd.ProcessState.ExitCode(), all.String(), came
}

// TestCreateIsContinued kills a create after each of its steps: the same
// command completes it, and the workspace works.
func TestCreateIsContinued(t *testing.T) {
	b := newBed(t, "killed")
	steps := 0
	for n := 1; ; n++ {
		name := fmt.Sprintf("step-%d", n)
		starting := false
		_, stderr, came := b.signalAfter(syscall.SIGKILL, func(line int, text string) bool {
			starting = starting || strings.Contains(text, "starting")
			return line == n && !starting
		}, "create", name)
		if !came {
			break
		}
		steps++
		// A kill that comes late finds a workspace that is complete.
		if r := b.run("create", name, "--wait"); !strings.Contains(r.stderr, "exists already") && (r.code != exitOK || !strings.Contains(r.stderr, "ssh answers")) {
			t.Errorf("killed after:\n%sexit code %d: %s", stderr, r.code, r.commandAndOutput)
		}
		if got := b.want(exitOK, nil, "ssh", name, "--", "echo", "complete"); got.stdout != "complete\n" {
			t.Errorf("killed after:\n%sthe shell says %q", stderr, got.stdout)
		}
		b.want(exitOK, nil, "stop", name)
	}
	if steps < 5 {
		t.Errorf("a create was killed at %d steps only; it has more", steps)
	}
}

// TestInterruptedWaits holds that ctrl+c during a wait ends only the wait, and
// says how to go on.
func TestInterruptedWaits(t *testing.T) {
	b := newBed(t, "interrupted")
	at := func(word string) func(int, string) bool {
		return func(_ int, line string) bool { return strings.Contains(line, word) }
	}
	code, stderr, _ := b.signalAfter(os.Interrupt, at("starting"), "create", "slow", "--template", "demo-unready", "--wait")
	checkInterrupted(t, code, stderr, "slow goes on", "berth start slow -n interrupted --wait")

	code, stderr, _ = b.signalAfter(os.Interrupt, at("deployment"), "create", "cut", "--template", "demo-unready")
	if code != 130 && code != exitOK { // it may have been faster
		t.Errorf("exit code %d:\n%s", code, stderr)
	}
	b.want(exitOK, nil, "stop", "slow", "--wait")
	b.want(exitUnreachable, []string{"not done after", "hint: "}, "start", "slow", "--wait", "--timeout", "1s")
}

func checkInterrupted(t *testing.T, code int, stderr string, says ...string) {
	t.Helper()
	if code != 130 {
		t.Errorf("exit code %d, want 130:\n%s", code, stderr)
	}
	for _, text := range append(says, "berth: interrupted") {
		if !strings.Contains(stderr, text) {
			t.Errorf("standard error lacks %q:\n%s", text, stderr)
		}
	}
}
