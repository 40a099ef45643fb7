package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

func TestFilesAreNeverReplacedUnasked(t *testing.T) {
	home := t.TempDir()
	f := files{home}
	write := func(path, text string, replace bool) (string, error) {
		return f.Write(t.Context(), path, []byte(text), replace)
	}
	path, err := write("~/api.log", "one", false)
	if err != nil || path != filepath.Join(home, "api.log") {
		t.Fatalf("%s, %v", path, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	if _, err := write(path, "two", false); !errors.Is(err, workspace.ErrConflict) || readFile(t, path) != "one" {
		t.Errorf("a file that was there: %v, it says %q", err, readFile(t, path))
	}
	if _, err := write(path, "three", true); err != nil || readFile(t, path) != "three" {
		t.Errorf("replacing: %v, it says %q", err, readFile(t, path))
	}
	link := filepath.Join(home, "link")
	if err := os.Symlink(filepath.Join(home, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := write(link, "x", false); !errors.Is(err, workspace.ErrConflict) {
		t.Errorf("a link that leads nowhere: %v", err)
	}
	if _, err := write(filepath.Join(home, "no", "such", "folder"), "x", false); err == nil || workspace.HintOf(err) == "" {
		t.Errorf("a folder that is not there: %v", err)
	}
	if _, err := write(home, "x", true); err == nil {
		t.Error("a folder was replaced by a file")
	}
	left, err := os.ReadDir(home)
	if err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
