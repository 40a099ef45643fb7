package sshconf_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
)

// userKey is a public line of a key that nobody has.
func userKey(t *testing.T) string {
	t.Helper()
	pair, err := sshconf.NewKeyPair("")
	if err != nil {
		t.Fatal(err)
	}
	return pair.Public
}

func keyFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func lines(keys []sshconf.AuthorizedKey) []string {
	var all []string
	for _, k := range keys {
		all = append(all, k.Line())
	}
	return all
}

func TestKeysAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	a, b, c := userKey(t), userKey(t), userKey(t)
	limited := `from="10.0.0.0/8,!10.1.0.0/16",command="say \"hi, there\"",no-pty ` + b + " ci at work"
	for name, tt := range map[string]struct {
		arg, in string
		want    []string
	}{
		"a file":              {arg: keyFile(t, "a.pub", a+" mona\r\n"), want: []string{a + " mona"}},
		"a file of many":      {arg: keyFile(t, "keys", "\xef\xbb\xbf# team\n\n"+a+" mona\n  "+limited+"\n"+a+" twice\n"+c), want: []string{a + " mona", limited, c}},
		"a line":              {arg: limited, want: []string{limited}},
		"standard input":      {arg: "-", in: a + "\n" + b + " x\n", want: []string{a, b + " x"}},
		"a hostile comment":   {arg: a + " mo\x1b[31mna\u202e", want: []string{a + " mo�na�"}},
		"a file with a space": {arg: keyFile(t, "my key.pub", a), want: []string{a}},
	} {
		got, err := sshconf.Named{In: strings.NewReader(tt.in)}.Read(tt.arg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(tt.want, lines(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What is refused is refused with the next step, and a private key never gets
// into the message.
func TestBadKeysAreRefused(t *testing.T) {
	t.Parallel()
	pair, err := sshconf.NewKeyPair("")
	if err != nil {
		t.Fatal(err)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.Split(string(pair.Private), "\n")[1]
	public := userKey(t)
	certificate := string(ssh.MarshalAuthorizedKey(expired(t, private)))
	home := keyFile(t, "id", string(pair.Private))
	if err := os.WriteFile(home+".pub", []byte(pair.Public), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		arg, says, hint string
		kind            error
	}{
		"a private key":             {home, "private key", home + ".pub", workspace.ErrUsage},
		"a locked private key":      {keyFile(t, "locked", string(pem.EncodeToMemory(locked))), "private key", "ssh-keygen -y", workspace.ErrUsage},
		"a private key as text":     {string(pair.Private), "private key", "ssh-keygen -y", workspace.ErrUsage},
		"PuTTY's private key":       {keyFile(t, "x.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n"+secret), "private key", "public half", workspace.ErrUsage},
		"PuTTY's public key":        {keyFile(t, "x.pub", "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n"), "another form", "ssh-keygen -i", workspace.ErrUsage},
		"an expired certificate":    {keyFile(t, "id-cert.pub", certificate), "cert", ".pub", workspace.ErrUsage},
		"the body of one":           {secret, "no such file", "authorized_keys", workspace.ErrNotFound},
		"one bad line of three":     {keyFile(t, "k", public+"\n"+secret+"\n"+public), "k, line 2: this is not a public key", ".pub", workspace.ErrUsage},
		"an empty file":             {keyFile(t, "e", "\n# nothing\n"), "no key in it", "", workspace.ErrUsage},
		"a folder":                  {t.TempDir(), "not a small regular file", "", workspace.ErrUsage},
		"an option sshd ignores":    {"no-shell " + public, `"no-shell" is not known`, "", workspace.ErrUsage},
		"an option without a value": {"from " + public, "from is not written", "", workspace.ErrUsage},
		"an option with a value":    {`no-pty="x" ` + public, "no-pty is not written", "", workspace.ErrUsage},
		"an option without quotes":  {"from=10.0.0.1 " + public, "from is not written", "", workspace.ErrUsage},
		"bytes":                     {keyFile(t, "b", public+"\x00"), "no text", "", workspace.ErrUsage},
		"nothing":                   {"nobody@nowhere", "agent holds no such key", "ssh-add -l", workspace.ErrNotFound},
	} {
		keys, err := sshconf.Named{}.Read(tt.arg)
		if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(workspace.HintOf(err), tt.hint) {
			t.Errorf("%s: %v, %v, hint %q", name, lines(keys), err, workspace.HintOf(err))
		}
		if err != nil && strings.Contains(err.Error()+workspace.HintOf(err), secret[:20]) {
			t.Errorf("%s: the message holds the secret: %v", name, err)
		}
	}
}

// expired is a user certificate that was good yesterday.
func expired(t *testing.T, key ed25519.PrivateKey) *ssh.Certificate {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := &ssh.Certificate{
		Key: signer.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"dev"},
		ValidBefore: uint64(time.Now().Add(-24 * time.Hour).Unix()),
	}
	if err := cert.SignCert(rand.Reader, signer); err != nil {
		t.Fatal(err)
	}
	return cert
}

// keyring is an agent with n keys named key1 and so on.
func keyring(t *testing.T, n int) agent.ExtendedAgent {
	t.Helper()
	ring := agent.NewKeyring().(agent.ExtendedAgent)
	for i := range n {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := ring.Add(agent.AddedKey{PrivateKey: private, Comment: "key" + string(rune('1'+i))}); err != nil {
			t.Fatal(err)
		}
	}
	return ring
}

func TestKeysOfTheAgentAreNamed(t *testing.T) {
	t.Parallel()
	ring := keyring(t, 7)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Add(agent.AddedKey{PrivateKey: private, Comment: "key1", Certificate: expired(t, private)}); err != nil {
		t.Fatal(err)
	}
	n := sshconf.Named{Agent: ring.List}
	all, err := n.Held()
	if err != nil || len(all) != 7 {
		t.Fatalf("%d keys, %v: a certificate is no key", len(all), err)
	}
	for i, name := range []string{"key1", all[1].Fingerprint(), all[2].Fingerprint()[:15], strings.TrimPrefix(all[3].Fingerprint(), "SHA256:")[:8]} {
		if got, err := n.Read(name); err != nil || len(got) != 1 || !got[0].Same(all[i]) {
			t.Errorf("%s: %v, %v", name, lines(got), err)
		}
	}
	if err := ring.Add(agent.AddedKey{PrivateKey: private, Comment: "key2"}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Read("key2"); !errors.Is(err, workspace.ErrUsage) || !strings.Contains(workspace.HintOf(err), all[1].Fingerprint()) {
		t.Errorf("two keys of one name: %v", err)
	}
	if err := ring.Lock([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Held(); !errors.Is(err, workspace.ErrNotFound) || !strings.Contains(workspace.HintOf(err), "ssh-add -X") {
		t.Errorf("a locked agent: %v, hint %q", err, workspace.HintOf(err))
	}
	if _, err := n.Read("key3"); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("a key of a locked agent: %v", err)
	}
	n.Agent = func() ([]*agent.Key, error) { return nil, errors.New("agent refused operation") }
	if _, err := n.Held(); !errors.Is(err, workspace.ErrUnreachable) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("an agent that refuses: %v", err)
	}
}

func TestOwnKeysAreKnownWithoutMakingAny(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	if own := d.Own(sshconf.KeySource{}); len(own) != 0 {
		t.Fatalf("own keys of nobody: %v", lines(own))
	}
	if _, err := os.Stat(filepath.Join(home, ".ssh", "berth")); err == nil {
		t.Error("asking has made the folder")
	}
	ring := keyring(t, 2)
	here := userKey(t)
	if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".ssh", "id_ed25519.pub"), []byte(here+" here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pair, err := sshconf.NewKeyPair("")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := keyFile(t, "work", string(pair.Private))
	if err := d.Offer(t.Context(), elsewhere); err != nil {
		t.Fatal(err)
	}
	own := d.Own(sshconf.KeySource{Agent: ring.List})
	held, err := sshconf.Named{Agent: ring.List}.Held()
	if err != nil {
		t.Fatal(err)
	}
	want := append([]string{here + " here", pair.Public}, lines(held)...)
	if diff := cmp.Diff(want, lines(own)); diff != "" {
		t.Errorf("own keys (-want +got):\n%s", diff)
	}
}

func TestTheChosenKeyIsRemembered(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".ssh", "id_ed25519.pub"), []byte(userKey(t)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	chosen := keyFile(t, "my work key.pub", userKey(t)+" work\n")
	found := func(from sshconf.KeySource) (comments string, remembered bool) {
		t.Helper()
		keys, err := d.Keys(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		return keys.Lines(), keys.Chosen
	}
	if err := d.Choose(t.Context(), chosen); err != nil {
		t.Fatal(err)
	}
	if text, remembered := found(sshconf.KeySource{Chosen: true}); !remembered || !strings.HasSuffix(text, " work\n") || strings.Count(text, "\n") != 1 {
		t.Errorf("the next create takes %q, %t", text, remembered)
	}
	if text, remembered := found(sshconf.KeySource{}); remembered || strings.Contains(text, "work") {
		t.Errorf("all keys are %q, %t", text, remembered)
	}
	if err := os.Remove(chosen); err != nil {
		t.Fatal(err)
	}
	if text, remembered := found(sshconf.KeySource{Chosen: true}); remembered || text == "" {
		t.Errorf("with the chosen key gone: %q, %t", text, remembered)
	}
	if err := d.Choose(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, remembered := found(sshconf.KeySource{Chosen: true}); remembered {
		t.Error("the choice was not forgotten")
	}
}
