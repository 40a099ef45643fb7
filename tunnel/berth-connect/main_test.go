package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

const (
	aliasName = "api.team-a.berth"
	authority = "api--team-a.ssh.example.com:22"
)

// The test binary also is berth-connect, and a berth that tells how it was
// called.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"berth-connect": main,
		"berth": func() {
			if sshd := os.Getenv(passTo); sshd != "" {
				resident(sshd)
			}
			fmt.Println("berth", strings.Join(os.Args[1:], " "))
			_, _ = io.Copy(os.Stdout, os.Stdin)
		},
	})
}

// machine is a home directory with one alias and an ssh configuration.
type machine struct {
	home   string
	config string // ssh -F
}

// newMachine installs f and a configuration that uses berth-connect through
// program, or the one in PATH.
func newMachine(t testing.TB, f alias.File, server *sshtest.Server, program string) machine {
	t.Helper()
	m := machine{home: t.TempDir()}
	m.config = filepath.Join(m.home, "config")
	f.Alias = aliasName
	data, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(m.home, ".ssh", "berth")
	if err := os.MkdirAll(filepath.Join(dir, "alias"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(connect.AliasPath(dir, aliasName), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if server == nil {
		return m
	}
	if program == "" {
		if program, err = exec.LookPath("berth-connect"); err != nil {
			t.Fatal(err)
		}
	}
	m.writeConfig(t, server, fmt.Sprintf("ProxyCommand %q %s", program, aliasName))
	return m
}

// writeConfig writes what berth's own configuration looks like.
func (m machine) writeConfig(t testing.TB, server *sshtest.Server, reach string) {
	t.Helper()
	known := filepath.Join(m.home, "known_hosts")
	if err := os.WriteFile(known, []byte(aliasName+" "+server.HostKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`Host %s
  User %s
  %s
  HostKeyAlias %s
  UserKnownHostsFile %s
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  HostKeyAlgorithms ssh-ed25519
  IdentityFile %s
  IdentitiesOnly yes
  ControlMaster no
  ControlPath none
`, aliasName, server.User, reach, aliasName, known, server.KeyFile)
	if err := os.WriteFile(m.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command runs name with the machine's home.
func (m machine) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "HOME="+m.home, "SSH_AUTH_SOCK=")
	return cmd
}

// ssh runs the real client.
func (m machine) ssh(ctx context.Context, args ...string) *exec.Cmd {
	return m.command(ctx, "ssh", append([]string{"-F", m.config}, args...)...)
}

const established = "HTTP/1.1 200 OK\r\n\r\n"

func TestSSHThroughTheGateway(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, sshtest.Forward(server.Addr, established))
	m := newMachine(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}, server, "")
	out, err := m.ssh(t.Context(), aliasName, "echo out; echo err >&2; exit 7").CombinedOutput()
	if code := exitCode(err); code != 7 || string(out) != "out\nerr\n" {
		t.Errorf("exit code %d, output %q", code, out)
	}
}

func TestSSHThroughTLS(t *testing.T) {
	t.Parallel()
	server, ca := sshtest.Start(t), sshtest.NewCA(t)
	gateway := sshtest.Listen(t, ca.Server(t, "ssh.example.com", time.Now().Add(time.Hour)), sshtest.Forward(server.Addr, established))
	m := newMachine(t, alias.File{
		Transport: alias.Gateway, Address: gateway.Addr, Authority: authority, TLS: true, ServerName: "*", CA: ca.File,
	}, server, "")
	if out, err := m.ssh(t.Context(), aliasName, "echo", "hello").CombinedOutput(); err != nil || string(out) != "hello\n" {
		t.Errorf("output %q, error %v", out, err)
	}
}

func TestSSHUnderEveryShellAndAnAwkwardPath(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, sshtest.Forward(server.Addr, established))
	original, err := exec.LookPath("berth-connect")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "my tools", "berth-connect")
	if err := os.Mkdir(filepath.Dir(program), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(original, program); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}, server, program)
	for _, shell := range []string{"sh", "bash", "zsh", "fish"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Fatal(err)
		}
		cmd := m.ssh(t.Context(), aliasName, "echo", "hello")
		cmd.Env = append(cmd.Env, "SHELL="+path)
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "hello\n" {
			t.Errorf("%s: output %q, error %v", shell, out, err)
		}
	}
}

func TestSSHMovesBinaryExactly(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, sshtest.Forward(server.Addr, established))
	m := newMachine(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}, server, "")
	data := make([]byte, 20_000_000)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(data)
	cmd := m.ssh(t.Context(), aliasName, "cat")
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil || sha256.Sum256(out) != sha256.Sum256(data) {
		t.Errorf("%d bytes came back of %d, or others; error %v", len(out), len(data), err)
	}
}

func TestSSHRefusesAWrongHostKey(t *testing.T) {
	t.Parallel()
	server, impostor := sshtest.Start(t), sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, sshtest.Forward(impostor.Addr, established))
	m := newMachine(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}, server, "")
	out, err := m.ssh(t.Context(), aliasName, "true").CombinedOutput()
	if exitCode(err) != 255 || !strings.Contains(string(out), "Host key verification failed") {
		t.Errorf("error %v, output %s", err, out)
	}
}

func TestSSHShowsTheRefusal(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 503 Service Unavailable\r\n\r\n"))
	m := newMachine(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority, Name: "api"}, server, "")
	out, err := m.ssh(t.Context(), aliasName, "true").CombinedOutput()
	want := "berth: gateway " + gateway.Addr + " refused " + authority + ": 503 Service Unavailable\nhint: the workspace is stopped or not ready: `berth start api`"
	if exitCode(err) != 255 || !strings.HasPrefix(string(out), want) {
		t.Errorf("error %v, output %s", err, out)
	}
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}

// bound is far more than any of these exits needs; only a hang reaches it.
const bound = 20 * time.Second

func TestExitsWhenTheServerClosesFirst(t *testing.T) {
	t.Parallel()
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		_ = sshtest.ReadRequest(conn)
		_, _ = io.WriteString(conn, established+"SSH-2.0-bye\r\n")
	})
	m := newMachine(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}, nil, "")
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	cmd := m.command(ctx, "berth-connect", aliasName)
	stdin, err := cmd.StdinPipe() // stays open
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	if out, err := cmd.Output(); err != nil || string(out) != "SSH-2.0-bye\r\n" {
		t.Errorf("output %q, error %v", out, err)
	}
}

func TestExitsWhenSSHGoesBeforeTheTunnelIsUp(t *testing.T) {
	t.Parallel()
	asked, gone := make(chan bool), make(chan bool)
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		_ = sshtest.ReadRequest(conn)
		close(asked)
		_, _ = io.Copy(io.Discard, conn) // never answers
		close(gone)
	})
	m := newMachine(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}, nil, "")
	cmd := m.command(t.Context(), "berth-connect", aliasName)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(stdin, "SSH-2.0-client\r\n") // ssh speaks before it hears anything
	<-asked
	_ = stdin.Close()
	<-gone
	if err := cmd.Wait(); exitCode(err) != 255 || stderr.Len() != 0 {
		t.Errorf("error %v, stderr %q", err, &stderr)
	}
	// Ten seconds is the deadline for the answer: that must not be what ended it.
	if took := time.Since(start); took > 9*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestHandsPortForwardToBerthWithNothingLost(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]alias.File{
		"chosen":   {Transport: alias.PortForward, Kubeconfig: "/k"},
		"fallback": {Transport: alias.Gateway, Address: "127.0.0.1:1", Authority: authority, Kubeconfig: "/k"},
	} {
		m := newMachine(t, f, nil, "")
		cmd := m.command(t.Context(), "berth-connect", aliasName)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := talk(t, cmd, "SSH-2.0-client\r\n")
		want := "berth connect --via port-forward " + aliasName + "\nSSH-2.0-client\r\n"
		if err != nil || string(out) != want {
			t.Errorf("%s: output %q, error %v; want %q", name, out, err, want)
		}
		if lines := strings.Count(stderr.String(), "\n"); (name == "fallback") != (lines == 1) {
			t.Errorf("%s: stderr %q", name, &stderr)
		}
	}
}

// talk says text to cmd, and hangs up once cmd has said something.
func talk(t *testing.T, cmd *exec.Cmd, text string) (string, error) {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(stdin, text)
	first := make([]byte, 1)
	n, _ := stdout.Read(first)
	_ = stdin.Close()
	rest, _ := io.ReadAll(stdout)
	return string(first[:n]) + string(rest), cmd.Wait()
}

func TestUsageAndVersion(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"a", "b"}} {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code != 255 || !strings.HasPrefix(errs.String(), "usage: ") {
			t.Errorf("%q: code %d, stderr %q", args, code, &errs)
		}
	}
	var out bytes.Buffer
	if code := run([]string{"--version"}, &out, io.Discard); code != 0 || !strings.HasPrefix(out.String(), "berth-connect ") {
		t.Errorf("--version: code %d, %q", code, &out)
	}
}
