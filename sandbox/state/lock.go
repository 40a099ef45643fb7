package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("locked by another process")

// lockPoll is how often a busy lock is tried again.
const lockPoll = 50 * time.Millisecond

// Lock is a held lock. The kernel releases it when the process dies, however
// it dies, so a lock is never stale.
type Lock struct{ file *flock.Flock }

// LockRun takes the supervisor's lock; ErrLocked when another holds it. It
// tries until ctx ends.
func (f Folder) LockRun(ctx context.Context) (*Lock, error) { return f.lock(ctx, "run.lock") }

// LockUp takes the lock under which up and down change what runs. It waits
// until ctx ends, then returns ErrLocked.
func (f Folder) LockUp(ctx context.Context) (*Lock, error) { return f.lock(ctx, "up.lock") }

func (f Folder) lock(ctx context.Context, name string) (*Lock, error) {
	path := f.Path(name)
	for {
		file := flock.New(path, flock.SetPermissions(0o600))
		ok, err := file.TryLockContext(ctx, lockPoll)
		if !ok {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("taking %s: %w", path, ErrLocked)
			}
			return nil, fmt.Errorf("taking %s: %w", path, err)
		}
		if current(file) {
			return &Lock{file}, nil
		}
		// A purge removed the file while we waited: what we hold locks nobody out.
		if err := file.Close(); err != nil {
			return nil, fmt.Errorf("releasing %s: %w", path, err)
		}
	}
}

// current reports whether the locked file is the one its path names now.
func current(file *flock.Flock) bool {
	held, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(file.Path())
	return err == nil && os.SameFile(held, named)
}

// Release gives the lock up.
func (l *Lock) Release() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("releasing %s: %w", l.file.Path(), err)
	}
	return nil
}
