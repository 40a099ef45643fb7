package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// Upload copies a file or folder of this machine to the workspace. Where remote
// is a folder the copy goes into it, else remote is the copy's name.
func (c *Client) Upload(ctx context.Context, local, remote string, o Options) error {
	if o.Meter == nil {
		o.Meter = &Meter{}
	}
	info, err := os.Stat(local)
	if err != nil {
		return localError(local, err)
	}
	switch {
	case info.IsDir() && !o.Recursive:
		return workspace.WithHint(workspace.Usagef("%s is a folder", workspace.Safe(local)), "copy it with everything in it: -r")
	case !info.IsDir() && !info.Mode().IsRegular():
		return workspace.Usagef("%s is no file and no folder", workspace.Safe(local))
	}
	absolute, err := filepath.Abs(local) // gives . and .. a name
	if err != nil {
		return localError(local, err)
	}
	target, err := c.target(remote, filepath.Base(absolute), info.IsDir(), o.Into)
	if err != nil {
		return c.top(ctx, remote, err)
	}
	u := &upload{c: c, o: o, from: local, to: target}
	t, err := u.look(ctx, info)
	if err != nil {
		return err
	}
	if err := copyAll(ctx, t, u, o, &u.failed); err != nil {
		return err
	}
	return u.failed.result(o.Meter.Read().FilesDone)
}

// target finds the path that the copy goes to.
func (c *Client) target(remote, name string, folder, into bool) (string, error) {
	slash := strings.HasSuffix(remote, "/")
	remote = clean(remote)
	info, err := c.sftp.Stat(remote)
	switch {
	case err == nil && info.IsDir():
		return path.Join(remote, name), nil
	case into && (err == nil || errors.Is(err, fs.ErrNotExist)):
		return "", noFolder(remote)
	case err == nil && folder:
		return "", workspace.Usagef("%s is a file, and what is copied is a folder", workspace.Safe(remote))
	case err == nil:
		// A link that the user has named is theirs to keep.
		if real, err := c.sftp.RealPath(remote); err == nil {
			return real, nil
		}
		return remote, nil
	case errors.Is(err, fs.ErrNotExist) && (folder || !slash):
		return remote, nil
	}
	return "", err
}

// upload is one copy to the workspace.
type upload struct {
	c      *Client
	o      Options
	from   string // on this machine
	to     string // in the workspace
	failed failures
}

func (u *upload) local(it item) string { return filepath.Join(u.from, filepath.FromSlash(it.place)) }

func (u *upload) remote(it item) string { return path.Join(u.to, it.place) }

// look lists what there is to copy. What is in a folder is looked at without
// following links.
func (u *upload) look(ctx context.Context, info fs.FileInfo) (tree, error) {
	var t tree
	t.add(item{info: info}, u.o)
	for next := 0; next < len(t.folders) && ctx.Err() == nil; next++ {
		folder := t.folders[next]
		entries, err := os.ReadDir(u.local(folder))
		if err := u.failed.add(ctx, folder.name(), err); err != nil {
			return t, err
		}
		for _, e := range entries {
			it := item{place: path.Join(folder.place, e.Name())}
			if it.info, err = e.Info(); err == nil && e.Type()&fs.ModeSymlink != 0 {
				it.link, err = os.Readlink(u.local(it))
				it.link = filepath.ToSlash(it.link)
			}
			if err == nil {
				t.add(it, u.o)
			} else if err := u.failed.add(ctx, it.place, err); err != nil {
				return t, err
			}
		}
	}
	return t, ctx.Err()
}

func (u *upload) folder(_ context.Context, it item) error {
	name := u.remote(it)
	err := u.c.sftp.Mkdir(name)
	if err == nil {
		return nil
	}
	info, statErr := u.c.sftp.Stat(name)
	switch {
	case statErr != nil:
		return err
	case !info.IsDir():
		return errors.New("a file of that name is in the workspace")
	}
	return nil
}

func (u *upload) finish(_ context.Context, it item) error {
	name := u.remote(it)
	return errors.Join(u.c.sftp.Chmod(name, it.info.Mode().Perm()), u.c.sftp.Chtimes(name, it.info.ModTime(), it.info.ModTime()))
}

func (u *upload) link(_ context.Context, it item) error {
	name := u.remote(it)
	if info, err := u.c.sftp.Lstat(name); err == nil {
		if info.Mode()&fs.ModeSymlink == 0 {
			return errors.New("something else of that name is in the workspace")
		}
		if err := u.c.sftp.Remove(name); err != nil {
			return err
		}
	}
	return u.c.sftp.Symlink(it.link, name)
}

// full tells a full disk from other failures, for which sftp has one word.
func (c *Client) full(err error, folder string) error {
	if _, ok := c.sftp.HasExtension("statvfs@openssh.com"); !ok || !failure(err) {
		return err
	}
	disk, statErr := c.sftp.StatVFS(folder)
	if statErr != nil || disk.FreeSpace() > uint64(c.packet) {
		return err
	}
	return fmt.Errorf("%w: %w", errFull, err)
}
