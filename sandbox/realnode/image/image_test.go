package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
)

func TestBuildMakesAnArchiveThatRuntimesImport(t *testing.T) {
	b := Builder{Dir: t.TempDir(), Log: io.Discard}
	path, err := b.Build(t.Context(), Recipe{Name: "berth.local/one:1", Files: map[string][]byte{"still": []byte("program")}, Cmd: []string{"/still"}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	parts := map[string][]byte{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if parts[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	for part, want := range map[string]string{"manifest.json": `"berth.local/one:1"`, "config.json": `"/still"`, "layer.tar": "program"} {
		if !bytes.Contains(parts[part], []byte(want)) {
			t.Errorf("%s does not hold %s: %s", part, want, parts[part])
		}
	}
}

func TestBuildDoesNothingTwice(t *testing.T) {
	var log bytes.Buffer
	b := Builder{Dir: t.TempDir(), Log: &log}
	recipe := Recipe{Name: "berth.local/one:1", Files: map[string][]byte{"a": []byte("1")}}
	first, err := b.Build(t.Context(), recipe)
	if err != nil {
		t.Fatal(err)
	}
	said := log.Len()
	if second, err := b.Build(t.Context(), recipe); err != nil || second != first || log.Len() != said {
		t.Errorf("the second time gave %s, %v, and said %q", second, err, log.String()[said:])
	}
	recipe.Files = map[string][]byte{"a": []byte("2")}
	if other, err := b.Build(t.Context(), recipe); err != nil || other == first {
		t.Errorf("another content gave %s, %v", other, err)
	}
}
