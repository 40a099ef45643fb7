package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/berth-sh/berth/tunnel/sshtest"
)

// TestEditorsWorkThroughTheGeneratedConfig does what Remote-SSH does over the
// config that berth writes, by the sandbox's gateway and by the API server.
func TestEditorsWorkThroughTheGeneratedConfig(t *testing.T) {
	b := newBed(t, "editors")
	b.want(exitOK, nil, "create", "api", "--wait")
	home := b.home(t)
	config, name := filepath.Join(home, ".ssh", "berth", "config"), "api."+b.namespace+".berth"
	t.Run("gateway", func(t *testing.T) { sshtest.EditorSession(t, b.env, name, "-F", config) })
	line := proxyLine(t, b, config, name)
	client := sshtest.Client{
		Proxy: line, User: "dev", KeyFile: filepath.Join(home, ".ssh", "berth", "id_ed25519"), HostKey: pinOf(t, home, name), Env: b.env,
	}
	t.Run("gateway, others", func(t *testing.T) { sshtest.OtherClients(t, client) })

	file := filepath.Join(home, ".ssh", "berth", "alias", name)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	forwarded := regexp.MustCompile(`(?m)^transport .*$`).ReplaceAll(data, []byte("transport port-forward"))
	forwarded = regexp.MustCompile(`(?m)^(address|authority) .*\n`).ReplaceAll(forwarded, nil)
	if err := os.WriteFile(file, forwarded, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("port-forward", func(t *testing.T) {
		sshtest.EditorSession(t, b.env, name, "-F", config)
	})
	t.Run("port-forward, others", func(t *testing.T) { sshtest.OtherClients(t, client) })
}

// proxyLine is the ProxyCommand as ssh itself reads it.
func proxyLine(t *testing.T, b *bed, config, name string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ssh", "-G", "-F", config, name)
	cmd.Env = b.env
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "proxycommand "); ok {
			return value
		}
	}
	t.Fatalf("ssh -G has no ProxyCommand:\n%s", out)
	return ""
}

// pinOf is the host key that known_hosts has for an alias.
func pinOf(t *testing.T, home, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(home, ".ssh", "berth", "known_hosts"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if key, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			return key
		}
	}
	t.Fatalf("no pin of %s:\n%s", name, data)
	return ""
}
