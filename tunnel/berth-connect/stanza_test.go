package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/berth-sh/berth/sshconf/bundle"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// The stanza for people without berth, with a real proxytunnel in the helper's
// place and a gateway whose CA is its own.
func TestTheStanzaWorksWithoutBerth(t *testing.T) {
	t.Parallel()
	server, ca := sshtest.Start(t), sshtest.NewCA(t)
	gateway := sshtest.Listen(t, ca.Server(t, "127.0.0.1", time.Now().Add(time.Hour)), sshtest.Forward(server.Addr, "HTTP/1.1 200 OK\r\n\r\n"))
	pem, err := os.ReadFile(ca.File)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.New(alias.File{
		Alias: "api.team-a.berth", Cluster: "c-1", Namespace: "team-a", Name: "api", User: server.User, HostKey: server.HostKey,
		Transport: alias.Gateway, Address: gateway.Addr, Authority: "api--team-a.ssh.example.com:22", TLS: true, CA: ca.File,
	}, "", pem)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	known, config := filepath.Join(home, "known"), filepath.Join(home, "config")
	for path, text := range map[string]string{
		config: string(b.SSHConfig()), known: b.Alias + " " + b.HostKey + "\n", filepath.Join(home, ".ssh/berth-gateway-ca.pem"): string(pem),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "ssh", "-F", config, "-o", "UserKnownHostsFile="+known, "-i", server.KeyFile, b.Alias, "echo hello")
	cmd.Env = append(os.Environ(), "HOME="+home)
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "hello\n" {
		t.Errorf("ssh says %q, %v, by\n%s", out, err, b.SSHConfig())
	}
}
