package transfer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/pkg/sftp"
)

// file copies one file to this machine.
func (d *download) file(ctx context.Context, it item) error {
	name, remote := d.local(it), d.remote(it)
	before, err := d.root.Lstat(name)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && before.IsDir():
		return errors.New("a folder of that name is here")
	case err == nil && special(before):
		return errSpecial("here")
	case err == nil && !before.Mode().IsRegular():
		before = nil // a link is replaced, never written through
	case err == nil && d.o.Resume && d.there(ctx, it, before):
		d.o.Meter.keep(it.info.Size())
		return nil
	}
	source, err := d.c.sftp.Open(remote)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // opened to read
	offset := d.resumable(ctx, it)
	if err := d.fill(ctx, source, it, offset); err != nil {
		return err
	}
	return d.settle(it, before)
}

// there reports whether the file is here already. Times that are kept tell;
// else the content has to.
func (d *download) there(ctx context.Context, it item, here fs.FileInfo) bool {
	if here.Size() != it.info.Size() {
		return false
	}
	return d.o.Preserve && here.ModTime().Unix() == it.info.ModTime().Unix() || d.equal(ctx, it, d.local(it), here.Size())
}

// resumable is how much of the file an earlier copy has left here.
func (d *download) resumable(ctx context.Context, it item) int64 {
	if !d.o.Resume {
		return 0
	}
	name := partial(d.local(it))
	info, err := d.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > it.info.Size() {
		return 0
	}
	if !d.equal(ctx, it, name, info.Size()) {
		d.o.note("%s: what is here is not its beginning, so it starts anew", it.name())
		return 0
	}
	return info.Size()
}

// equal reports whether the first n bytes are the same on both sides.
func (d *download) equal(ctx context.Context, it item, name string, n int64) bool {
	if d.o.Sum == nil {
		return false
	}
	f, err := d.root.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // opened to read
	here, err := sumOf(ctx, f, n)
	if err != nil {
		return false
	}
	far, err := d.o.Sum(ctx, d.remote(it), n)
	if err != nil {
		d.o.note("%s cannot be compared: %v", it.name(), err)
	}
	return err == nil && here == far
}

// fill writes the unfinished file from an offset on.
func (d *download) fill(ctx context.Context, source *sftp.File, it item, offset int64) (err error) {
	flags := os.O_WRONLY | os.O_CREATE
	name := partial(d.local(it))
	if offset == 0 {
		// What lies there may be a link, which is not written through.
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		flags |= os.O_EXCL
	}
	to, err := d.root.OpenFile(name, flags, it.info.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if err := to.Truncate(offset); err != nil {
		return err
	}
	if _, err := to.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	if _, err := source.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	d.o.Meter.keep(offset)
	w := &counted{ctx: ctx, to: to, left: it.info.Size() - offset, meter: d.o.Meter}
	_, err = source.WriteTo(w)
	switch {
	case errors.Is(err, errEnough):
		d.o.note("%s grew while it was copied: the copy has its first %d bytes", it.name(), it.info.Size())
		return nil
	case err == nil && w.left != 0:
		return errChanged
	}
	return err
}

// settle puts the complete file in its place. Where there was one, its mode
// stays, unless modes are to be kept.
func (d *download) settle(it item, before fs.FileInfo) error {
	name := d.local(it)
	mode := it.info.Mode().Perm()
	switch {
	case d.o.Preserve:
		if err := d.root.Chmod(partial(name), mode); err != nil {
			return err
		}
		if err := d.root.Chtimes(partial(name), it.info.ModTime(), it.info.ModTime()); err != nil {
			return err
		}
	case before != nil:
		if err := d.root.Chmod(partial(name), before.Mode().Perm()); err != nil {
			return err
		}
	case mode&0o200 == 0:
		info, err := d.root.Stat(partial(name)) // as the umask has left it
		if err != nil {
			return err
		}
		if err := d.root.Chmod(partial(name), info.Mode().Perm()&^0o200); err != nil {
			return err
		}
	}
	return d.root.Rename(partial(name), name)
}

// errEnough ends a copy of a file that has more than it was said to have: it
// grows, or it never ends.
var errEnough = errors.New("it has more than it was said to have")

// counted is a file of known length that ends with a context.
type counted struct {
	ctx   context.Context
	to    io.Writer
	left  int64
	meter *Meter
}

func (c *counted) Write(b []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.to.Write(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	c.meter.moved(int64(n))
	if err == nil && n < len(b) {
		err = errEnough
	}
	return n, err
}
