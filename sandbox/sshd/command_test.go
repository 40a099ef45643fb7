package sshd_test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

func TestCommandsEndAsOnOpenSSH(t *testing.T) {
	s := startServer(t)
	tests := []struct {
		name, command, stdin string
		stdout, stderr       string
		code                 int
	}{
		{name: "success", command: "echo out", stdout: "out\n"},
		{name: "exit code", command: "exit 7", code: 7},
		{name: "streams stay apart", command: "echo out; echo err >&2", stdout: "out\n", stderr: "err\n"},
		{name: "standard input ends", command: "cat", stdin: "x\n", stdout: "x\n"},
		{name: "input nobody reads", command: "true", stdin: strings.Repeat("x", 4<<20)},
		{name: "killed by a signal", command: "kill -TERM $$", code: 255},
		{name: "starts in home", command: `test "$PWD" = "$HOME"`},
		{name: "container environment", command: "echo $FROM_CONTAINER", stdout: "yes\n"},
		{name: "not found", command: "exec /nonexistent/x 2>/dev/null", code: 127},
		{name: "background process without the pipes", command: "sleep 60 >/dev/null 2>&1 </dev/null & echo gone", stdout: "gone\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := s.ssh(t, "ws", tt.command)
			var stdout, stderr bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(tt.stdin), &stdout, &stderr
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("exit code %d, want %d; %s", code, tt.code, &stderr)
			}
			if stdout.String() != tt.stdout {
				t.Errorf("standard output %q, want %q", &stdout, tt.stdout)
			}
			if tt.stderr != "" && stderr.String() != tt.stderr {
				t.Errorf("standard error %q, want %q", &stderr, tt.stderr)
			}
		})
	}
}
