package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// loopbackOnly reads from the kernel's tables where the processes listen.
func loopbackOnly(t *testing.T, s *sandbox) {
	sockets := map[string]string{} // inode of a listening socket to its address
	for _, table := range []string{"tcp", "tcp6"} {
		data, err := os.ReadFile("/proc/net/" + table)
		if err != nil {
			t.Fatal(err)
		}
		const local, state, inode = 1, 3, 9
		for line := range strings.Lines(string(data)) {
			if f := strings.Fields(line); len(f) > inode && f[state] == "0A" {
				sockets[f[inode]] = f[local]
			}
		}
	}
	found := 0
	for _, pid := range s.status(exitOK).pids() {
		fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range fds {
			target, err := os.Readlink(fd)
			if err != nil {
				continue // closed meanwhile
			}
			inode := strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]")
			address, listens := sockets[inode]
			if !listens {
				continue
			}
			found++
			if !strings.HasPrefix(address, "0100007F:") {
				t.Errorf("process %d listens on %s, which is not 127.0.0.1", pid, address)
			}
		}
	}
	const least = 6 // etcd, API server, two controllers, node, gateway
	if found < least {
		t.Errorf("%d listening sockets were found, want at least %d", found, least)
	}
}
