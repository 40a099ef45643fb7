package workspace_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

// hostKey is a private key and its public line.
func hostKey(t *testing.T, seed byte) (ed25519.PrivateKey, string) {
	t.Helper()
	private := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune('a'+seed)), ed25519.SeedSize)))
	blob := append([]byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"), private.Public().(ed25519.PublicKey)...)
	return private, "ssh-ed25519 " + base64.StdEncoding.EncodeToString(blob)
}

func TestHostKeysAreFollowedThroughRotations(t *testing.T) {
	t.Parallel()
	var record string
	first, pinned := hostKey(t, 0)
	previous, lines := first, []string{pinned}
	for i := byte(1); i <= 20; i++ {
		next, line := hostKey(t, i)
		var err error
		if record, err = workspace.Succeed(record, previous, line); err != nil {
			t.Fatal(err)
		}
		previous, lines = next, append(lines, line)
	}
	now := lines[len(lines)-1]
	for i, line := range lines {
		want := i >= 4 && line != now // sixteen links are kept, and what did not change was not rotated
		if got := workspace.Succeeds(record, line, now); got != want {
			t.Errorf("from key %d: %t, want %t", i, got, want)
		}
	}
	if workspace.Succeeds(record, now, lines[10]) {
		t.Error("a record leads backwards")
	}
}

func TestARotationThatWasCutOffLeavesNoGap(t *testing.T) {
	t.Parallel()
	first, oldest := hostKey(t, 0)
	second, pinned := hostKey(t, 1)
	_, lost := hostKey(t, 2)
	_, now := hostKey(t, 3)
	record := ""
	for _, step := range []struct {
		from ed25519.PrivateKey
		to   string
	}{{first, pinned}, {second, lost}, {second, now}} {
		var err error
		if record, err = workspace.Succeed(record, step.from, step.to); err != nil {
			t.Fatal(err)
		}
	}
	if !workspace.Succeeds(record, pinned, now) || !workspace.Succeeds(record, oldest, now) {
		t.Error("the pins before the cut are not followed")
	}
	if workspace.Succeeds(record, lost, now) {
		t.Error("the key that never was leads on")
	}
}

func TestForgedSuccessionsAreRefused(t *testing.T) {
	t.Parallel()
	mine, pinned := hostKey(t, 0)
	_, next := hostKey(t, 1)
	stranger, other := hostKey(t, 2)
	good, err := workspace.Succeed("", mine, next)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := workspace.Succeed("", stranger, other)
	if err != nil {
		t.Fatal(err)
	}
	_, signature, _ := strings.Cut(forged, " ")
	key, _, _ := strings.Cut(good, " ")
	extended, err := workspace.Succeed(good, stranger, other)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ record, now string }{
		"another's key now":         {good, other},
		"another's signature":       {key + " " + signature, other},
		"another's own link":        {forged, other},
		"a link that was joined on": {extended, other},
		"cut":                       {good[:len(good)-8], next},
		"no record":                 {"", next},
		"no record of keys":         {"a b\nc", next},
		"no key":                    {good, "ssh-rsa AAAA"},
	} {
		if workspace.Succeeds(tt.record, pinned, tt.now) {
			t.Errorf("%s: the pin would be replaced", name)
		}
	}
	if !workspace.Succeeds(good, pinned, next) {
		t.Error("the real one is refused")
	}
	if _, err := workspace.Succeed("", mine, "ssh-ed25519 x"); err == nil {
		t.Error("a successor that is no key was signed")
	}
}
