package sshconf

// How files reach the disk.
//
// All writes happen under one lock, and each replaces a whole file: temporary
// file in the same folder, fsync, mode, owner, rename. A reader, or a crash,
// meets the old file or the new one. Folders are opened as os.Root, so a link
// that was planted in one of them leads nowhere else.
//
// This is written by hand because the libraries for it lose what is needed
// here. They take paths and not an os.Root, so a folder that is swapped between
// a check and the write leads the file elsewhere. They give the new file to
// whoever runs, and handing it over after the rename leaves a moment, or after
// a kill a state, in which its user cannot read it and ssh refuses all its
// hosts. The staged text of the user's own config must also be there for ssh
// to read before it is renamed.

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unique"

	"github.com/gofrs/flock"

	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

const (
	tempPrefix = ".berth-" // of temporary files; what is left of a crash goes at the next run
	tempSuffix = ".tmp"
	// lockWait bounds waiting for another berth: the longest that one holds
	// the lock is a few runs of ssh -G.
	lockWait  = 15 * time.Second
	lockRetry = 5 * time.Millisecond
)

// locked runs work with the folder open and its lock held.
func (d *Dir) locked(ctx context.Context, work func(own *os.Root) error) (err error) {
	if err := d.makeFolders(); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(d.path, ".lock"))
	wait, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	if _, err := lock.TryLockContext(wait, lockRetry); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("waiting for the lock in %s: %w", d.tilde(d.path), ctx.Err())
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return workspace.WithHint(fmt.Errorf("waiting for the lock in %s: another berth holds it", d.tilde(d.path)),
				"end the other berth, or try again")
		}
		return fmt.Errorf("locking %s: %w", d.tilde(d.path), err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()

	own, err := os.OpenRoot(d.path)
	if err != nil {
		return fmt.Errorf("opening %s: %w", d.tilde(d.path), err)
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	if err := d.give(own, ".lock"); err != nil {
		return err
	}
	if err := sweep(own, "."); err != nil {
		return err
	}
	return work(own)
}

// makeFolders makes ~/.ssh, berth and alias where they are missing, and
// corrects the mode of the two that berth owns. A link in place of either is
// refused: it could lead the files anywhere.
func (d *Dir) makeFolders() error {
	ssh := filepath.Dir(d.path)
	if err := d.makeFolder(ssh); err != nil {
		return err
	}
	for _, dir := range []string{d.path, filepath.Join(d.path, "alias")} {
		if err := d.makeFolder(dir); err != nil {
			return err
		}
		fi, err := os.Lstat(dir)
		if err != nil {
			return fmt.Errorf("reading %s: %w", d.tilde(dir), err)
		}
		if !fi.IsDir() || foreign(fi) {
			return workspace.WithHint(fmt.Errorf("using %s: it is a link, a file, or somebody else's", d.tilde(dir)),
				"remove it; berth makes the folder anew")
		}
		if perm := fi.Mode().Perm(); perm&0o077 != 0 || perm&0o700 != 0o700 {
			if err := os.Chmod(dir, 0o700); err != nil {
				return fmt.Errorf("making %s private: %w", d.tilde(dir), err)
			}
		}
	}
	return nil
}

func (d *Dir) makeFolder(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil && d.owner.set {
		err = os.Chown(path, d.owner.uid, d.owner.gid)
	}
	if err != nil {
		return fmt.Errorf("making %s: %w", d.tilde(path), err)
	}
	return nil
}

// give hands a new file to the home's owner where root works for somebody.
func (d *Dir) give(root *os.Root, name string) error {
	if !d.owner.set {
		return nil
	}
	if err := root.Lchown(name, d.owner.uid, d.owner.gid); err != nil {
		return fmt.Errorf("giving %s to its user: %w", name, err)
	}
	return nil
}

// sweep removes temporary files that a crash left. Under the lock nobody else
// is writing.
func sweep(root *os.Root, dir string) error {
	entries, err := fs.ReadDir(root.FS(), dir)
	if err != nil {
		return fmt.Errorf("reading %s: %w", dir, err)
	}
	for _, e := range entries {
		if isTemp(e.Name()) {
			if err := root.Remove(dir + "/" + e.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("removing a left-over file: %w", err)
			}
		}
	}
	return nil
}

func isTemp(name string) bool {
	return strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix)
}

// stage writes a new temporary file in root, complete and synced, and gives its
// name. The caller renames or removes it.
func stage(root *os.Root, dir string, content content, mode fs.FileMode, to owner) (name string, err error) {
	name = filepath.Join(dir, tempPrefix+rand.Text()[:12]+tempSuffix)
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	err = content(f)
	if err == nil {
		err = f.Chmod(mode) // whatever the umask is
	}
	if err == nil && to.set {
		err = f.Chown(to.uid, to.gid)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = root.Remove(name) // the write error is the one to tell; sweep takes what is left
		return "", err
	}
	return name, nil
}

// content writes what a file is to say.
type content func(io.Writer) error

// bytesOf is content that is there already.
func bytesOf(data []byte) content {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// write replaces an own small file, unless it already is as wanted. It reports
// whether it wrote.
func (d *Dir) write(own *os.Root, name string, data []byte) (bool, error) {
	old, err := own.ReadFile(name)
	return d.replace(own, name, bytesOf(data), err == nil && bytes.Equal(old, data), err)
}

// stream is write for content that is large and quickly made: that of the files
// for thousands of aliases is made twice rather than held.
func (d *Dir) stream(own *os.Root, name string, content content) (bool, error) {
	same, err := says(own, name, content)
	return d.replace(own, name, content, same, err)
}

// says reports whether a file has that content.
func says(own *os.Root, name string, content content) (bool, error) {
	f, err := own.Open(name)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // opened to read
	c := comparison{with: bufio.NewReader(f)}
	if err := content(&c); err != nil {
		return false, err
	}
	if c.differs {
		return false, nil
	}
	_, err = c.with.ReadByte()
	return errors.Is(err, io.EOF), nil
}

// comparison compares what is written to it with what can be read.
type comparison struct {
	with    *bufio.Reader
	differs bool
}

// Write implements io.Writer.
func (c *comparison) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0 && !c.differs; {
		old, err := c.with.Peek(min(len(rest), c.with.Size()))
		n := len(old)
		c.differs = err != nil || !bytes.Equal(old, rest[:n])
		_, _ = c.with.Discard(n) // it is in the buffer
		rest = rest[n:]
	}
	return len(p), nil
}

// replace writes a file that is not the same already. err is how reading it has
// failed.
func (d *Dir) replace(own *os.Root, name string, content content, same bool, err error) (bool, error) {
	if err == nil && same {
		return false, d.private(own, name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("reading %s: %w", name, err)
	}
	tmp, err := stage(own, filepath.Dir(name), content, 0o600, d.owner)
	if err != nil {
		return false, fmt.Errorf("writing %s: %w", name, err)
	}
	if err := own.Rename(tmp, name); err != nil {
		_ = own.Remove(tmp) // the rename error is the one to tell
		return false, fmt.Errorf("writing %s: %w", name, err)
	}
	return true, nil
}

// private takes group and others off an own file: ssh refuses to read any
// config at all while one included file is writable for them.
func (d *Dir) private(own *os.Root, name string) error {
	fi, err := own.Lstat(name)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if fi.Mode().Perm()&0o077 != 0 {
		if err := own.Chmod(name, 0o600); err != nil {
			return fmt.Errorf("making %s private: %w", name, err)
		}
	}
	if o := ownerOf(fi); d.owner.set && o.set && o.uid != d.owner.uid {
		return d.give(own, name)
	}
	return nil
}

// load reads the alias files whose names are wanted. Files that are damaged, or that break the
// grammar, are left out: they get no Host block and the next complete list
// writes them again. A file of a newer berth is an error, because rendering
// without it would drop its alias. tidy removes what a crash left; the caller
// then holds the lock.
func load(own *os.Root, tidy bool, wanted func(alias string) bool) (map[string]*alias.File, error) {
	dir, err := own.OpenRoot("alias")
	if err != nil {
		return nil, fmt.Errorf("reading alias files: %w", err)
	}
	defer func() { _ = dir.Close() }() // opened to read
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("reading alias files: %w", err)
	}
	files := make(map[string]*alias.File, len(entries))
	var data []byte
	for _, e := range entries {
		if isTemp(e.Name()) && tidy {
			_ = dir.Remove(e.Name()) // the next run tries again
		}
		if !e.Type().IsRegular() || isTemp(e.Name()) || !wanted(e.Name()) {
			continue
		}
		if data, err = readSmall(dir, e.Name(), data[:0]); err != nil {
			return nil, fmt.Errorf("reading alias %s: %w", workspace.Safe(e.Name()), err)
		}
		f, err := alias.Parse(data)
		if errors.Is(err, alias.ErrNewer) {
			return nil, workspace.WithHint(fmt.Errorf("reading alias %s: %w", workspace.Safe(e.Name()), err), "update this berth")
		}
		if err == nil && f.Alias == e.Name() && checkFile(f) == nil {
			files[f.Alias] = compact(f)
		}
	}
	return files, nil
}

// compact keeps of a file that was read no more than what it says: what all the
// aliases of a cluster have in common is there once, and not the text that it
// was read from.
func compact(f alias.File) *alias.File {
	for _, own := range []*string{&f.Alias, &f.Name, &f.UID, &f.HostKey, &f.Authority} {
		*own = strings.Clone(*own)
	}
	for _, shared := range []*string{
		&f.Cluster, &f.Namespace, &f.User, (*string)(&f.Transport), &f.Address, &f.ServerName, &f.CA, &f.ClientCert, &f.ClientKey,
		&f.TokenFile, &f.TokenCommand, &f.Proxy, &f.Kubeconfig, &f.Context, &f.Origin,
	} {
		*shared = unique.Make(*shared).Value()
	}
	return &f
}

// maxFile caps what is read into memory from a small file.
const maxFile = 1 << 20

// readSmall reads a small file into room that is there already, as far as that
// goes.
func readSmall(root *os.Root, name string, room []byte) (data []byte, err error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // opened to read
	b := bytes.NewBuffer(room)
	if _, err := b.ReadFrom(io.LimitReader(f, maxFile+1)); err != nil {
		return nil, err
	}
	if b.Len() > maxFile {
		return nil, errors.New("file is too large")
	}
	return b.Bytes(), nil
}
