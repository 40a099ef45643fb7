// Package sshtest gives tests a real OpenSSH server and a gateway that
// behaves as a script says.
//
// Nothing here is imported outside tests. A missing sshd fails the test: the
// tools are part of what the tests need.
package sshtest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// Server is a running sshd on loopback that lets the current user in with one
// key.
type Server struct {
	Addr    string // host:port
	User    string // login name
	HostKey string // "ssh-ed25519 AAAA…"
	KeyFile string // private key of the user, unencrypted
	Key     ssh.Signer
	Dir     string // holds keys and configuration

	log *lockedBuffer
}

// Start runs sshd until the test ends. Lines of extra are added to its
// configuration.
func Start(t testing.TB, extra ...string) *Server {
	t.Helper()
	return StartIn(t, "", extra...)
}

// StartIn is Start in a network namespace; "" is this one.
func StartIn(t testing.TB, namespace string, extra ...string) *Server {
	t.Helper()
	path, err := exec.LookPath("sshd")
	if err != nil {
		path = "/usr/sbin/sshd"
	}
	if os.Geteuid() == 0 { // where sshd, run by root, confines its network child
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := &Server{User: me.Username, Dir: dir, KeyFile: filepath.Join(dir, "id"), log: &lockedBuffer{}}
	host := WriteKey(t, filepath.Join(dir, "host"), "")
	s.HostKey = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(host.PublicKey())))
	s.Key = WriteKey(t, s.KeyFile, "")
	s.Authorize(t, s.Key.PublicKey())
	s.Addr = freeAddr(t)
	s.configure(t, extra)
	cmd := inNamespace(t.Context(), namespace, path, "-D", "-e", "-f", filepath.Join(dir, "sshd_config"))
	cmd.Stderr = s.log
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting sshd: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed: its status says nothing
		if t.Failed() {
			t.Logf("sshd log:\n%s", s.log)
		}
	})
	s.await(t)
	return s
}

func (s *Server) configure(t testing.TB, extra []string) {
	t.Helper()
	_, port, _ := net.SplitHostPort(s.Addr)
	env := "SetEnv HOME=" + s.Dir + " TMUX_TMPDIR=" + s.Dir
	var lines []string
	for _, line := range extra {
		if more, ok := strings.CutPrefix(line, "SetEnv "); ok { // sshd takes the first such line only
			env += " " + more
		} else {
			lines = append(lines, line)
		}
	}
	config := fmt.Sprintf(`ListenAddress 127.0.0.1:%s
HostKey %s/host
AuthorizedKeysFile %s/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
LogLevel VERBOSE
MaxStartups 100
AcceptEnv LANG LC_* COLORTERM
Subsystem sftp internal-sftp
%s
%s
`, port, s.Dir, s.Dir, env, strings.Join(lines, "\n"))
	if err := os.WriteFile(filepath.Join(s.Dir, "sshd_config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// await returns once sshd listens.
func (s *Server) await(t testing.TB) {
	t.Helper()
	_, port, _ := net.SplitHostPort(s.Addr)
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		if strings.Contains(s.log.String(), "Server listening on 127.0.0.1 port "+port) {
			tick.Stop()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("sshd does not listen:\n%s", s.log)
		}
	}
}

// inNamespace is a command in a network namespace; "" is this one.
func inNamespace(ctx context.Context, namespace, name string, args ...string) *exec.Cmd {
	if namespace == "" {
		return exec.CommandContext(ctx, name, args...)
	}
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", namespace, name}, args...)...)
}

// Authorize lets one more key in.
func (s *Server) Authorize(t testing.TB, key ssh.PublicKey) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(s.Dir, "authorized_keys"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := file.Write(ssh.MarshalAuthorizedKey(key)); err != nil {
		t.Fatal(err)
	}
}

// Log returns what sshd has logged so far.
func (s *Server) Log() string { return s.log.String() }

// WriteKey makes an ed25519 key and writes it to path in OpenSSH's form, with
// the public half beside it. An empty passphrase leaves it unencrypted.
func WriteKey(t testing.TB, path, passphrase string) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(private, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".pub", ssh.MarshalAuthorizedKey(signer.PublicKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	return signer
}

// freeAddr returns a loopback address that nobody listened on just now.
func freeAddr(t testing.TB) string {
	t.Helper()
	var config net.ListenConfig
	ln, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// lockedBuffer collects a process's output while tests read it.
type lockedBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
