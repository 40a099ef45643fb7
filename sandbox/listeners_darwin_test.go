package main

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// loopbackOnly asks lsof where the processes listen.
func loopbackOnly(t *testing.T, s *sandbox) {
	var pids []string
	for _, pid := range s.status(exitOK).pids() {
		pids = append(pids, strconv.Itoa(pid))
	}
	out, err := exec.CommandContext(context.Background(), "lsof", "-nP", "-a", "-iTCP", "-sTCP:LISTEN", "-Fn", "-p", strings.Join(pids, ",")).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "n") && !strings.HasPrefix(line, "n127.0.0.1:") {
			t.Errorf("a process listens on %s", strings.TrimSpace(line[1:]))
		}
	}
}
