package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// marker is an environment variable of everything that a pod's process starts.
// Its value is the pod's directory. It is how processes are found that left
// their session, as tmux does, or that outlived a node that was killed.
const marker = "BERTH_SANDBOX_POD"

// prepare makes the directories and ends what a previous life left behind. A
// killed node's processes cannot be adopted: their exit would never be known.
func (n *Node) prepare() error {
	for _, dir := range []string{n.cfg.Dir, n.podsDir(), n.cfg.VolumeDir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the node's directory: %w", err)
		}
	}
	n.endMarked(n.podsDir() + string(filepath.Separator))
	return nil
}

// podsDir is the parent of all pods' directories.
func (n *Node) podsDir() string { return filepath.Join(n.cfg.Dir, "pods") }

// endMarked kills processes whose marker starts with prefix, as the end of a
// container kills everything in it. A process that forks or becomes another
// program while it is looked for can be missed once, so only two looks without
// a find are an end; what cannot be killed does not hold up the node.
func (n *Node) endMarked(prefix string) {
	said := map[int]bool{}
	for looks, clean := 0, 0; clean < 2 && looks < 100; looks++ {
		clean++
		for _, pid := range markedProcesses(prefix) {
			clean = 0
			if !said[pid] {
				n.log.Info("ending a process that a workspace left", "pid", pid)
			}
			said[pid] = true
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone by now
		}
	}
}

// hasMarker looks for the marker in an environment as the kernel shows it.
func hasMarker(environ []byte, prefix string) bool {
	for entry := range strings.SplitSeq(string(environ), "\x00") {
		if value, ok := strings.CutPrefix(entry, marker+"="); ok {
			return strings.HasPrefix(value+string(filepath.Separator), prefix)
		}
	}
	return false
}
