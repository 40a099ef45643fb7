package sshd_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/sandbox/sshd"
)

// serverArgument makes the test binary run the server instead of the tests: the
// server is a process of its own in the sandbox, and its signals, file
// descriptors and children are part of what is tested.
const serverArgument = "run-sshd"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serverArgument {
		os.Exit(sshd.Main(context.Background(), os.Args[2:]))
	}
	os.Exit(m.Run())
}

// server is a running server process with a client's key and configuration.
type server struct {
	dir, home string
	config    string // for ssh -F
	port      int
	process   *exec.Cmd
	lifeline  *os.File
	log       string // path
}

// startServer starts a server; it ends with the test.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{dir: t.TempDir()}
	s.home, s.log = filepath.Join(s.dir, "home"), filepath.Join(s.dir, "log")
	if err := os.Mkdir(s.home, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"host", "user", "stranger"} {
		run(t, exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(s.dir, key)))
	}
	copyFile(t, filepath.Join(s.dir, "user.pub"), filepath.Join(s.dir, "authorized_keys"))
	ready, told := pipe(t)
	held, lifeline := pipe(t)
	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	s.lifeline = lifeline
	s.process = exec.CommandContext(context.Background(), os.Args[0], append([]string{
		serverArgument, "--home", s.home, "--host-key", filepath.Join(s.dir, "host"),
		"--authorized-keys", filepath.Join(s.dir, "authorized_keys"), "--name", "api",
		"--ready-fd", "3", "--lifeline-fd", "4",
	}, args...)...)
	s.process.Env = append(os.Environ(), "FROM_CONTAINER=yes", "SHELL=/bin/bash")
	s.process.Stderr = log
	s.process.ExtraFiles = []*os.File{told, held}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	_, _, _ = told.Close(), held.Close(), log.Close() // the process has its own
	t.Cleanup(func() {
		_ = s.process.Process.Kill() // may have ended in the test
		_ = s.process.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(s.log)
			t.Logf("server log:\n%s", text)
		}
	})
	line, err := bufio.NewReader(ready).ReadString('\n')
	if err != nil {
		t.Fatalf("reading the server's port: %v", err)
	}
	if s.port, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		t.Fatal(err)
	}
	s.writeConfig(t)
	return s
}

// writeConfig writes the client's configuration, with the host key pinned.
func (s *server) writeConfig(t *testing.T) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(s.dir, "host.pub"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, "known_hosts"), "ws "+string(key))
	s.config = filepath.Join(s.dir, "config")
	write(t, s.config, `Host ws
  HostName 127.0.0.1
  HostKeyAlias ws
  Port `+strconv.Itoa(s.port)+`
  User dev
  IdentityFile `+filepath.Join(s.dir, "user")+`
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile `+filepath.Join(s.dir, "known_hosts")+`
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel ERROR
`)
}

// ssh prepares a client; args follow the configuration.
func (s *server) ssh(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return exec.CommandContext(ctx, "ssh", append([]string{"-F", s.config}, args...)...)
}

// run runs a command that has to succeed and returns its output.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(data))
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}
