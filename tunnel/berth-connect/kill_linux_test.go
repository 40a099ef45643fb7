package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/workspace/alias"
)

// A token command ends with the helper that started it.
func TestHelperKilledWhileTheTokenCommandRuns(t *testing.T) {
	t.Parallel()
	pidFile := filepath.Join(t.TempDir(), "pid")
	m := newMachine(t, alias.File{
		Transport: alias.Gateway, Address: "127.0.0.1:1", Authority: authority,
		TokenCommand: "sh\n-c\necho $$ >" + pidFile + ".new; mv " + pidFile + ".new " + pidFile + "; exec sleep 1000",
	}, nil, "")
	cmd := m.command(t.Context(), "berth-connect", aliasName)
	stdin, err := cmd.StdinPipe() // stays open
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var text []byte
	for tick := time.NewTicker(10 * time.Millisecond); len(text) == 0; <-tick.C {
		text, _ = os.ReadFile(pidFile)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	kill(t, cmd.Process.Pid)
	_ = cmd.Wait()
	awaitGone(t, pid)
}
