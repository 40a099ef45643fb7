package sshd_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// waitFor repeats check until it succeeds.
func waitFor(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}

// startSession starts a long command and waits until it says its process id.
func startSession(t *testing.T, s *server, command string) (client *exec.Cmd, pid string) {
	t.Helper()
	client = s.ssh(t, "ws", "echo $$; "+command)
	stdout, err := client.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Process.Kill() // may have ended in the test
		_ = client.Wait()
	})
	pid, err = bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return client, strings.TrimSpace(pid)
}

// ended returns nil when a process runs no more; one that nobody has waited
// for counts as ended.
func ended(pid string) error {
	out, err := exec.Command("ps", "-o", "stat=", "-p", pid).Output() //nolint:noctx // it looks and ends
	if err != nil || strings.HasPrefix(string(out), "Z") {
		return nil
	}
	return fmt.Errorf("process %s is in state %s", pid, out)
}

func TestClientGoneEndsItsCommand(t *testing.T) {
	for name, command := range map[string]string{
		"waiting":           "sleep 1000; true",
		"ignoring a hangup": "trap '' HUP; sleep 1000; true",
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			client, pid := startSession(t, s, command)
			if err := client.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the command's end", func() error { return ended(pid) })
		})
	}
}

func TestServerEndsItsSessions(t *testing.T) {
	tests := map[string]func(*server) error{
		"on a signal":             func(s *server) error { return s.process.Process.Signal(syscall.SIGTERM) },
		"when its parent is gone": func(s *server) error { return s.lifeline.Close() },
	}
	for name, end := range tests {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			_, pid := startSession(t, s, "sleep 1000; true")
			if err := end(s); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the command's end", func() error { return ended(pid) })
			if err := s.process.Wait(); err != nil {
				t.Errorf("the server ended with %v", err)
			}
		})
	}
}

func TestBackgroundProcessHoldsTheSessionWhileItHoldsThePipe(t *testing.T) {
	s := startServer(t)
	cmd := s.ssh(t, "ws", "(until test -e go; do sleep 0.05; done; echo late) & echo early")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "early" {
		t.Fatalf("first line %q", lines.Text())
	}
	write(t, filepath.Join(s.home, "go"), "")
	if !lines.Scan() || lines.Text() != "late" {
		t.Errorf("what the background process said is lost: %q", lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestOnlyListedKeysAreAdmitted(t *testing.T) {
	s := startServer(t)
	stranger := filepath.Join(s.dir, "stranger")
	config, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.config, strings.ReplaceAll(string(config), filepath.Join(s.dir, "user"), stranger))
	denied := func() {
		t.Helper()
		var exit *exec.ExitError
		out, err := s.ssh(t, "ws", "true").CombinedOutput()
		if !errors.As(err, &exit) || exit.ExitCode() != 255 || !strings.Contains(string(out), "Permission denied (publickey)") {
			t.Errorf("a key that is not listed: %v, %s", err, out)
		}
	}
	denied()
	public, err := os.ReadFile(stranger + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	authorized := filepath.Join(s.dir, "authorized_keys")
	write(t, authorized, `command="date" `+string(public))
	denied() // with a restriction that is not supported
	write(t, authorized, "# a comment\n\n"+string(public))
	run(t, s.ssh(t, "ws", "true"))
}

func TestFaults(t *testing.T) {
	tests := map[string]struct {
		code   int
		signal syscall.Signal
		log    string
	}{
		"crash": {code: 1, log: "fatal: cannot read"},
		"oom":   {code: -1, signal: syscall.SIGKILL},
	}
	for fault, tt := range tests {
		t.Run(fault, func(t *testing.T) {
			s := startServer(t, "--fault", fault)
			if s.port != 0 {
				t.Errorf("it serves on port %d", s.port)
			}
			_ = s.process.Wait() // the state is looked at
			status := s.process.ProcessState.Sys().(syscall.WaitStatus)
			if status.ExitStatus() != tt.code || tt.signal != 0 && status.Signal() != tt.signal {
				t.Errorf("it ended with %v", s.process.ProcessState)
			}
			log, err := os.ReadFile(s.log)
			if err != nil || !strings.Contains(string(log), tt.log) {
				t.Errorf("log %q, %v", log, err)
			}
		})
	}
}
