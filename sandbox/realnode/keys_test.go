//go:build linux && realnode

package realnode_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// A kubelet brings a Secret into a running container when it next looks: this
// one every ten seconds, most every minute. The commands have to wait for it, and
// these tests fail where they end too early.

// keyed are workspaces that get their keys in different ways: with root and
// without, and below the merged system of a full one.
var keyed = []struct{ name, level, profile, image string }{
	{"restricted", restricted, "restricted", image.SSHD},
	{"standard", baseline, "standard", image.SSHD},
	{"full", baseline, "full", image.Workspace},
}

// A change of keys has reached the running workspace when the command ends: the
// added key opens it, the removed one no more, and who is in stays in.
func TestKeysReachARunningWorkspace(t *testing.T) {
	for _, k := range keyed {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, k.level)
			b.create("w", k.image, "--profile", k.profile)
			second := filepath.Join(b.home, "second")
			b.mustCommand("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "second", "-f", second)
			b.refused("w", second)

			b.keysChange("sshd takes it", "keys", "add", "w", second+".pub")
			if got := b.withKey("w", second, "echo in"); got.code != 0 || got.stdout != "in\n" {
				t.Fatalf("the command has ended, and the key it added gets: %v", got)
			}
			session := b.open(b.only("w", second))
			session.waitFor("$")

			b.keysChange("sshd refuses it", "keys", "rm", "w", "second")
			b.refused("w", second)
			b.far("w", "true")
			session.send("echo still-$((40+2))\n")
			session.waitFor("still-42")
		})
	}
}

// keysChange runs a command that changes keys and has to wait until sshd
// answers as it is told, in less time than the documentation promises.
func (b *bed) keysChange(words string, args ...string) {
	b.t.Helper()
	begun := time.Now()
	b.contains(b.berth(append(args, "--timeout", "2m")...), words)
	b.t.Logf("%s: after %v", strings.Join(args[:2], " "), time.Since(begun).Round(100*time.Millisecond))
}

// only is ssh with one key alone.
func (b *bed) only(name, key string) []string {
	b.t.Helper()
	config, err := os.ReadFile(filepath.Join(b.home, ".ssh", "berth", "config"))
	if err != nil {
		b.t.Fatal(err)
	}
	var bare strings.Builder
	for line := range strings.Lines(string(config)) {
		if !strings.Contains(line, "IdentityFile") {
			bare.WriteString(line)
		}
	}
	file := filepath.Join(b.home, "bare")
	if err := os.WriteFile(file, []byte(bare.String()), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return []string{"ssh", "-F", file, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityFile=" + key, b.alias(name)}
}

func (b *bed) withKey(name, key string, command ...string) result {
	b.t.Helper()
	return b.run("", append(b.only(name, key), command...)...)
}

// refused checks that sshd does not take a key.
func (b *bed) refused(name, key string) {
	b.t.Helper()
	if r := b.withKey(name, key, "true"); r.code != 255 || !strings.Contains(r.stderr, "Permission denied (publickey)") {
		b.t.Errorf("a key that may not log in gets: %v", r)
	}
}

// A new host key is pinned in the same step; who is in stays in, and the next
// ssh after the command says nothing, though it checks strictly.
func TestAHostKeyIsRotatedUnderARunningWorkspace(t *testing.T) {
	for _, k := range keyed {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, k.level)
			b.create("w", k.image, "--profile", k.profile)
			before := b.hostKey()
			oldPin := b.pin("w")
			session := b.session("w")
			session.waitFor("$")

			begun := time.Now()
			rotating := b.begin("keys", "rotate-host", "w", "--yes", "--timeout", "2m")
			b.eventually(30*time.Second, "the new key is told", func() error {
				if !strings.Contains(rotating.said(), "w: new host key SHA256:") {
					return errors.New(rotating.said())
				}
				return nil
			})
			newPin := b.pin("w")
			if newPin == oldPin {
				t.Error("the new key is told and the old one still pinned")
			}
			select {
			case err := <-rotating.done:
				if err != nil || !strings.Contains(rotating.said(), "sshd shows it") {
					t.Fatalf("rotate-host: %v\n%s", err, rotating.said())
				}
			case <-time.After(3 * time.Minute):
				t.Fatalf("rotate-host does not end:\n%s", rotating.said())
			}
			t.Logf("rotate-host: after %v", time.Since(begun).Round(100*time.Millisecond))

			r := b.run("", append(b.ssh("w", "-o", "StrictHostKeyChecking=yes"), "echo in")...)
			if r.code != 0 || r.stdout != "in\n" || r.stderr != "" {
				t.Errorf("the next ssh: %v", r)
			}
			after := b.hostKey()
			if after == before || !strings.Contains(rotating.said(), strings.Fields(after)[1]) {
				t.Errorf("sshd shows %s, showed %s, and told was\n%s", after, before, rotating.said())
			}
			if got := b.pin("w"); got != newPin {
				t.Errorf("the pin is %s, was %s", got, newPin)
			}
			session.send("echo still-$((40+2))\n")
			session.waitFor("still-42")

			b.berth("restart", "w", "--wait", "--yes")
			if got := b.hostKey(); got != after {
				t.Errorf("the next pod shows %s, want %s", got, after)
			}
		})
	}
}

// pin is what known_hosts says of a workspace.
func (b *bed) pin(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.home, ".ssh", "berth", "known_hosts"))
	if err != nil {
		b.t.Fatal(err)
	}
	var pins []string
	for line := range strings.Lines(string(data)) {
		if hosts, key, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.HasPrefix(hosts, b.alias(name)) {
			pins = append(pins, key)
		}
	}
	if len(pins) != 1 {
		b.t.Fatalf("known_hosts has %d pins of %s:\n%s", len(pins), b.alias(name), data)
	}
	return pins[0]
}
