//go:build unix

package connect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openOwn opens the file at path when only its user may have written it: no
// link in its own place, a regular file, owned as permitted says. The checks
// are of the open file, so that it cannot be swapped in between. Links on the
// way are the user's business: many keep all of ~/.ssh elsewhere.
func openOwn(path string) (*os.File, error) {
	// Without O_NONBLOCK the opening of a named pipe waits for a writer.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%w: it is a link", errUntrusted)
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil {
		err = permitted(info, os.Geteuid())
	}
	if err != nil {
		_ = file.Close() // the error at hand is the one to report
		return nil, err
	}
	return file, nil
}

// permitted refuses files that others than the user me and root may write.
// Root trusts every owner: it may work in a home that is not its own, where
// berth gives the files to that home's user.
func permitted(info fs.FileInfo, me int) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: it is not a regular file", errUntrusted)
	}
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return fmt.Errorf("%w: others may write it (mode %04o)", errUntrusted, perm)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && me != 0 && stat.Uid != 0 && int(stat.Uid) != me {
		return fmt.Errorf("%w: it belongs to another user (uid %d)", errUntrusted, stat.Uid)
	}
	return nil
}
