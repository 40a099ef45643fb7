//go:build unix

package transfer_test

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"github.com/berth-sh/berth/tunnel/transfer"
)

// entry is what a lying server says about a file.
type entry struct {
	name   string
	mode   fs.FileMode
	size   int64
	target string // of a link
}

func (e entry) Name() string       { return e.name }
func (e entry) Size() int64        { return e.size }
func (e entry) Mode() fs.FileMode  { return e.mode }
func (e entry) ModTime() time.Time { return time.Unix(0, 0) }
func (e entry) IsDir() bool        { return e.mode.IsDir() }
func (entry) Sys() any             { return nil }

// liar serves folders of entries, by path; every file in them never ends.
type liar map[string][]entry

func (l liar) find(name string) (entry, bool) {
	if _, ok := l[name]; ok {
		return entry{name: filepath.Base(name), mode: fs.ModeDir | 0o755}, true
	}
	for _, e := range l[filepath.Dir(name)] {
		if filepath.Base(e.name) == filepath.Base(name) {
			return e, true
		}
	}
	return entry{}, false
}

// Filelist implements sftp.FileLister.
func (l liar) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	e, ok := l.find(r.Filepath)
	switch {
	case r.Method == "List":
		return lies(l[r.Filepath]), nil
	case !ok:
		return nil, os.ErrNotExist
	case r.Method == "Readlink":
		return lies{{name: e.target}}, nil
	}
	return lies{e}, nil
}

// Fileread implements sftp.FileReader.
func (l liar) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	if strings.Contains(r.Filepath, "forbidden") {
		return nil, sftp.ErrSSHFxPermissionDenied
	}
	return endless{}, nil
}

// Filewrite implements sftp.FileWriter.
func (liar) Filewrite(*sftp.Request) (io.WriterAt, error) { return nil, os.ErrPermission }

// Filecmd implements sftp.FileCmder.
func (liar) Filecmd(*sftp.Request) error { return os.ErrPermission }

type lies []entry

// ListAt implements sftp.ListerAt.
func (l lies) ListAt(to []os.FileInfo, offset int64) (int, error) {
	n := 0
	for i := int(offset); i < len(l) && n < len(to); i++ {
		to[n] = l[i]
		n++
	}
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}

type endless struct{}

// ReadAt implements io.ReaderAt.
func (endless) ReadAt(b []byte, _ int64) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

// lie is a client of a lying server.
func lie(t *testing.T, l liar) *transfer.Client {
	t.Helper()
	near, far := net.Pipe()
	server := sftp.NewRequestServer(far, sftp.Handlers{FileGet: l, FilePut: l, FileCmd: l, FileList: l})
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve() }()
	c, err := transfer.Open(near, near)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(); _ = server.Close(); <-done })
	return c
}

// guarded is a folder to download to, with one beside it that nothing may
// reach.
func guarded(t *testing.T) (target, secret string) {
	t.Helper()
	base := t.TempDir()
	target, secret = filepath.Join(base, "target"), filepath.Join(base, "secret")
	write(t, filepath.Join(secret, "file"), []byte("mine"), 0o600)
	if err := os.Mkdir(target, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		wantFile(t, filepath.Join(secret, "file"), []byte("mine"))
		for dir, want := range map[string]int{secret: 1, base: 2} {
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != want {
				t.Errorf("%s holds %v, %v", dir, entries, err)
			}
		}
	})
	return target, secret
}

func TestNoNameLeadsOutOfTheFolder(t *testing.T) {
	t.Parallel()
	target, _ := guarded(t)
	c := lie(t, liar{"/": {{name: "tree", mode: fs.ModeDir | 0o755}}, "/tree": {
		{name: "../secret/file", mode: 0o644, size: 3},
		{name: "../../secret/file2", mode: 0o644, size: 3},
		{name: "/etc/berth-was-here", mode: 0o644, size: 3},
		{name: "..", mode: fs.ModeDir | 0o755},
		{name: "../secret", mode: fs.ModeDir | 0o755},
		{name: "nul\x00name", mode: 0o644, size: 3},
		{name: "good", mode: 0o644, size: 3},
	}, "/tree/secret": {{name: "file3", mode: 0o644, size: 3}}})
	err := c.Download(t.Context(), "/tree", target, transfer.Options{Recursive: true})
	var incomplete *transfer.IncompleteError
	if !errors.As(err, &incomplete) || !strings.Contains(err.Error(), "none that this machine can have") {
		t.Errorf("error %v", err)
	}
	wantFile(t, filepath.Join(target, "tree/good"), []byte("xxx"))
	if _, err := os.Stat("/etc/berth-was-here"); err == nil {
		t.Error("it wrote to /etc")
	}
}

// The server first has a link made, then claims that the link is a folder.
func TestNoLinkLeadsOutOfTheFolder(t *testing.T) {
	t.Parallel()
	target, secret := guarded(t)
	l := liar{"/tree": {
		{name: "absolute", mode: fs.ModeSymlink | 0o777, target: secret},
		{name: "relative", mode: fs.ModeSymlink | 0o777, target: "../../secret"},
		{name: "file", mode: fs.ModeSymlink | 0o777, target: "../../secret/file"},
		{name: "hidden", mode: fs.ModeSymlink | 0o777, target: "sub/../../../secret"},
		{name: "fine", mode: fs.ModeSymlink | 0o777, target: "sub/x"},
	}}
	if err := lie(t, l).Download(t.Context(), "/tree", target, transfer.Options{Recursive: true}); err != nil {
		t.Errorf("the links: %v", err)
	}
	if got, err := os.ReadDir(filepath.Join(target, "tree")); err != nil || len(got) != 1 || got[0].Name() != "fine" {
		t.Errorf("links %v, %v", got, err)
	}
	// Links that were there before, or that somebody puts there.
	for _, name := range []string{"absolute", "fine2"} {
		if err := os.Symlink(secret, filepath.Join(target, "tree", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(secret, "file"), filepath.Join(target, "tree/leaf")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(secret, "file"), filepath.Join(target, "tree/other.berth-partial")); err != nil {
		t.Fatal(err)
	}
	l = liar{"/tree": {
		{name: "absolute", mode: fs.ModeDir | 0o755},
		{name: "fine2", mode: fs.ModeDir | 0o755},
		{name: "leaf", mode: 0o644, size: 5},
		{name: "other", mode: 0o644, size: 5},
	}, "/tree/absolute": {{name: "file", mode: 0o644, size: 5}}, "/tree/fine2": {{name: "new", mode: 0o644, size: 5}}}
	err := lie(t, l).Download(t.Context(), "/tree", target, transfer.Options{Recursive: true, Resume: true})
	var incomplete *transfer.IncompleteError
	if !errors.As(err, &incomplete) || len(incomplete.Failed) != 2 {
		t.Errorf("error %v", err)
	}
	wantFile(t, filepath.Join(target, "tree/leaf"), []byte("xxxxx"))
	wantFile(t, filepath.Join(target, "tree/other"), []byte("xxxxx"))
}

func TestAnEndlessFileEnds(t *testing.T) {
	t.Parallel()
	target, _ := guarded(t)
	c := lie(t, liar{"/": {{name: "small", mode: 0o644, size: 10}, {name: "large", mode: 0o644, size: 1_000_000}}})
	for name, want := range map[string]int{"small": 10, "large": 1_000_000} {
		var left notes
		if err := c.Download(t.Context(), "/"+name, target, transfer.Options{Note: left.hear}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(filepath.Join(target, name)); err != nil || info.Size() != int64(want) {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		if !strings.Contains(left.String(), "grew") {
			t.Errorf("%s: notes %q", name, &left)
		}
	}
}

func TestSpecialFilesAndFailuresAreTold(t *testing.T) {
	t.Parallel()
	target, _ := guarded(t)
	c := lie(t, liar{"/tree": {
		{name: "device", mode: fs.ModeDevice | 0o666},
		{name: "socket", mode: fs.ModeSocket | 0o666},
		{name: "forbidden", mode: 0o600, size: 1},
		{name: "good\x1b[31m", mode: 0o644 | fs.ModeSetuid, size: 1},
	}})
	var left notes
	err := c.Download(t.Context(), "/tree", target, transfer.Options{Recursive: true, Note: left.hear})
	if err == nil || !strings.Contains(err.Error(), "copying forbidden: permission denied") || !strings.Contains(err.Error(), "1 copied, 1 not") {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(left.String(), "left out device") || !strings.Contains(left.String(), "left out socket") || strings.Contains(left.String(), "\x1b") {
		t.Errorf("notes:\n%s", &left)
	}
	entries, _ := os.ReadDir(filepath.Join(target, "tree"))
	if len(entries) != 1 {
		t.Errorf("there are %v", entries)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestATrapOfFoldersEnds(t *testing.T) {
	t.Parallel()
	target, _ := guarded(t)
	l := liar{}
	for path := "/tree"; len(path) < 3000; path += "/d" {
		l[path] = []entry{{name: "d", mode: fs.ModeDir | 0o755}}
	}
	err := lie(t, l).Download(t.Context(), "/tree", target, transfer.Options{Recursive: true})
	if err == nil || !strings.Contains(err.Error(), "folders deep") {
		t.Errorf("error %v", err)
	}
}

func TestAServerThatSpeaksNonsense(t *testing.T) {
	t.Parallel()
	for _, said := range []string{"", "Welcome to Ubuntu!\n", "\x00\x00\x00\x05\x02\x00\x00\x00\x09", "\xff\xff\xff\xff\x02"} {
		_, err := transfer.Open(strings.NewReader(said), nopCloser{io.Discard})
		if err == nil {
			t.Errorf("%q was taken for sftp", said)
		}
	}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
