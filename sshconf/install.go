package sshconf

// The Include line in ~/.ssh/config, which is the user's file.
//
// The new text is staged beside the real file, where ssh reads it and a few of
// the user's hosts must mean the same as before. Then it takes the place of
// the file, unless that changed meanwhile. A link is kept and its target
// replaced; mode and owner stay; a file that may not be written is never made
// writable. Whatever cannot be done comes back with the line to add by hand.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/berth-sh/berth/workspace"
)

// backupName is the copy of the user's file from before the first change.
const backupName = "config.before-berth"

// Status says how the user's file stands.
type Status struct {
	Installed bool   // the line is there and counts
	Line      int    // its line number
	Below     int    // a copy that does not count, inside a Host or Match block; 0 is none
	Shared    bool   // the line includes other files as well, so it is the user's and stays
	File      string // the user's file, as shown to people
	Elsewhere bool   // ssh does not read this home by itself, since it is not the account's: use -F
}

// Installation says what Install or Uninstall did.
type Installation struct {
	Changed bool
	File    string // what was written: the target where ~/.ssh/config is a link
	Backup  string // the copy that was made now, "" for none
	// Unverified is why ssh could not be asked, nil when it was.
	Unverified error
}

// ManualError says that the user's file must not, or cannot, be written. The
// line does the same when it is added, or removed, by hand.
type ManualError struct {
	File string
	Line string // what to add as the first line, or to remove
	Err  error
}

// Error names the file and the reason.
func (e *ManualError) Error() string { return "changing " + e.File + ": " + e.Err.Error() }

// Unwrap gives the reason.
func (e *ManualError) Unwrap() error { return e.Err }

var (
	errReadOnlyFile   = errors.New("file is read-only")
	errReadOnlyFolder = errors.New("folder is read-only")
	errForeign        = errors.New("file belongs to another user")
	errBrokenLink     = errors.New("link leads nowhere")
	errIrregular      = errors.New("not a regular file")
	errBusy           = errors.New("file is changed by something else all the time")
)

func (d *Dir) line() includeLine {
	paths := []string{d.shown("config"), filepath.ToSlash(d.Config()), d.Config()}
	if d.account {
		paths = append(paths, "berth/config") // ssh looks below the account's ~/.ssh
	}
	return includeLine{text: d.Include(), paths: paths}
}

// Installed reads how the user's file stands and changes nothing.
func (d *Dir) Installed() (Status, error) {
	s := Status{File: d.tilde(d.UserConfig()), Elsewhere: !d.account}
	data, err := os.ReadFile(d.UserConfig())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("reading %s: %w", s.File, err)
	}
	p := d.line().find(data)
	s.Installed, s.Line, s.Below, s.Shared = p.top > 0, p.top, p.below, p.top > 0 && !p.alone
	return s, nil
}

// Install adds the line to the user's file, which the caller has consent for,
// and verifies one alias with ssh. A ManualError, with a hint, means that
// nothing was changed and what to do by hand; a MismatchError that the line is
// in place and something else wins over it.
func (d *Dir) Install(ctx context.Context) (Installation, error) {
	var done Installation
	err := d.locked(ctx, func(own *os.Root) error {
		files, err := load(own, true, everyAlias)
		if err != nil {
			return err
		}
		if _, err := d.render(own, files); err != nil {
			return err
		}
		done, err = edit{d: d, change: d.line().add}.run(ctx)
		return err
	})
	if err != nil {
		return done, err
	}
	files, err := d.List()
	if err != nil || len(files) == 0 {
		return done, err
	}
	err = d.Verify(ctx, files[0].Alias)
	if errors.Is(err, ErrNoSSH) {
		done.Unverified, err = err, nil
	}
	return done, err
}

// Uninstall takes the line out again. The files in ~/.ssh/berth stay; without
// the line nothing reads them.
func (d *Dir) Uninstall(ctx context.Context) (Installation, error) {
	var done Installation
	err := d.locked(ctx, func(*os.Root) (err error) {
		remove := func(data []byte) ([]byte, error) { return d.line().remove(data), nil }
		done, err = edit{d: d, change: remove, removing: true}.run(ctx)
		return err
	})
	return done, err
}

// Check compares everything on disk with what it should be, and asks ssh
// about the first aliases. It changes nothing; nil means that all is well.
func (d *Dir) Check(ctx context.Context) error {
	s, err := d.Installed()
	if err != nil {
		return err
	}
	if !s.Installed {
		return workspace.WithHint(fmt.Errorf("%s does not include %s", s.File, d.tilde(d.Config())), "run berth ssh-config install")
	}
	want, err := d.Print()
	if err != nil {
		return err
	}
	if got, err := os.ReadFile(d.Config()); err != nil || !bytes.Equal(got, want) {
		return workspace.WithHint(fmt.Errorf("%s is not what berth would write", d.tilde(d.Config())), "run berth ssh-config install")
	}
	files, err := d.List()
	if err != nil {
		return err
	}
	for _, f := range files[:min(len(files), 3)] {
		if err := d.Verify(ctx, f.Alias); err != nil {
			return err
		}
	}
	return nil
}

// edit is one change of the user's file.
type edit struct {
	d        *Dir
	change   func([]byte) ([]byte, error)
	removing bool
}

func (e edit) run(ctx context.Context) (Installation, error) {
	for range 3 {
		done, err := e.once(ctx)
		if !errors.Is(err, errBusy) {
			return done, err
		}
	}
	return Installation{}, e.byHand(errBusy)
}

func (e edit) once(ctx context.Context) (done Installation, err error) {
	t, err := e.d.openTarget()
	if err != nil {
		return done, e.byHand(err)
	}
	defer func() { _ = t.dir.Close() }() // all writes in it were synced
	done.File = t.path
	after, err := e.change(t.data)
	if err != nil {
		return done, e.byHand(err)
	}
	if bytes.Equal(after, t.data) {
		return done, nil
	}
	if err := t.writable(); err != nil {
		return done, e.byHand(err)
	}
	if err := sweep(t.dir, "."); err != nil {
		return done, e.byHand(err)
	}
	tmp, err := stage(t.dir, ".", bytesOf(after), t.mode, t.owner)
	if err != nil {
		return done, e.byHand(err)
	}
	defer func() { _ = t.dir.Remove(tmp) }() // gone already when the rename was done
	if !e.removing {
		done.Unverified, err = e.unchangedHosts(ctx, t, filepath.Join(filepath.Dir(t.path), tmp))
		if err != nil {
			return done, err
		}
		if done.Backup, err = e.d.backup(t); err != nil {
			return done, e.byHand(err)
		}
	}
	done.Changed, err = e.swap(t, tmp, len(after) == 0)
	return done, err
}

// swap puts tmp in the target's place, unless that has changed. A file that
// holds nothing any more, and that berth itself had made, goes away instead.
func (e edit) swap(t *target, tmp string, empty bool) (bool, error) {
	if !t.untouched() {
		return false, errBusy
	}
	var err error
	if empty && t.info != nil && !e.d.hasBackup() {
		err = t.dir.Remove(filepath.Base(t.path))
	} else {
		err = t.dir.Rename(tmp, filepath.Base(t.path))
	}
	if err != nil {
		return false, e.byHand(err)
	}
	return true, nil
}

// nobody is a host that no file names. An ssh that cannot say how it would be
// reached cannot read the file at all.
const nobody = "berth-check.invalid"

// unchangedHosts asks ssh about some of the user's hosts, and one that nobody
// has, with the file of now and with the staged one. Without ssh it says so in
// unverified.
func (e edit) unchangedHosts(ctx context.Context, t *target, staged string) (unverified, err error) {
	for _, host := range append([]string{nobody}, foreignHosts(t.data, 4)...) {
		var before []byte
		if t.info != nil {
			before, err = e.d.ask(ctx, t.path, host)
			if err != nil && host != nobody && ctx.Err() == nil {
				continue // this host alone is broken already, such as by a ProxyJump to itself
			}
			// A file that is broken already is left to its owner.
		}
		var after []byte
		if err == nil {
			after, err = e.d.ask(ctx, staged, host)
		}
		if errors.Is(err, ErrNoSSH) {
			return err, nil
		}
		if err != nil {
			return nil, err
		}
		if t.info != nil && !bytes.Equal(before, after) {
			return nil, e.byHand(fmt.Errorf("ssh would then reach %s in another way", host))
		}
	}
	return nil, nil
}

// backup keeps the file from before the first change, in ~/.ssh even where
// the file itself lies in a folder of dotfiles. It is never overwritten.
func (d *Dir) backup(t *target) (string, error) {
	if t.info == nil || d.hasBackup() || d.line().find(t.data).top > 0 {
		return "", nil
	}
	dir, err := os.OpenRoot(filepath.Dir(d.UserConfig()))
	if err != nil {
		return "", err
	}
	defer func() { _ = dir.Close() }() // all writes in it were synced
	tmp, err := stage(dir, ".", bytesOf(t.data), t.mode, t.owner)
	if err != nil {
		return "", err
	}
	if err := dir.Rename(tmp, backupName); err != nil {
		_ = dir.Remove(tmp) // the rename error is the one to tell
		return "", err
	}
	return filepath.Join(filepath.Dir(d.UserConfig()), backupName), nil
}

func (d *Dir) hasBackup() bool {
	_, err := os.Lstat(filepath.Join(filepath.Dir(d.UserConfig()), backupName))
	return err == nil
}

// byHand makes any refusal one with a way on.
func (e edit) byHand(err error) error {
	file := e.d.tilde(e.d.UserConfig())
	hint := fmt.Sprintf("remove this line from %s: %s", file, e.d.Include())
	if !e.removing {
		hint = fmt.Sprintf("make this the first line of %s: %s\nor name the file each time: ssh -F %s ALIAS",
			file, e.d.Include(), e.d.tilde(e.d.Config()))
	}
	return workspace.WithHint(&ManualError{File: file, Line: e.d.Include(), Err: err}, hint)
}

// SSHArgs is what ssh needs before the alias to find it: nothing once the
// Include line is in place, else -F and the generated file.
func (d *Dir) SSHArgs() []string {
	if s, err := d.Installed(); err == nil && s.Installed && d.account {
		return nil
	}
	return []string{"-F", d.Config()}
}
