package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// memoryBytes is the machine's memory.
func memoryBytes() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	return int64(uint64(info.Totalram) * uint64(info.Unit)) //nolint:unconvert // 32 bits wide on some machines
}

// kernelVersion is what uname -r prints.
func kernelVersion() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// osImage is the distribution's own name.
func osImage() string {
	data, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "Linux"
	}
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
			return strings.Trim(strings.TrimSpace(name), `"`)
		}
	}
	return "Linux"
}

// markedProcesses finds the processes of this account whose marker starts with
// prefix.
func markedProcesses(prefix string) []int {
	entries, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil // only a malformed pattern fails
	}
	var found []int
	for _, entry := range entries {
		environ, err := os.ReadFile(entry)
		if err != nil || !hasMarker(environ, prefix) {
			continue // gone, or another account's
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		if err == nil && pid != syscall.Getpid() {
			found = append(found, pid)
		}
	}
	return found
}

// bootID changes with each start of the machine.
func bootID() string {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return fmt.Sprintf("unknown-%d", os.Getpid())
	}
	return strings.TrimSpace(string(data))
}
