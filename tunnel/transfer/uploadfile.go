package transfer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/pkg/sftp"
)

// file copies one file to the workspace.
func (u *upload) file(ctx context.Context, it item) error {
	source, err := os.Open(u.local(it))
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // opened to read
	// What was opened may be another file than the one that was looked at.
	info, err := source.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != it.info.Size() {
		return errChanged
	}
	name := u.remote(it)
	before, err := u.c.sftp.Lstat(name)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err != nil:
		before = nil
	case before.IsDir():
		return errors.New("a folder of that name is in the workspace")
	case special(before):
		return errSpecial("in the workspace")
	case !before.Mode().IsRegular():
		before = nil
	case u.o.Resume && u.there(ctx, it, source, before):
		u.o.Meter.keep(info.Size())
		return nil
	}
	offset := u.resumable(ctx, it, source)
	if err := u.fill(ctx, source, it, offset, before); err != nil {
		return u.c.full(err, path.Dir(name))
	}
	return u.c.replace(partial(name), name)
}

// there reports whether the file is in the workspace already.
func (u *upload) there(ctx context.Context, it item, source *os.File, far fs.FileInfo) bool {
	if far.Size() != it.info.Size() {
		return false
	}
	return u.o.Preserve && far.ModTime().Unix() == it.info.ModTime().Unix() || u.equal(ctx, it, source, u.remote(it), far.Size())
}

// resumable is how much of the file an earlier copy has left in the workspace.
// Its end is not trusted: writes were on their way at the same time, and a
// later one may have arrived where an earlier one did not.
func (u *upload) resumable(ctx context.Context, it item, source *os.File) int64 {
	if !u.o.Resume {
		return 0
	}
	name := partial(u.remote(it))
	info, err := u.c.sftp.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	n := min(info.Size(), it.info.Size()) - inFlight
	if n <= 0 {
		return 0
	}
	if !u.equal(ctx, it, source, name, n) {
		u.o.note("%s: what is in the workspace is not its beginning, so it starts anew", it.name())
		return 0
	}
	return n
}

// equal reports whether the first n bytes are the same on both sides.
func (u *upload) equal(ctx context.Context, it item, source *os.File, name string, n int64) bool {
	if u.o.Sum == nil {
		return false
	}
	here, err := sumOf(ctx, io.NewSectionReader(source, 0, n), n)
	if err != nil {
		return false
	}
	far, err := u.o.Sum(ctx, name, n)
	if err != nil {
		u.o.note("%s cannot be compared: %v", it.name(), err)
	}
	return err == nil && here == far
}

// fill writes the unfinished file from an offset on, and gives it its mode.
func (u *upload) fill(ctx context.Context, source *os.File, it item, offset int64, before fs.FileInfo) (err error) {
	name := partial(u.remote(it))
	to, now, err := u.c.create(name, offset > 0)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := to.Close(); err == nil {
			err = closeErr
		}
	}()
	want := u.mode(it, before)
	// A file that is private here must not be readable there on its way.
	if now&^want&0o077 != 0 {
		now = now&want | 0o600
		if err := to.Chmod(now); err != nil {
			return err
		}
	}
	if err := u.send(ctx, source, to, it, offset); err != nil {
		return err
	}
	if now != want {
		if err := to.Chmod(want); err != nil {
			return err
		}
	}
	if !u.o.Preserve {
		return nil
	}
	return u.c.sftp.Chtimes(name, it.info.ModTime(), it.info.ModTime())
}

// create opens an unfinished file and tells its mode. Where it is not to be
// continued, what lies there goes: it may be a link, which is not written
// through.
func (c *Client) create(name string, again bool) (*sftp.File, fs.FileMode, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if again {
		flags = os.O_WRONLY
	}
	f, err := c.sftp.OpenFile(name, flags)
	if err != nil && !again && !lost(err) && c.sftp.Remove(name) == nil {
		f, err = c.sftp.OpenFile(name, flags)
	}
	if err != nil {
		return nil, 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.umask != nil && !again {
		return f, 0o666 &^ *c.umask, nil
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // the error at hand is the one to report
		return nil, 0, err
	}
	mode := info.Mode().Perm()
	if !again {
		// The server makes files 0666 but for its umask. What that takes from
		// reading it takes from executing.
		mask := 0o666 &^ mode
		mask |= mask & 0o444 >> 2
		c.umask = &mask
	}
	return f, mode, nil
}

// send writes the bytes.
func (u *upload) send(ctx context.Context, source *os.File, to *sftp.File, it item, offset int64) error {
	if offset > 0 {
		if err := to.Truncate(offset); err != nil {
			return err
		}
		if _, err := to.Seek(offset, io.SeekStart); err != nil {
			return err
		}
	}
	size := it.info.Size()
	u.o.Meter.keep(offset)
	from := &metered{stoppable{ctx, io.NewSectionReader(source, offset, size-offset)}, u.o.Meter}
	n, err := to.ReadFromWithConcurrency(from, u.c.requests(size-offset))
	if err == nil && n != size-offset {
		err = errChanged
	}
	return err
}

// metered counts what is read.
type metered struct {
	stoppable
	meter *Meter
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.stoppable.Read(b)
	m.meter.moved(int64(n))
	return n, err
}

// mode is what the complete file gets: its own, without what the server's
// umask takes; the one of the file that it replaces; or exactly its own where
// modes are to be kept.
func (u *upload) mode(it item, before fs.FileInfo) fs.FileMode {
	own := it.info.Mode().Perm()
	switch {
	case u.o.Preserve:
		return own
	case before != nil:
		return before.Mode().Perm()
	}
	return own &^ u.c.mask()
}

// mask is the server's umask, as far as it has shown.
func (c *Client) mask() fs.FileMode {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.umask == nil {
		return 0o022
	}
	return *c.umask
}

// replace puts the complete file in its place, at once where the server can.
func (c *Client) replace(partial, name string) error {
	if _, ok := c.sftp.HasExtension("posix-rename@openssh.com"); ok {
		return c.sftp.PosixRename(partial, name)
	}
	err := c.sftp.Rename(partial, name)
	if err == nil {
		return nil
	}
	// The older request never replaces a file.
	if removeErr := c.sftp.Remove(name); removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
		return err
	}
	return c.sftp.Rename(partial, name)
}

// failure reports whether err is sftp's word for everything else.
func failure(err error) bool {
	const other = 4 // SSH_FX_FAILURE
	var status *sftp.StatusError
	return errors.As(err, &status) && status.Code == other
}
