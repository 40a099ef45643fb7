package sshconf

// The file behind ~/.ssh/config, which may be a link into a folder of dotfiles.

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// target is the file behind ~/.ssh/config.
type target struct {
	path  string
	dir   *os.Root
	data  []byte
	info  fs.FileInfo // nil where there is no file yet
	mode  fs.FileMode
	owner owner
}

func (d *Dir) openTarget() (*target, error) {
	t := &target{path: d.UserConfig(), mode: 0o600, owner: d.owner}
	if _, err := os.Lstat(t.path); err == nil {
		resolved, err := filepath.EvalSymlinks(t.path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errBrokenLink
		}
		if err != nil {
			return nil, err
		}
		t.path = resolved
		if err := t.read(); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var err error
	t.dir, err = os.OpenRoot(filepath.Dir(t.path))
	return t, err
}

func (t *target) read() (err error) {
	if t.info, err = os.Stat(t.path); err != nil {
		return err
	}
	if !t.info.Mode().IsRegular() {
		return errIrregular
	}
	t.mode, t.owner = t.info.Mode().Perm(), ownerOf(t.info)
	if t.owner.set && t.owner.uid == os.Geteuid() {
		t.owner = owner{} // it is ours already; its group may not be ours to give
	}
	t.data, err = os.ReadFile(t.path)
	return err
}

// writable refuses what the user, or a tool of theirs, marked as not to be
// written. Root could write it all the same and does not.
func (t *target) writable() error {
	dir, err := t.dir.Stat(".")
	switch {
	case err != nil:
		return err
	case t.info != nil && t.mode&0o200 == 0:
		return errReadOnlyFile
	case t.info != nil && foreign(t.info):
		return errForeign
	case dir.Mode().Perm()&0o200 == 0:
		return errReadOnlyFolder
	}
	return nil
}

// untouched reports whether the file is still the one that was read.
func (t *target) untouched() bool {
	now, err := os.Stat(t.path)
	if t.info == nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	return err == nil && os.SameFile(now, t.info) && now.ModTime().Equal(t.info.ModTime()) && now.Size() == t.info.Size()
}
