//go:build unix

package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-sh/berth/tunnel/transfer"
	"github.com/berth-sh/berth/workspace"
)

// dying kills its server once so many bytes have passed in a direction.
type dying struct {
	far  *far
	left int
}

func (d *dying) pass(n int) {
	if d.left -= n; d.left <= 0 {
		_ = d.far.cmd.Process.Kill()
	}
}

type dyingReader struct {
	io.Reader
	*dying
}

func (d dyingReader) Read(b []byte) (int, error) {
	n, err := d.Reader.Read(b)
	d.pass(n)
	return n, err
}

type dyingWriter struct {
	io.WriteCloser
	*dying
}

func (d dyingWriter) Write(b []byte) (int, error) {
	d.pass(len(b))
	return d.WriteCloser.Write(b)
}

// mortal is a client whose server is killed after so many bytes from it, or to
// it.
func mortal(t *testing.T, dir string, from, to int) *transfer.Client {
	t.Helper()
	f := startFar(t, dir)
	if from > 0 {
		f.out = dyingReader{f.out, &dying{f, from}}
	}
	if to > 0 {
		f.in = dyingWriter{f.in, &dying{f, to}}
	}
	return f.client(t)
}

const size, cut = 40_000_000, 24_000_000

func TestADownloadIsResumedAfterTheServerWasKilled(t *testing.T) {
	t.Parallel()
	here, there := t.TempDir(), t.TempDir()
	data := random(size)
	write(t, filepath.Join(there, "big"), data, 0o644)
	write(t, filepath.Join(here, "big"), []byte("before"), 0o644)
	err := mortal(t, there, cut, 0).Download(t.Context(), "big", here, transfer.Options{})
	if !errors.Is(err, workspace.ErrUnreachable) || !strings.Contains(workspace.HintOf(err), "--resume") {
		t.Fatalf("error %v, hint %q", err, workspace.HintOf(err))
	}
	wantFile(t, filepath.Join(here, "big"), []byte("before"))
	info, err := os.Stat(filepath.Join(here, "big.berth-partial"))
	if err != nil || info.Size() < cut/2 {
		t.Fatalf("left over: %v, %v", info, err)
	}
	var meter transfer.Meter
	o := transfer.Options{Resume: true, Meter: &meter, Sum: summer(t, there).Sum}
	if err := connect(t, there).Download(t.Context(), "big", here, o); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(here, "big"), data)
	if r := meter.Read(); r.Kept != info.Size() || r.BytesDone != size {
		t.Errorf("the meter shows %+v, kept were %d", r, info.Size())
	}
	if _, err := os.Stat(filepath.Join(here, "big.berth-partial")); err == nil {
		t.Error("the unfinished file is still there")
	}
}

func TestAnUploadIsResumedAfterTheServerWasKilled(t *testing.T) {
	t.Parallel()
	here, there := t.TempDir(), t.TempDir()
	data := random(size)
	write(t, filepath.Join(here, "big"), data, 0o644)
	err := mortal(t, there, 0, cut).Upload(t.Context(), filepath.Join(here, "big"), "", transfer.Options{})
	if !errors.Is(err, workspace.ErrUnreachable) || !strings.Contains(workspace.HintOf(err), "--resume") {
		t.Fatalf("error %v, hint %q", err, workspace.HintOf(err))
	}
	if _, err := os.Stat(filepath.Join(there, "big")); err == nil {
		t.Fatal("an unfinished file has the name of the complete one")
	}
	var meter transfer.Meter
	o := transfer.Options{Resume: true, Meter: &meter, Sum: summer(t, there).Sum}
	if err := connect(t, there).Upload(t.Context(), filepath.Join(here, "big"), "", o); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(there, "big"), data)
	if r := meter.Read(); r.Kept < cut/2 || r.BytesDone != size {
		t.Errorf("the meter shows %+v", r)
	}
}

func TestWhatHasChangedIsNotResumed(t *testing.T) {
	t.Parallel()
	here, there := t.TempDir(), t.TempDir()
	data, other := random(size), random(size-1)
	for _, dir := range []string{here, there} {
		write(t, filepath.Join(dir, "big"), data, 0o644)
		write(t, filepath.Join(dir, "copy.berth-partial"), other[:cut], 0o644)
	}
	var left notes
	o := transfer.Options{Resume: true, Note: left.hear, Sum: summer(t, there).Sum}
	c := connect(t, there)
	if err := c.Download(t.Context(), "big", filepath.Join(here, "copy"), o); err != nil {
		t.Fatal(err)
	}
	if err := c.Upload(t.Context(), filepath.Join(here, "big"), "copy", o); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(here, "copy"), data)
	wantFile(t, filepath.Join(there, "copy"), data)
	if strings.Count(left.String(), "starts anew") != 2 {
		t.Errorf("notes:\n%s", &left)
	}
}

func TestResumePassesOverWhatIsThere(t *testing.T) {
	t.Parallel()
	here, there := t.TempDir(), t.TempDir()
	for i, name := range []string{"a", "b", "c"} {
		write(t, filepath.Join(here, "tree", name), random(1000+i), 0o644)
	}
	c := connect(t, there)
	o := transfer.Options{Recursive: true, Resume: true, Sum: summer(t, there).Sum}
	if err := c.Upload(t.Context(), filepath.Join(here, "tree"), "", o); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(filepath.Join(there, "tree/a"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(there, "tree/b"), bytes.Repeat([]byte("x"), 1001), 0o644) // of the same size
	var meter transfer.Meter
	o.Meter = &meter
	if err := c.Upload(t.Context(), filepath.Join(here, "tree"), "", o); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(there, "tree/b"), random(1001))
	after, err := os.Stat(filepath.Join(there, "tree/a"))
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("a file that was there was written again: %v", err)
	}
	if r := meter.Read(); r.Kept != 1000+1002 || r.FilesDone != 3 {
		t.Errorf("the meter shows %+v", r)
	}
}

func TestWithoutResumeItStartsAnew(t *testing.T) {
	t.Parallel()
	here, there := t.TempDir(), t.TempDir()
	data := random(100_000)
	write(t, filepath.Join(here, "f"), data, 0o644)
	write(t, filepath.Join(here, "g.berth-partial"), random(500_000), 0o644)
	write(t, filepath.Join(there, "f.berth-partial"), random(500_000), 0o600)
	c := connect(t, there)
	if err := c.Upload(t.Context(), filepath.Join(here, "f"), "", transfer.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Download(t.Context(), "f", filepath.Join(here, "g"), transfer.Options{}); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(there, "f"), data)
	wantFile(t, filepath.Join(here, "g"), data)
	if info, err := os.Stat(filepath.Join(there, "f")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v: the old unfinished file's", info.Mode(), err)
	}
}

// cancelling ends a context once so many bytes have come.
type cancelling struct {
	io.Reader
	left   int
	cancel context.CancelFunc
}

func (c *cancelling) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if c.left -= n; c.left <= 0 {
		c.cancel()
	}
	return n, err
}

func TestACancelledCopyLeavesAnUnfinishedFile(t *testing.T) {
	t.Parallel()
	here, there := t.TempDir(), t.TempDir()
	write(t, filepath.Join(there, "big"), random(size), 0o644)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := startFar(t, there)
	f.out = &cancelling{f.out, cut, cancel}
	if err := f.client(t).Download(ctx, "big", here, transfer.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	entries, err := os.ReadDir(here)
	if err != nil || len(entries) != 1 || entries[0].Name() != "big.berth-partial" {
		t.Errorf("it leaves %v, %v", entries, err)
	}
}
