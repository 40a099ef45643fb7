package sshconf_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
)

func install(t *testing.T, d *sshconf.Dir) sshconf.Installation {
	t.Helper()
	done, err := d.Install(t.Context())
	if err != nil {
		t.Fatalf("Install: %v (hint: %s)", err, workspace.HintOf(err))
	}
	return done
}

func TestInstallThenUninstallGivesTheFileBack(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{
		"hosts":         "Host a\n  User b\n",
		"crlf":          "Host a\r\n  User b\r\n",
		"match first":   "Match host x\n  User b\nHost *\n  IdentityFile ~/.ssh/id_work\n",
		"no line break": "Host a",
		"empty":         "",
		"hostile":       hostile,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, home := newDir(t)
			put(t, d, teamA, file(t, "api"))
			config := filepath.Join(home, ".ssh", "config")
			write(t, config, before, 0o640)
			done := install(t, d)
			if !done.Changed || done.Unverified != nil || read(t, done.Backup) != before {
				t.Errorf("Install = %+v", done)
			}
			if s, err := d.Installed(); err != nil || !s.Installed || s.Line != 1 {
				t.Errorf("Installed = %+v, %v", s, err)
			}
			if err := d.Check(t.Context()); err != nil {
				t.Errorf("Check: %v", err)
			}
			if again := install(t, d); again.Changed || again.Backup != "" {
				t.Errorf("second Install = %+v", again)
			}
			if fi, err := os.Stat(config); err != nil || fi.Mode().Perm() != 0o640 {
				t.Errorf("mode %v, %v", fi.Mode(), err)
			}
			if done, err := d.Uninstall(t.Context()); err != nil || !done.Changed {
				t.Errorf("Uninstall = %+v, %v", done, err)
			}
			if got := read(t, config); got != before {
				t.Errorf("file is %q, was %q", got, before)
			}
			assertNoTemps(t, filepath.Join(home, ".ssh"))
		})
	}
}

func assertNoTemps(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".tmp") {
			t.Errorf("left over: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestInstallWithoutAnyFile(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	done := install(t, d)
	config := filepath.Join(home, ".ssh", "config")
	if !done.Changed || done.Backup != "" || read(t, config) != d.Include()+"\n" {
		t.Errorf("Install = %+v", done)
	}
	for path, mode := range map[string]os.FileMode{filepath.Dir(config): 0o700, config: 0o600} {
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, fi.Mode(), err)
		}
	}
	if _, err := d.Uninstall(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(config); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that berth made stays: %v", err)
	}
}

func TestTheFirstBackupIsKept(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	config := filepath.Join(home, ".ssh", "config")
	write(t, config, "Host first\n", 0o600)
	backup := install(t, d).Backup
	write(t, config, "Host second\n", 0o600)
	if again := install(t, d); again.Backup != "" || read(t, backup) != "Host first\n" {
		t.Errorf("backup is %q", read(t, backup))
	}
}

func TestLinkedConfigKeepsItsLink(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	dotfiles := t.TempDir()
	real := filepath.Join(dotfiles, "ssh_config")
	write(t, real, "Host a\n", 0o644)
	config := filepath.Join(home, ".ssh", "config")
	if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dotfiles, "hop"), config); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("ssh_config", filepath.Join(dotfiles, "hop")); err != nil {
		t.Fatal(err)
	}
	done := install(t, d)
	if fi, err := os.Lstat(config); err != nil || fi.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", fi.Mode(), err)
	}
	if got := read(t, real); got != d.Include()+"\nHost a\n" {
		t.Errorf("target is %q", got)
	}
	if filepath.Dir(done.Backup) != filepath.Dir(config) {
		t.Errorf("backup %s is not in ~/.ssh", done.Backup)
	}
	if fi, err := os.Stat(real); err != nil || fi.Mode().Perm() != 0o644 {
		t.Errorf("mode of the target: %v, %v", fi.Mode(), err)
	}
	assertNoTemps(t, dotfiles)
}

func TestFilesThatMayNotBeWritten(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, config string){
		"read-only file": func(t *testing.T, config string) {
			write(t, config, "Host a\n", 0o444)
		},
		"read-only folder behind a link": func(t *testing.T, config string) {
			store := t.TempDir()
			write(t, filepath.Join(store, "config"), "Host a\n", 0o644)
			link(t, filepath.Join(store, "config"), config)
			chmod(t, store, 0o555)
			t.Cleanup(func() { chmod(t, store, 0o755) })
		},
		"dangling link": func(t *testing.T, config string) { link(t, "/nowhere/config", config) },
		"looping link":  func(t *testing.T, config string) { link(t, config, config) },
		"folder": func(t *testing.T, config string) {
			if err := os.Mkdir(config, 0o700); err != nil {
				t.Fatal(err)
			}
		},
		"null device": func(t *testing.T, config string) { link(t, os.DevNull, config) },
		"utf-16":      func(t *testing.T, config string) { write(t, config, "\xff\xfeH\x00", 0o600) },
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, home := newDir(t)
			put(t, d, teamA, file(t, "api"))
			config := filepath.Join(home, ".ssh", "config")
			prepare(t, config)
			before, _ := os.ReadFile(config) // some of them cannot be read
			info, err := os.Lstat(config)
			if err != nil {
				t.Fatal(err)
			}
			_, err = d.Install(t.Context())
			var manual *sshconf.ManualError
			if !errors.As(err, &manual) || manual.Line != d.Include() {
				t.Fatalf("Install: %v", err)
			}
			if hint := workspace.HintOf(err); !strings.Contains(hint, d.Include()) || !strings.Contains(hint, "ssh -F ") {
				t.Errorf("hint %q", hint)
			}
			after, _ := os.ReadFile(config) // as above
			if now, err := os.Lstat(config); err != nil || string(after) != string(before) || !os.SameFile(now, info) || now.Mode() != info.Mode() {
				t.Errorf("the file was touched: %q", after)
			}
			if got := sshG(t, d.Config(), "api.team-a.berth"); got["user"] != "dev" {
				t.Errorf("ssh -F does not work: %v", got)
			}
			if args := d.SSHArgs(); len(args) != 2 || args[1] != d.Config() {
				t.Errorf("SSHArgs = %q", args)
			}
			assertNoTemps(t, filepath.Join(home, ".ssh"))
		})
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestABrokenConfigIsLeftAlone(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	config := filepath.Join(home, ".ssh", "config")
	const broken = "Host a\n  NoSuchKeyword yes\n"
	write(t, config, broken, 0o600)
	_, err := d.Install(t.Context())
	if err == nil || !strings.Contains(strings.ToLower(err.Error()), "nosuchkeyword") || workspace.HintOf(err) == "" {
		t.Errorf("Install: %v", err)
	}
	if got := read(t, config); got != broken {
		t.Errorf("file is %q", got)
	}
	assertNoTemps(t, filepath.Join(home, ".ssh"))
}

// A host that would mean something else afterwards stops the change: here it
// stands for whatever a config can do that nobody thought of.
func TestAHostThatWouldChangeStopsInstall(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	config := filepath.Join(home, ".ssh", "config")
	const text = "Host mine.team-a.berth\n  User me\n"
	write(t, config, text, 0o600)
	_, err := d.Install(t.Context())
	var manual *sshconf.ManualError
	if !errors.As(err, &manual) || !strings.Contains(err.Error(), "mine.team-a.berth") {
		t.Errorf("Install: %v", err)
	}
	if got := read(t, config); got != text {
		t.Errorf("file is %q", got)
	}
}

func TestVerifyNamesTheLineThatWins(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	put(t, d, teamA, file(t, "api"))
	config := filepath.Join(home, ".ssh", "config")
	write(t, config, "# mine\nUser zz\n"+d.Include()+"\n", 0o600)
	_, err := d.Install(t.Context())
	var mismatch *sshconf.MismatchError
	if !errors.As(err, &mismatch) {
		t.Fatalf("Install: %v", err)
	}
	if mismatch.Key != "user" || mismatch.Want != "dev" || mismatch.Got != "zz" || !strings.Contains(mismatch.Where, "line 2: User zz") {
		t.Errorf("mismatch %+v", mismatch)
	}
	if hint := workspace.HintOf(err); !strings.Contains(hint, "first line") {
		t.Errorf("hint %q", hint)
	}

	write(t, config, "Host x\n"+d.Include()+"\n", 0o600)
	err = d.Verify(t.Context(), "api.team-a.berth")
	if hint := workspace.HintOf(err); !strings.Contains(hint, "line 2") {
		t.Errorf("include below a block: %v, hint %q", err, hint)
	}
	if err := d.Check(t.Context()); err == nil {
		t.Error("Check is content")
	}
	if s, err := d.Installed(); err != nil || s.Installed || s.Below != 2 {
		t.Errorf("Installed = %+v, %v", s, err)
	}
	install(t, d)
	if got := read(t, config); !strings.HasPrefix(got, d.Include()+"\nHost x\n") {
		t.Errorf("config %q", got)
	}
}

// A host that ssh cannot reach by the user's own doing is no reason to refuse
// the line; a file that it cannot read is.
func TestABrokenHostOfTheUsersIsLeftAlone(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	config := filepath.Join(home, ".ssh", "config")
	const loop = "Host bastion\n  User me\nHost *\n  ProxyJump bastion\n"
	write(t, config, loop, 0o600)
	if done := install(t, d); !done.Changed || read(t, config) != d.Include()+"\n"+loop {
		t.Errorf("Install = %+v:\n%s", done, read(t, config))
	}
	d, home = newDir(t)
	config = filepath.Join(home, ".ssh", "config")
	const broken = "Host bastion\n  NoSuchKeyword me\n"
	write(t, config, broken, 0o600)
	if _, err := d.Install(t.Context()); err == nil || read(t, config) != broken {
		t.Errorf("a file that ssh refuses was changed: %v", err)
	}
}
