package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/berth-sh/berth/sandbox/proc"
)

func prepared(t *testing.T) Folder {
	t.Helper()
	f, err := At(filepath.Join(t.TempDir(), "sandbox"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Prepare(); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestALockOnAPurgedFolderLocksNobodyOut(t *testing.T) {
	f := prepared(t)
	first, err := f.LockUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	brief, cancel := context.WithTimeout(t.Context(), 2*lockPoll)
	defer cancel()
	if _, err := f.LockUp(brief); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second lock: %v, want %v", err, ErrLocked)
	}
	if err := f.Purge(); err != nil {
		t.Fatal(err)
	}
	if err := f.Prepare(); err != nil {
		t.Fatal(err)
	}
	second, err := f.LockUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	brief, cancel = context.WithTimeout(t.Context(), 2*lockPoll)
	defer cancel()
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.LockUp(brief); !errors.Is(err, ErrLocked) {
		t.Errorf("a third lock: %v, want %v", err, ErrLocked)
	}
	if err := second.Release(); err != nil {
		t.Error(err)
	}
}

func TestStatusOfADeadSupervisorIsStopped(t *testing.T) {
	f := prepared(t)
	me, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name       string
		supervisor proc.ID
		want       Phase
	}{
		{"alive", me, Running},
		{"another process has its id", proc.ID{PID: me.PID, Start: "long ago"}, Stopped},
		{"none", proc.ID{}, Stopped},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := f.SaveStatus(Status{Phase: Running, Supervisor: test.supervisor}); err != nil {
				t.Fatal(err)
			}
			got, err := f.LoadStatus()
			if err != nil {
				t.Fatal(err)
			}
			if got.Phase != test.want {
				t.Errorf("phase %q, want %q", got.Phase, test.want)
			}
		})
	}
	if err := os.WriteFile(f.Path("status.json"), []byte(`{"phase": "run`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := f.LoadStatus(); err != nil || got.Phase != Stopped {
		t.Errorf("a damaged status: %q, %v; want stopped", got.Phase, err)
	}
}

func TestPurgeRemovesReadOnlyFolders(t *testing.T) {
	f := prepared(t)
	cache := f.Path("volumes", "home", "cache")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cache, "module"), nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(cache, 0o500); err != nil {
		t.Fatal(err)
	}
	if err := f.Purge(); err != nil {
		t.Fatal(err)
	}
	if f.Exists() {
		t.Error("the folder is still there")
	}
}

func TestListenTellsATakenPort(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	port, err := FreePort(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := Listen(ctx, port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }() // the test's end
	if _, err := Listen(ctx, port); !errors.Is(err, ErrPortTaken) {
		t.Errorf("listening twice: %v, want %v", err, ErrPortTaken)
	}
}
