//go:build linux && realnode

package realnode_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// inside is the process id of the first process of the node's namespaces.
func inside(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		line, err := os.ReadFile(path)
		if err == nil && bytes.Contains(line, []byte("\x00inside\x00")) && bytes.Contains(line, []byte(node.dir)) {
			return filepath.Base(filepath.Dir(path))
		}
	}
	t.Fatal("the node does not run")
	return ""
}

// A volume whose file system takes no idmapped mounts: why says so, and profile
// standard works on it.
func TestAVolumeWithoutIdmappedMounts(t *testing.T) {
	t.Parallel()
	b := newBed(t, privileged)
	b.create("w", image.Workspace, "--profile", "full")
	b.far("w", "echo mine > ~/file")
	b.berth("stop", "w", "--wait", "--yes")
	folder := b.folder("w")
	enter := []string{"nsenter", "--mount", "--target", inside(t)}
	b.mustCommand(append(enter, "bindfs", folder, folder)...)
	t.Cleanup(func() { b.run("", append(enter, "umount", "--lazy", folder)...) }) // else the namespace's end unmounts it
	b.berth("start", "w")
	b.says("w", "takes no idmapped mounts", "another storage class", "--profile standard")
	b.berth("edit", "w", "--profile", "standard", "--yes")
	b.eventually(60*time.Second, "standard on that volume", func() error { return says(b.tryFar("w", "cat file"), "mine") })
}
