//go:build linux

package realnode

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cgroupMount is where the machine has its control groups.
const cgroupMount = "/sys/fs/cgroup"

// dropCgroups removes the groups of the node's pods in every hierarchy. Groups
// are directories that go only when they are empty, the deepest first.
func dropCgroups() {
	tops, _ := filepath.Glob(filepath.Join(cgroupMount, "*", cgroupRoot))
	for _, top := range append(tops, filepath.Join(cgroupMount, cgroupRoot)) {
		var groups []string
		_ = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				groups = append(groups, path)
			}
			return nil
		})
		for _, group := range slices.Backward(groups) {
			_ = os.Remove(group) // what is still used stays, and does no harm
		}
	}
}

// HasMemoryLimits reports whether the machine's kernel lets the node limit the
// memory of a container.
func HasMemoryLimits() bool {
	if _, err := os.Stat(filepath.Join(cgroupMount, "memory", "memory.limit_in_bytes")); err == nil {
		return true
	}
	controllers, err := os.ReadFile(filepath.Join(cgroupMount, "cgroup.controllers"))
	return err == nil && slices.Contains(strings.Fields(string(controllers)), "memory")
}
