package transfer_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berth-sh/berth/tunnel/transfer"
	"github.com/berth-sh/berth/workspace"
)

// inSmallWorld names the folder of a test that runs again in a mount namespace
// of its own, where a small disk can be mounted.
const inSmallWorld = "BERTH_TEST_SMALL_WORLD"

// smallWorld runs the test again as said, and reports whether this is that run;
// disk is then a folder with room for two megabytes.
func smallWorld(t *testing.T) (disk string, inside bool) {
	t.Helper()
	if disk = os.Getenv(inSmallWorld); disk != "" {
		if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=2m"); err != nil {
			t.Fatal(err)
		}
		return disk, true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inSmallWorld+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("in a world of its own: %v\n%s", err, out)
	}
	return "", false
}

func TestAFullDiskHere(t *testing.T) {
	disk, inside := smallWorld(t)
	if !inside {
		return
	}
	there := t.TempDir()
	write(t, filepath.Join(there, "tree/big"), random(5_000_000), 0o644)
	write(t, filepath.Join(disk, "tree/big"), []byte("before"), 0o644)
	err := connect(t, there).Download(t.Context(), "tree", disk, transfer.Options{Recursive: true})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(workspace.HintOf(err), "make room") {
		t.Errorf("error %v, hint %q", err, workspace.HintOf(err))
	}
	wantFile(t, filepath.Join(disk, "tree/big"), []byte("before"))
}

func TestAFullDiskThere(t *testing.T) {
	disk, inside := smallWorld(t)
	if !inside {
		return
	}
	here := t.TempDir()
	write(t, filepath.Join(here, "big"), random(5_000_000), 0o644)
	write(t, filepath.Join(disk, "big"), []byte("before"), 0o644)
	err := connect(t, disk).Upload(t.Context(), filepath.Join(here, "big"), "", transfer.Options{})
	if err == nil || !strings.Contains(err.Error(), "the workspace's disk is full") || !strings.Contains(workspace.HintOf(err), "make room") {
		t.Errorf("error %v, hint %q", err, workspace.HintOf(err))
	}
	wantFile(t, filepath.Join(disk, "big"), []byte("before"))
}
