package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// Download copies a file or folder of the workspace to this machine. Where
// local is a folder the copy goes into it, else local is the copy's name.
func (c *Client) Download(ctx context.Context, remote, local string, o Options) error {
	if o.Meter == nil {
		o.Meter = &Meter{}
	}
	remote = clean(remote)
	info, err := c.sftp.Stat(remote)
	if err != nil {
		return c.top(ctx, remote, err)
	}
	if info.IsDir() && !o.Recursive {
		return workspace.WithHint(workspace.Usagef("%s is a folder", workspace.Safe(remote)), "copy it with everything in it: -r")
	}
	name, err := c.nameOf(remote)
	if err != nil {
		return c.top(ctx, remote, err)
	}
	root, name, err := openTarget(local, name, info.IsDir(), o.Into)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // everything in it was closed
	d := &download{c: c, o: o, root: root, from: remote, to: name}
	t, err := d.look(ctx, info)
	if err != nil {
		return err
	}
	if err := copyAll(ctx, t, d, o, &d.failed); err != nil {
		return err
	}
	return d.failed.result(o.Meter.Read().FilesDone)
}

// top explains an error of what was named on the command line.
func (c *Client) top(ctx context.Context, remote string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return explain(fmt.Errorf("copying %s: %w", workspace.Safe(remote), err), err)
}

// nameOf is what a copy of a path is called in a folder.
func (c *Client) nameOf(remote string) (string, error) {
	name := path.Base(remote)
	if name == "." || name == ".." || name == "/" {
		real, err := c.sftp.RealPath(remote)
		if err != nil {
			return "", err
		}
		name = path.Base(real)
	}
	return name, checkName(name)
}

// openTarget finds the folder that the copy goes to, and its name there.
func openTarget(local, name string, folder, into bool) (*os.Root, string, error) {
	parent := local
	info, err := os.Stat(local)
	switch {
	case err == nil && info.IsDir():
	case into:
		return nil, "", noFolder(local)
	case err == nil && folder:
		return nil, "", workspace.Usagef("%s is a file, and what is copied is a folder", workspace.Safe(local))
	case err == nil:
		// A link that the user has named is theirs to keep.
		if resolved, err := filepath.EvalSymlinks(local); err == nil {
			local = resolved
		}
		parent, name = filepath.Dir(local), filepath.Base(local)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, "", localError(local, err)
	case !folder && (strings.HasSuffix(local, "/") || strings.HasSuffix(local, string(filepath.Separator))):
		return nil, "", noFolder(local)
	default:
		local = filepath.Clean(local)
		parent, name = filepath.Dir(local), filepath.Base(local)
	}
	root, err := os.OpenRoot(parent)
	if err != nil {
		return nil, "", localError(parent, err)
	}
	return root, name, nil
}

func noFolder(name string) error {
	return workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("there is no folder %s", workspace.Safe(name)))
}

// localError explains an error of a path that the user has named.
func localError(local string, err error) error {
	return explain(fmt.Errorf("opening %s: %w", workspace.Safe(local), err), err)
}

// download is one copy to this machine.
type download struct {
	c      *Client
	o      Options
	root   *os.Root
	from   string // in the workspace
	to     string // in root
	failed failures
}

func (d *download) remote(it item) string { return path.Join(d.from, it.place) }
func (d *download) local(it item) string {
	return filepath.Join(d.to, filepath.FromSlash(it.place))
}

// look lists what there is to copy.
func (d *download) look(ctx context.Context, info fs.FileInfo) (tree, error) {
	var t tree
	t.add(item{info: info}, d.o)
	for next := 0; next < len(t.folders); next++ {
		folder := t.folders[next]
		if err := d.list(ctx, folder, &t); err != nil {
			if err := d.failed.add(ctx, folder.name(), err); err != nil {
				return t, err
			}
		}
	}
	return t, ctx.Err()
}

// list adds what is in a folder.
func (d *download) list(ctx context.Context, folder item, t *tree) error {
	if depth(folder.place) > maxDepth {
		return fmt.Errorf("it is more than %d folders deep", maxDepth)
	}
	entries, err := d.c.sftp.ReadDirContext(ctx, d.remote(folder))
	if err != nil {
		return err
	}
	seen := make(map[string]bool, len(entries))
	for _, info := range entries {
		it := item{place: path.Join(folder.place, info.Name()), info: info}
		err := checkName(info.Name())
		if key := fold(info.Name()); err == nil && seen[key] {
			err = errors.New("another name differs from it in case alone, which is one file here")
		} else {
			seen[key] = true
		}
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			it.link, err = d.c.sftp.ReadLink(d.remote(it))
		}
		if err == nil && info.Size() < 0 {
			err = errSize
		}
		if err == nil {
			t.add(it, d.o)
		} else if err := d.failed.add(ctx, it.place, err); err != nil {
			return err
		}
	}
	return nil
}

// fold is what two names of one file have in common here.
func fold(name string) string {
	if folds() {
		return strings.ToLower(name)
	}
	return name
}

func (d *download) folder(_ context.Context, it item) error {
	// Writing in it has to be possible until everything is there.
	err := d.root.Mkdir(d.local(it), it.info.Mode().Perm()|0o700)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := d.root.Stat(d.local(it))
	if err == nil && !info.IsDir() {
		err = errors.New("a file of that name is here")
	}
	return err
}

func (d *download) finish(_ context.Context, it item) error {
	name := d.local(it)
	return errors.Join(d.root.Chmod(name, it.info.Mode().Perm()), d.root.Chtimes(name, it.info.ModTime(), it.info.ModTime()))
}

func (d *download) link(_ context.Context, it item) error {
	if runtime.GOOS == "windows" {
		d.o.note("left out %s: links need a permission on Windows", it.place)
		return nil
	}
	name := d.local(it)
	if info, err := d.root.Lstat(name); err == nil {
		if info.Mode()&fs.ModeSymlink == 0 {
			return errors.New("something else of that name is here")
		}
		if err := d.root.Remove(name); err != nil {
			return err
		}
	}
	return d.root.Symlink(it.link, name)
}
