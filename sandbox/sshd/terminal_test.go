package sshd_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

func TestTerminalCommandHasItsSizeAndExitCode(t *testing.T) {
	s := startServer(t)
	cmd := s.ssh(t, "-tt", "ws", "stty size; stty -a | grep -o iutf8; tty >/dev/null && exit 9")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 44, Cols: 133})
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(terminal)
	if !lines.Scan() || strings.TrimSpace(lines.Text()) != "44 133" {
		t.Errorf("size %q", lines.Text())
	}
	for lines.Scan() { // to the end
	}
	_ = cmd.Wait() // the code is looked at
	if code := cmd.ProcessState.ExitCode(); code != 9 {
		t.Errorf("exit code %d", code)
	}
}

// shellOn starts an interactive shell; expect waits for text on its terminal.
func shellOn(t *testing.T, s *server) (terminal *os.File, expect func(string)) {
	t.Helper()
	cmd := s.ssh(t, "-tt", "ws")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = terminal.Close() // ends the client
		_ = cmd.Wait()
	})
	output := make(chan string, 64)
	go func() { // ends with the terminal
		defer close(output)
		buffer := make([]byte, 4096)
		for {
			n, err := terminal.Read(buffer)
			if err != nil {
				return
			}
			output <- string(buffer[:n])
		}
	}()
	seen := ""
	return terminal, func(text string) {
		t.Helper()
		deadline := time.After(20 * time.Second)
		for !strings.Contains(seen, text) {
			select {
			case more, ok := <-output:
				if !ok {
					t.Fatalf("the shell ended; %q is not in %q", text, seen)
				}
				seen += more
			case <-deadline:
				t.Fatalf("%q is not in %q", text, seen)
			}
		}
		seen = seen[strings.Index(seen, text)+len(text):]
	}
}

func TestInteractiveShell(t *testing.T) {
	s := startServer(t)
	terminal, expect := shellOn(t, s)
	send := func(line string) {
		if _, err := terminal.WriteString(line + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	expect("api is a sandbox workspace: a process on this machine, not isolated")
	expect(s.home)
	send("shopt -q login_shell && echo log''in")
	expect("login")
	if err := pty.Setsize(terminal, &pty.Winsize{Rows: 30, Cols: 111}); err != nil {
		t.Fatal(err)
	}
	send("until stty size | grep 111; do :; done; echo re''sized")
	expect("resized")
	// The interrupt must meet the command, not the shell that is about to start
	// it, which would drop it: the command itself says that it runs.
	send(`sh -c 'trap exit INT; echo sleep""ing; while :; do sleep 0.1; done'`)
	expect("sleeping")
	send("\x03")
	send("echo after''wards")
	expect("afterwards")
	send("exit 0")
}

func TestHushedShellDoesNotGreet(t *testing.T) {
	s := startServer(t)
	write(t, filepath.Join(s.home, ".hushlogin"), "")
	cmd := s.ssh(t, "-tt", "ws")
	cmd.Stdin = strings.NewReader("exit\n")
	if out := run(t, cmd); strings.Contains(out, "sandbox workspace") {
		t.Errorf("greeted: %q", out)
	}
}
