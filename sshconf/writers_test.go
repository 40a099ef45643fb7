package sshconf_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace/alias"
)

func TestWritersAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	_, home := newDir(t)
	const writers, rounds = 4, 8
	var wg sync.WaitGroup
	for w := range writers {
		d := openDir(t, home)
		scope := sshconf.Scope{Cluster: "c-1", Namespace: fmt.Sprintf("team-%d", w)}
		wg.Go(func() {
			var list []alias.File
			for r := range rounds {
				list = append(list, file(t, fmt.Sprintf("ws-%d", r)))
				if _, err := d.Reconcile(t.Context(), scope, list); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	d := openDir(t, home)
	if n := strings.Count(read(t, d.Config()), "\nHost ws-"); n != writers*rounds {
		t.Errorf("config has %d hosts, want %d", n, writers*rounds)
	}
	if n := strings.Count(read(t, d.KnownHosts()), "\n"); n != writers*rounds {
		t.Errorf("known_hosts has %d lines, want %d", n, writers*rounds)
	}
}

// The lock holds between processes too: the test binary runs itself.
func TestProcessesAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	_, home := newDir(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), writeTo+"="+home, fmt.Sprintf("%s=team-%d", writeAs, w))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("writer: %v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	d := openDir(t, home)
	if n := strings.Count(read(t, d.Config()), "\nHost ws-"); n != 3*processRounds {
		t.Errorf("config has %d hosts, want %d", n, 3*processRounds)
	}
	if printed, err := d.Print(); err != nil || string(printed) != read(t, d.Config()) {
		t.Errorf("config is not what the alias files say: %v", err)
	}
}

// A umask that lets the group write must not: ssh would refuse every host.
func TestModesDoNotDependOnTheUmask(t *testing.T) {
	t.Parallel()
	_, home := newDir(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, mask := range []string{"002", "000", "077"} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", "umask "+mask+" && exec \"$0\"", self)
		cmd.Env = append(os.Environ(), writeTo+"="+home, writeAs+"=team-"+mask)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("writer: %v\n%s", err, out)
		}
	}
	err = filepath.WalkDir(home, func(path string, e os.DirEntry, err error) error {
		if err != nil || path == home {
			return err
		}
		want := os.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		fi, err := e.Info()
		if err == nil && fi.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, fi.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWaitingForTheLockEndsWithTheContext(t *testing.T) {
	t.Parallel()
	d, _ := newDir(t)
	put(t, d, teamA, file(t, "api"))
	lock := flock.New(filepath.Join(d.Path(), ".lock"))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }() // the folder goes away with the test
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Put(ctx, teamA, file(t, "web")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// However a berth is killed, ssh reads a whole config, and the next run makes
// it the right one.
func TestKilledWritersLeaveWholeFiles(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	put(t, d, teamA, file(t, "api"))
	for round := range 12 {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), writeTo+"="+home, fmt.Sprintf("%s=team-%d", writeAs, round))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(d.Path(), "alias", fmt.Sprintf("ws-%d.team-%d.berth", round%processRounds, round))
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
			if _, err := os.Stat(path); err == nil {
				break
			}
		}
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed, or done before
		if config := read(t, d.Config()); !strings.HasSuffix(config, "/known_hosts\"\n") {
			t.Fatalf("config ends in %q", config[max(0, len(config)-80):])
		}
		if got := sshG(t, d.Config(), "api.team-a.berth"); got["user"] != "dev" {
			t.Fatalf("ssh no longer knows the alias: %v", got)
		}
	}
	put(t, d, teamA, file(t, "web"))
	if printed, err := d.Print(); err != nil || string(printed) != read(t, d.Config()) {
		t.Errorf("config is not what the alias files say: %v", err)
	}
	assertNoTemps(t, d.Path())
}

// A full disk, here a limit on the size of files, keeps the old ones.
func TestAFullDiskKeepsTheOldFiles(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	put(t, d, teamA, file(t, "api"))
	before := read(t, d.Config())
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "ulimit -f 1 && exec \"$0\"", self)
	cmd.Env = append(os.Environ(), writeTo+"="+home, writeAs+"=team-b")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "writing config: ") {
		t.Errorf("writer: %v\n%s", err, out)
	}
	if read(t, d.Config()) != before {
		t.Error("config was changed")
	}
	assertNoTemps(t, d.Path())
}
