package sshconf_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace/alias"
)

// startSSHD runs the real server on loopback and gives its address.
func startSSHD(t *testing.T, host sshconf.KeyPair, authorized string) string {
	t.Helper()
	if os.Geteuid() == 0 { // where packages expect the service manager to have made it
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "host"), string(host.Private), 0o600)
	write(t, filepath.Join(dir, "authorized_keys"), authorized, 0o600)
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "sshd_config"), fmt.Sprintf(`ListenAddress 127.0.0.1
Port %s
HostKey %s/host
PidFile none
AuthorizedKeysFile %s/authorized_keys
StrictModes no
PasswordAuthentication no
PermitRootLogin yes
UsePAM no
`, port, dir, dir), 0o600)
	program, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "-D", "-e", "-f", filepath.Join(dir, "sshd_config"))
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed
		if t.Failed() {
			t.Logf("sshd:\n%s", log.String())
		}
	})
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close() // only to see that it listens
			return address
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// login runs a command through the alias, by ssh's own reading of the config.
func login(t *testing.T, config, name, address string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ssh", "-F", config, "-o", "BatchMode=yes", "--", name, "echo", "hello")
	cmd.Env = append(os.Environ(), proxyTo+"="+address, "SSH_AUTH_SOCK=")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func TestLoginThroughTheGeneratedConfig(t *testing.T) {
	t.Parallel()
	_, home := newDir(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	helper := filepath.Join(home, "berth connect") // ssh hands a path with a space to a shell
	link(t, self, helper)
	d, err := sshconf.Open(home, []string{helper})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := d.Keys(t.Context(), sshconf.KeySource{})
	if err != nil || keys.Made == "" {
		t.Fatalf("Keys = %+v, %v", keys, err)
	}
	if err := d.Offer(t.Context(), keys.Identities()...); err != nil {
		t.Fatal(err)
	}
	host, err := sshconf.NewKeyPair("")
	if err != nil {
		t.Fatal(err)
	}
	address := startSSHD(t, host, keys.Lines())
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	right, wrong, unknown := file(t, "right"), file(t, "wrong"), file(t, "unknown")
	right.User, wrong.User, unknown.User = me.Username, me.Username, me.Username
	right.HostKey, unknown.HostKey = host.Public, ""
	for _, f := range []*alias.File{&right, &wrong, &unknown} {
		f.Transport = alias.PortForward // this helper copies
	}
	put(t, d, teamA, right, wrong, unknown)
	config := filepath.Join(home, ".ssh", "config")
	write(t, config, hostile, 0o600)
	install(t, d)
	if out, err := login(t, config, "right.team-a.berth", address); err != nil || out != "hello" {
		t.Errorf("login: %q, %v", out, err)
	}
	if out, err := login(t, d.Config(), "right.team-a.prod.berth", address); err != nil || out != "hello" {
		t.Errorf("login by -F and the long alias: %q, %v", out, err)
	}
	for name, want := range map[string]string{
		"wrong.team-a.berth": "Host key verification failed", "unknown.team-a.berth": "No ED25519 host key is known",
	} {
		if out, err := login(t, config, name, address); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}
