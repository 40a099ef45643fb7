package sshconf_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
)

func TestNamedKeyFiles(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	pair, err := sshconf.NewKeyPair("x")
	if err != nil {
		t.Fatal(err)
	}
	good := filepath.Join(home, "good.pub")
	write(t, good, pair.Public+" me@\x1b[31mlaptop\u202e\n", 0o644)
	write(t, filepath.Join(home, "good"), string(pair.Private), 0o600)
	keys, err := d.Keys(t.Context(), sshconf.KeySource{Files: []string{good, good}})
	if err != nil || len(keys.Keys) != 1 || keys.Made != "" {
		t.Fatalf("Keys = %+v, %v", keys, err)
	}
	key := keys.Keys[0]
	if !strings.HasPrefix(key.Line, pair.Public+" me@") || strings.ContainsAny(key.Line, "\x1b\u202e\n") {
		t.Errorf("line %q", key.Line)
	}
	if key.Identity != filepath.Join(home, "good") || key.Source != good {
		t.Errorf("key %+v", key)
	}

	bad := map[string]string{
		"private":     string(pair.Private),
		"junk":        "hello",
		"empty":       "",
		"two keys":    pair.Public + "\n" + pair.Public + "\n",
		"smuggled":    pair.Public + " x\nssh-rsa AAAA",
		"return":      pair.Public + " x\rcommand=\"y\" ssh-rsa AAAA",
		"options":     `command="evil" ` + pair.Public,
		"certificate": "ssh-ed25519-cert-v01@openssh.com AAAA",
		"large":       pair.Public + strings.Repeat(" ", 1<<17),
	}
	for name, data := range bad {
		path := filepath.Join(home, name+".pub")
		write(t, path, data, 0o600)
		_, err := d.Keys(t.Context(), sshconf.KeySource{Files: []string{good, path}})
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", name, err)
		}
		if name != "large" && !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("%s is not the user's mistake: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: the error shows key material: %v", name, err)
		}
	}
	if _, err := d.Keys(t.Context(), sshconf.KeySource{Files: []string{filepath.Join(home, "missing")}}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestFoundKeys(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	onDisk, inBoth := newPin(t), newPin(t)
	write(t, filepath.Join(home, ".ssh", "work.pub"), onDisk+" work\n", 0o644)
	write(t, filepath.Join(home, ".ssh", "work"), "private", 0o600)
	write(t, filepath.Join(home, ".ssh", "token.pub"), inBoth+"\n", 0o644)
	write(t, filepath.Join(home, ".ssh", "notes.pub"), "milk\n", 0o644)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	agentOnly, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	both, _, _, _, err := ssh.ParseAuthorizedKey([]byte(inBoth))
	if err != nil {
		t.Fatal(err)
	}
	list := func() ([]*agent.Key, error) {
		return []*agent.Key{
			{Blob: both.Marshal(), Comment: "token"},
			{Blob: agentOnly.Marshal(), Comment: "card\nssh-rsa AAAA"},
			{Blob: []byte("junk")},
		}, nil
	}
	keys, err := d.Keys(t.Context(), sshconf.KeySource{Agent: list})
	if err != nil || keys.Made != "" || len(keys.Keys) != 3 {
		t.Fatalf("Keys = %+v, %v", keys, err)
	}
	if strings.Count(keys.Lines(), "\n") != 3 {
		t.Errorf("lines:\n%s", keys.Lines())
	}
	ids := keys.Identities()
	if len(ids) != 3 || filepath.Dir(ids[2]) != d.Path() {
		t.Fatalf("identities %q", ids)
	}
	want := []string{filepath.Join(home, ".ssh", "token.pub"), filepath.Join(home, ".ssh", "work")}
	if diff := cmp.Diff(want, ids[:2]); diff != "" {
		t.Errorf("identities (-want +got):\n%s", diff)
	}
	if got := read(t, ids[2]); !strings.HasPrefix(got, string(ssh.MarshalAuthorizedKey(agentOnly))[:60]) || strings.Count(got, "\n") != 1 {
		t.Errorf("agent key file %q", got)
	}
}

func TestKeyIsMadeWhereThereIsNone(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	broken := func() ([]*agent.Key, error) { return nil, errors.New("no agent") }
	keys, err := d.Keys(t.Context(), sshconf.KeySource{Agent: broken})
	if err != nil || len(keys.Keys) != 1 {
		t.Fatalf("Keys = %+v, %v", keys, err)
	}
	path := filepath.Join(home, ".ssh", "berth", "id_ed25519")
	if keys.Made != path || keys.Keys[0].Identity != path || !strings.HasSuffix(keys.Keys[0].Line, " berth") {
		t.Errorf("made %s, key %+v", keys.Made, keys.Keys[0])
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
	out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-y", "-f", path).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != keys.Keys[0].Line {
		t.Errorf("ssh-keygen -y: %s, %v; want %s", out, err, keys.Keys[0].Line)
	}
	again, err := d.Keys(t.Context(), sshconf.KeySource{})
	if err != nil || again.Made != "" || again.Lines() != keys.Lines() {
		t.Errorf("second run: %+v, %v", again, err)
	}
	if err := os.Remove(path + ".pub"); err != nil {
		t.Fatal(err)
	}
	again, err = d.Keys(t.Context(), sshconf.KeySource{})
	if err != nil || again.Made != "" || again.Lines() != keys.Lines() {
		t.Errorf("after the public half was lost: %+v, %v", again, err)
	}
}

func TestKeyPairsAreReadBack(t *testing.T) {
	t.Parallel()
	pair, err := sshconf.NewKeyPair("host")
	if err != nil {
		t.Fatal(err)
	}
	back, err := sshconf.ParseKeyPair(pair.Private)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pair, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if _, err := sshconf.ParseKeyPair([]byte("junk")); err == nil {
		t.Error("junk was read as a key")
	}
	if print, err := sshconf.Fingerprint(pair.Public); err != nil || !strings.HasPrefix(print, "SHA256:") {
		t.Errorf("fingerprint %q, %v", print, err)
	}
	if _, err := sshconf.Fingerprint(pair.Public + " comment"); err == nil {
		t.Error("a pin with a comment was accepted")
	}
}
