package tunnel_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
)

// A real sshd says which keys it would take, to somebody who has no private
// half of them, and follows its file.
func TestTheServerSaysWhichKeysItTakes(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	config := configFor(server)
	config.Keys = tunnel.Keys{}
	stranger := sshtest.WriteKey(t, filepath.Join(t.TempDir(), "stranger"), "").PublicKey()
	old, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := ssh.NewPublicKey(&old.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	line := func(key ssh.PublicKey) string { return string(ssh.MarshalAuthorizedKey(key)) }
	ask := func(key ssh.PublicKey) bool {
		t.Helper()
		got, err := tunnel.Accepts(t.Context(), config, line(key))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if !ask(server.Key.PublicKey()) || ask(stranger) || ask(rsaKey) {
		t.Error("the server takes another key than the one that is listed")
	}
	file := filepath.Join(server.Dir, "authorized_keys")
	if err := os.WriteFile(file, []byte(line(stranger)+line(rsaKey)), 0o600); err != nil {
		t.Fatal(err)
	}
	if ask(server.Key.PublicKey()) || !ask(stranger) || !ask(rsaKey) {
		t.Error("the server's answer does not follow its file")
	}
	if strings.Contains(server.Log(), "Accepted publickey") {
		t.Error("somebody was logged in")
	}
}

func TestAskingChecksTheHostKey(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	config := configFor(server)
	config.HostKey = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(server.Key.PublicKey())))
	var wrong *tunnel.HostKeyError
	if _, err := tunnel.Accepts(t.Context(), config, config.HostKey); !errors.As(err, &wrong) {
		t.Errorf("asked whoever answers: %v", err)
	}
	if _, err := tunnel.Accepts(t.Context(), config, "no key"); err == nil {
		t.Error("asked about no key")
	}
}
