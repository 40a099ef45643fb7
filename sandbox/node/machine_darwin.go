package node

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// memoryBytes is the machine's memory.
func memoryBytes() int64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(n)
}

// kernelVersion is what uname -r prints.
func kernelVersion() string {
	v, err := unix.Sysctl("kern.osrelease")
	if err != nil {
		return "unknown"
	}
	return v
}

// osImage is the product's version.
func osImage() string {
	v, err := unix.Sysctl("kern.osproductversion")
	if err != nil {
		return "macOS"
	}
	return "macOS " + v
}

// markedProcesses finds nothing here: another process's environment can be read
// by its parents' tools only. The servers end by themselves when the node that
// started them is gone, and their sessions with them.
func markedProcesses(string) []int { return nil }

// bootID changes with each start of the machine.
func bootID() string {
	tv, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return "unknown"
	}
	return strconv.FormatInt(tv.Sec, 10)
}
