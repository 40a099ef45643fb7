//go:build unix

package connect

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/berth-sh/berth/workspace/alias"
)

const ownName = "api.team-a.berth"

// writeAlias writes a good alias file below dir.
func writeAlias(t *testing.T, dir string) (path string) {
	t.Helper()
	path = AliasPath(dir, ownName)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	data, err := alias.File{Alias: ownName, Transport: alias.Direct}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadAliasRefusesFilesThatOthersMayHaveWritten(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(path string) error
		want  string // "" means that the file is good
	}{
		"private":          {func(string) error { return nil }, ""},
		"readable by all":  {func(path string) error { return os.Chmod(path, 0o644) }, ""},
		"group-writable":   {func(path string) error { return os.Chmod(path, 0o620) }, "others may write it (mode 0620)"},
		"writable by all":  {func(path string) error { return os.Chmod(path, 0o602) }, "others may write it (mode 0602)"},
		"a link elsewhere": {func(path string) error { return moveAndLink(path, path+"-target") }, "it is a link"},
		"a named pipe": {func(path string) error {
			return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600))
		}, "it is not a regular file"},
	} {
		dir := t.TempDir()
		if err := tt.spoil(writeAlias(t, dir)); err != nil {
			t.Fatal(err)
		}
		_, err := ReadAlias(dir, ownName)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.want != "" && (!errors.Is(err, errUntrusted) || !strings.HasSuffix(err.Error(), tt.want)):
			t.Errorf("%s: error %v, want one that says %q", name, err, tt.want)
		case tt.want != "" && !strings.Contains(hintOf(err), "remove ~/.ssh/berth/alias/"+ownName):
			t.Errorf("%s: hint %q", name, hintOf(err))
		}
	}
}

func moveAndLink(path, target string) error {
	return errors.Join(os.Rename(path, target), os.Symlink(target, path))
}

func TestReadAliasFollowsLinksToFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeAlias(t, filepath.Join(dir, "dotfiles", "berth"))
	if err := os.Symlink("dotfiles", filepath.Join(dir, "ssh")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadAlias(filepath.Join(dir, "ssh", "berth"), ownName); err != nil {
		t.Errorf("a linked ~/.ssh: %v", err)
	}
}

func TestOwnersOfAliasFiles(t *testing.T) {
	t.Parallel()
	info, err := os.Stat(writeAlias(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	for name, tt := range map[string]struct {
		owner uint32
		me    int
		want  bool
	}{
		"one's own":      {1000, 1000, true},
		"root's":         {0, 1000, true},
		"somebody's":     {1001, 1000, false},
		"read by root":   {1001, 0, true},
		"root's by root": {0, 0, true},
	} {
		stat.Uid = tt.owner
		if err := permitted(info, tt.me); (err == nil) != tt.want || (err != nil && !errors.Is(err, errUntrusted)) {
			t.Errorf("%s: error %v, want permitted %t", name, err, tt.want)
		}
	}
}
