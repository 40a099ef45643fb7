package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"syscall"

	"github.com/pkg/sftp"

	"github.com/berth-sh/berth/workspace"
)

// IncompleteError says which files could not be copied; all others were.
type IncompleteError struct {
	Failed []error
	Copied int64
}

// Error tells the first few.
func (e *IncompleteError) Error() string {
	const shown = 5
	var b strings.Builder
	for i, err := range e.Failed {
		if i == shown {
			fmt.Fprintf(&b, "%d more\n", len(e.Failed)-shown)
			break
		}
		b.WriteString(err.Error() + "\n")
	}
	if len(e.Failed) == 1 && e.Copied == 0 {
		return strings.TrimSuffix(b.String(), "\n")
	}
	fmt.Fprintf(&b, "%d copied, %d not", e.Copied, len(e.Failed))
	return b.String()
}

// Unwrap returns all of them.
func (e *IncompleteError) Unwrap() []error { return e.Failed }

var (
	errChanged = errors.New("it changed while it was copied")
	errSize    = errors.New("the workspace says that it has less than nothing")
	errFull    = errors.New("the workspace's disk is full")
)

// failures collects what could not be copied.
type failures struct {
	mu  sync.Mutex // guards all
	all []error
}

// add takes an error of one file. It returns the error where going on makes no
// sense.
func (f *failures) add(ctx context.Context, name string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	told := explain(fmt.Errorf("copying %s: %w", workspace.Safe(name), err), err)
	if ends(err) {
		return told
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, told)
	return nil
}

// result is the error of a whole copy.
func (f *failures) result(copied int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) == 0 {
		return nil
	}
	return &IncompleteError{Failed: f.all, Copied: copied}
}

// ends reports whether no other file would fare better.
func ends(err error) bool {
	return lost(err) || errors.Is(err, errFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// lost reports whether the connection is over.
func lost(err error) bool {
	var status *sftp.StatusError
	if errors.As(err, &status) {
		return false // the server's own word
	}
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return true // files here have neither
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return errors.Is(err, fs.ErrClosed) // the pipe to ssh; other paths are files here
	}
	return errors.Is(err, sftp.ErrSSHFxConnectionLost) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, fs.ErrClosed)
}

// explain gives an error its kind and hint; cause is what it tells.
func explain(err, cause error) error {
	var status *sftp.StatusError
	switch {
	case lost(cause):
		err = workspace.WithKind(workspace.ErrUnreachable, replaceCause(err, cause, "the connection to the workspace was lost"))
		return workspace.WithHint(err, "the same command with --resume goes on where it ended")
	case errors.Is(cause, errFull), errors.Is(cause, syscall.ENOSPC), errors.Is(cause, syscall.EDQUOT):
		return workspace.WithHint(err, "make room, then the same command with --resume goes on where it ended")
	case errors.Is(cause, fs.ErrNotExist):
		return workspace.WithKind(workspace.ErrNotFound, replaceCause(err, cause, "there is no such file or folder"))
	case errors.Is(cause, fs.ErrPermission):
		return workspace.WithKind(workspace.ErrForbidden, replaceCause(err, cause, "permission denied"))
	case errors.As(cause, &status):
		return replaceCause(err, cause, "the workspace says: "+workspace.Safe(status.Error()))
	}
	return err
}

// replaceCause tells a cause in other words.
func replaceCause(err, cause error, text string) error {
	prefix, _ := strings.CutSuffix(err.Error(), cause.Error())
	return &told{prefix + text, err}
}

// told is an error in other words.
type told struct {
	text string
	err  error
}

func (e *told) Error() string { return e.text }
func (e *told) Unwrap() error { return e.err }
