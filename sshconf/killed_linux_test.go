package sshconf_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// writes are the system calls by which a file comes to be, or to be another.
const writes = "write,pwrite64,writev,fsync,fdatasync,openat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,fchmod,fchmodat,fchown,fchownat,ftruncate,flock,close"

// traced starts this test as a second berth under strace, which does something
// to the n-th of the given calls of its one thread that writes.
func traced(t *testing.T, home, calls, inject string) (ended *os.ProcessState, said string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Without -f only the first thread counts, to which the writer is bound:
	// ssh, which it asks, and the runtime's own threads are left alone.
	cmd := exec.CommandContext(t.Context(), "strace", "-qq", "-o", "/dev/null", "-e", "trace="+calls, "-e", "inject="+calls+":"+inject, self)
	cmd.Env = append(os.Environ(), writeTo+"="+home, writeAs+"=team-k", writeOnce+"=yes", "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("strace: %v: scripts/setup", err)
	}
	return cmd.ProcessState, string(out)
}

func killed(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && (status.Signaled() && status.Signal() == syscall.SIGKILL || status.ExitStatus() == 128+int(syscall.SIGKILL))
}

// TestKilledAtEveryWrite kills a berth that writes an alias and the user's line
// at each system call that changes a file. What is there afterwards is the old
// file or the new one, and the next berth goes on from it.
func TestKilledAtEveryWrite(t *testing.T) {
	t.Parallel()
	const mine = "Host a\n  User b\n"
	kills := 0
	for n := 1; ; n++ {
		d, home := newDir(t)
		config := filepath.Join(home, ".ssh", "config")
		write(t, config, mine, 0o600)
		put(t, d, teamA, file(t, "api"))
		before := read(t, d.Config())
		state, said := traced(t, home, writes, fmt.Sprintf("signal=KILL:when=%d", n))
		if !killed(state) {
			if !state.Success() {
				t.Fatalf("call %d: the writer failed by itself: %s", n, said)
			}
			break
		}
		kills++
		with := d.Include() + "\n" + mine
		if got := read(t, config); got != mine && got != with {
			t.Fatalf("call %d: the user's file is a mix: %q", n, got)
		}
		if got := read(t, d.Config()); got != before && !strings.Contains(got, "Host ws-0.team-k.berth\n") {
			t.Fatalf("call %d: the config is a mix:\n%s", n, got)
		}
		for _, f := range filesIn(t, home) {
			if info, err := os.Stat(f); err == nil && info.Mode().Perm()&0o077 != 0 && info.Mode().IsRegular() {
				t.Errorf("call %d: %s has mode %v", n, f, info.Mode())
			}
		}
		if _, err := d.Install(t.Context()); err != nil {
			t.Fatalf("call %d: the next berth: %v", n, err)
		}
		put(t, d, teamA, file(t, "web"))
		if got := read(t, config); got != with {
			t.Fatalf("call %d: the next berth made %q", n, got)
		}
		if err := d.Check(t.Context()); err != nil {
			t.Fatalf("call %d: %v", n, err)
		}
		for _, f := range filesIn(t, home) {
			if strings.HasPrefix(filepath.Base(f), ".berth-") {
				t.Errorf("call %d: %s is left over", n, f)
			}
		}
	}
	t.Logf("killed %d times", kills)
	if kills < 30 {
		t.Errorf("only %d calls were seen", kills)
	}
}

// TestAFullDiskLeavesTheOldFile has every write, and every fsync, fail as on a
// full disk, one after the other.
func TestAFullDiskLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	const mine = "Host a\n  User b\n"
	for _, fault := range []struct{ calls, inject string }{
		{"write,pwrite64", "error=ENOSPC:when=%d+"},
		{"fsync,fdatasync", "error=EIO:when=%d+"},
		{"rename,renameat,renameat2", "error=EROFS:when=%d+"},
		{"fchmod,fchmodat", "error=EPERM:when=%d+"},
	} {
		failures := 0
		for n := 1; ; n++ {
			d, home := newDir(t)
			config := filepath.Join(home, ".ssh", "config")
			write(t, config, mine, 0o600)
			put(t, d, teamA, file(t, "api"))
			before := read(t, d.Config())
			state, said := traced(t, home, fault.calls, fmt.Sprintf(fault.inject, n))
			if state.Success() {
				break
			}
			failures++
			with := d.Include() + "\n" + mine
			if got := read(t, config); got != mine && got != with {
				t.Fatalf("%s, call %d: the user's file is a mix: %q", fault.calls, n, got)
			}
			if got := read(t, d.Config()); got != before && !strings.Contains(got, "Host ws-0.team-k.berth\n") {
				t.Fatalf("%s, call %d: the config is a mix:\n%s", fault.calls, n, got)
			}
			if fault.calls != "write,pwrite64" && !strings.Contains(said, ": ") { // a message cannot be written either
				t.Errorf("%s, call %d: nothing is said: %q", fault.calls, n, said)
			}
			for _, f := range filesIn(t, home) {
				// 2 is the runtime, which wakes itself by a write and gives up when
				// that fails: that is a kill, after which the next berth clears up.
				if strings.HasPrefix(filepath.Base(f), ".berth-") && state.ExitCode() != 2 {
					t.Errorf("%s, call %d: %s is left over: %s", fault.calls, n, f, said)
				}
			}
		}
		if failures == 0 {
			t.Errorf("%s never failed", fault.calls)
		}
	}
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
