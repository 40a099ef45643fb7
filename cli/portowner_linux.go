package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// portOwner names the process that listens on a port of this machine, "" where
// it cannot be told: the processes of others are theirs.
func portOwner(_ context.Context, port int) string {
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		data, err := os.ReadFile(table)
		if err == nil {
			listeningInodes(data, port, inodes)
		}
	}
	if len(inodes) == 0 {
		return ""
	}
	processes, err := filepath.Glob("/proc/[0-9]*/fd")
	if err != nil {
		return ""
	}
	for _, fds := range processes {
		if holdsSocket(fds, inodes) {
			return processName(filepath.Dir(fds))
		}
	}
	return ""
}

// listeningInodes adds the sockets that listen on a port, from one of the
// kernel's tables.
func listeningInodes(table []byte, port int, to map[string]bool) {
	const listening = "0A"
	for line := range bytes.Lines(table) {
		fields := strings.Fields(string(line))
		if len(fields) < 10 || fields[3] != listening {
			continue
		}
		_, hexPort, _ := strings.Cut(fields[1], ":")
		if n, err := strconv.ParseUint(hexPort, 16, 16); err == nil && int(n) == port {
			to["socket:["+fields[9]+"]"] = true
		}
	}
}

func holdsSocket(fds string, inodes map[string]bool) bool {
	entries, err := os.ReadDir(fds)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(fds, e.Name())); err == nil && inodes[target] {
			return true
		}
	}
	return false
}

// processName is "node (process 4711)".
func processName(dir string) string {
	name, err := os.ReadFile(filepath.Join(dir, "comm"))
	if err != nil {
		return "process " + filepath.Base(dir)
	}
	return fmt.Sprintf("%s (process %s)", workspace.Safe(string(name)), filepath.Base(dir))
}
