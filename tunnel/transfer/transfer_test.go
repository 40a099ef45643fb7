//go:build unix

package transfer_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tunnel/transfer"
	"github.com/berth-sh/berth/workspace"
)

// growTree makes files of all kinds.
func growTree(t *testing.T, dir string) {
	t.Helper()
	write(t, filepath.Join(dir, "empty"), nil, 0o644)
	write(t, filepath.Join(dir, "small"), []byte("hello"), 0o640)
	write(t, filepath.Join(dir, "large"), random(9_000_001), 0o644)
	write(t, filepath.Join(dir, "run.sh"), []byte("#!/bin/sh\n"), 0o755)
	write(t, filepath.Join(dir, "read-only"), []byte("x"), 0o444)
	write(t, filepath.Join(dir, "a/b/c/deep"), []byte("deep"), 0o600)
	write(t, filepath.Join(dir, "odd/näme with\nblanks'\"$x"), []byte("odd"), 0o644)
	write(t, filepath.Join(dir, "odd/"+strings.Repeat("n", 255)), []byte("long"), 0o644)
	write(t, filepath.Join(dir, "odd/-rf"), []byte("dash"), 0o644)
	for i := range 40 {
		write(t, filepath.Join(dir, "many", string(rune('A'+i))), random(i*1000), 0o644)
	}
	for name, target := range map[string]string{"a/up": "../small", "a/b/here": "c/deep", "folder": "a/b", "dangling": "nowhere"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestATreeGoesThereAndBack(t *testing.T) {
	t.Parallel()
	here, there, back := t.TempDir(), t.TempDir(), t.TempDir()
	growTree(t, filepath.Join(here, "tree"))
	want := listing(t, here)
	for name, target := range map[string]string{"out": "/etc/passwd", "a/over": "../../../secret"} {
		if err := os.Symlink(target, filepath.Join(here, "tree", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(here, "tree/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := connect(t, there)
	var left notes
	var meter transfer.Meter
	if err := c.Upload(t.Context(), filepath.Join(here, "tree"), "", transfer.Options{Recursive: true, Note: left.hear, Meter: &meter}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, listing(t, there)); diff != "" {
		t.Errorf("uploaded (-want +got):\n%s", diff)
	}
	for _, name := range []string{"out", "a/over", "pipe"} {
		if !strings.Contains(left.String(), "left out "+name+":") {
			t.Errorf("nothing is said of %s:\n%s", name, &left)
		}
	}
	if r := meter.Read(); r.Files != r.FilesDone || r.Bytes != r.BytesDone || r.Files < 40 || r.Bytes < 9_000_001 {
		t.Errorf("the meter shows %+v", r)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(there, "tree/evil")); err != nil {
		t.Fatal(err)
	}
	if err := c.Download(t.Context(), "tree", back, transfer.Options{Recursive: true, Note: left.hear}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, listing(t, back)); diff != "" {
		t.Errorf("downloaded (-want +got):\n%s", diff)
	}
	if !strings.Contains(left.String(), "left out evil:") {
		t.Errorf("nothing is said of a link that leads out:\n%s", &left)
	}
}

func TestPreserveKeepsTimesAndModes(t *testing.T) {
	t.Parallel()
	here, there := t.TempDir(), t.TempDir()
	old := time.Now().Add(-1000 * time.Hour).Truncate(time.Second)
	write(t, filepath.Join(here, "tree/sub/file"), []byte("x"), 0o751)
	for _, name := range []string{"tree/sub/file", "tree/sub"} {
		if err := os.Chmod(filepath.Join(here, name), 0o511); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(here, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	c := connect(t, there)
	o := transfer.Options{Recursive: true, Preserve: true}
	if err := c.Upload(t.Context(), filepath.Join(here, "tree"), "up", o); err != nil {
		t.Fatal(err)
	}
	if err := c.Download(t.Context(), "up", filepath.Join(here, "down"), o); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(there, "up/sub"), filepath.Join(there, "up/sub/file"), filepath.Join(here, "down/sub"), filepath.Join(here, "down/sub/file")} {
		info, err := os.Stat(name)
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != 0o511 || !info.ModTime().Equal(old) {
			t.Errorf("%s: %s of %s", name, info.Mode(), info.ModTime())
		}
	}
}

func TestWhereACopyGoes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from, to string
		r        bool
		want     string // the file that is there afterwards, or words of the error
		kind     error
	}{
		"into a folder":           {"file", "dir", false, "dir/file", nil},
		"into a folder, slashed":  {"file", "dir/", false, "dir/file", nil},
		"by another name":         {"file", "other", false, "other", nil},
		"over a file":             {"file", "old", false, "old", nil},
		"through a named link":    {"file", "link", false, "old", nil},
		"tree into a folder":      {"tree", "dir", true, "dir/tree/leaf", nil},
		"tree by another name":    {"tree", "copy", true, "copy/leaf", nil},
		"tree by a slashed name":  {"tree/", "copy/", true, "copy/leaf", nil},
		"folder without -r":       {"tree", "dir", false, "-r", workspace.ErrUsage},
		"folder over a file":      {"tree", "old", true, "is a file", workspace.ErrUsage},
		"nothing":                 {"none", "dir", false, "no such file", workspace.ErrNotFound},
		"file into no folder":     {"file", "none/", false, "no", workspace.ErrNotFound},
		"file below no folder":    {"file", "none/x", false, "no such file", workspace.ErrNotFound},
		"file where a folder is":  {"tree/leaf", "nest", false, "folder of that name", nil},
		"folder where a file is":  {"nest2", "dir2", true, "file of that name", nil},
		"file where a pipe is":    {"file", "pipe", false, "pipe or socket of that name", nil},
		"tree where a pipe is":    {"tree", "dir3", true, "pipe or socket of that name", nil},
		"itself into its folder":  {"old", "dir", false, "dir/old", nil},
		"a name that looks odd":   {"-rf", "dir", false, "dir/-rf", nil},
		"a path with dots":        {"./tree/../file", "dir", false, "dir/file", nil},
		"everything by its own .": {".", "dir", true, "", nil},
	} {
		for _, way := range []string{"up", "down"} {
			source, target := t.TempDir(), t.TempDir()
			for _, f := range []string{"file", "tree/leaf", "old", "-rf", "nest2/nest2/x"} {
				write(t, filepath.Join(source, f), []byte("new"), 0o644)
			}
			for _, f := range []string{"old", "dir/x", "nest/leaf/x", "dir2/nest2/nest2"} {
				write(t, filepath.Join(target, f), []byte("old"), 0o644)
			}
			if err := os.Symlink("old", filepath.Join(target, "link")); err != nil {
				t.Fatal(err)
			}
			pipes := []string{filepath.Join(target, "pipe"), filepath.Join(target, "dir3", "tree", "leaf")}
			write(t, filepath.Join(target, "dir3/tree/x"), nil, 0o644)
			for _, pipe := range pipes {
				if err := syscall.Mkfifo(pipe, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			o := transfer.Options{Recursive: tt.r}
			var err error
			if way == "up" {
				from := filepath.Join(source, tt.from)
				if tt.from == "-rf" || strings.HasPrefix(tt.from, ".") {
					from = source + "/" + tt.from
				}
				err = connect(t, target).Upload(t.Context(), from, tt.to, o)
			} else {
				err = connect(t, source).Download(t.Context(), tt.from, target+"/"+tt.to, o)
			}
			switch isFile := tt.kind == nil && !strings.Contains(tt.want, " "); {
			case isFile && err != nil:
				t.Errorf("%s, %s: %v", name, way, err)
			case isFile && tt.want != "":
				wantFile(t, filepath.Join(target, tt.want), []byte("new"))
			case !isFile && (err == nil || !strings.Contains(err.Error()+workspace.HintOf(err), tt.want)):
				t.Errorf("%s, %s: error %v, want one with %q", name, way, err, tt.want)
			case tt.kind != nil && !errors.Is(err, tt.kind):
				t.Errorf("%s, %s: error %v is not of kind %v", name, way, err, tt.kind)
			}
			for _, pipe := range pipes {
				if info, err := os.Lstat(pipe); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
					t.Errorf("%s, %s: the pipe was replaced: %v, %v", name, way, info, err)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(target, "*.berth-partial")); len(left) > 0 {
				t.Errorf("%s, %s: %v is left", name, way, left)
			}
		}
	}
}

func TestTheModeOfAFile(t *testing.T) {
	t.Parallel()
	here, there := t.TempDir(), t.TempDir()
	write(t, filepath.Join(here, "secret"), []byte("x"), 0o600)
	write(t, filepath.Join(here, "setuid"), []byte("x"), 0o755)
	if err := os.Chmod(filepath.Join(here, "setuid"), 0o755|fs.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(here, "plain"), []byte("x"), 0o644)
	write(t, filepath.Join(there, "plain"), []byte("old"), 0o700) // its owner wants it so
	c := connect(t, there)
	for _, name := range []string{"secret", "setuid", "plain"} {
		if err := c.Upload(t.Context(), filepath.Join(here, name), name, transfer.Options{}); err != nil {
			t.Fatal(err)
		}
		if err := c.Download(t.Context(), name, filepath.Join(here, "back-"+name), transfer.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]fs.FileMode{
		filepath.Join(there, "secret"): 0o600, filepath.Join(here, "back-secret"): 0o600,
		filepath.Join(there, "setuid"): 0o755, filepath.Join(here, "back-setuid"): 0o755,
		filepath.Join(there, "plain"): 0o700,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %s", path, info.Mode(), err, want)
		}
	}
}
