//go:build !linux

package cli

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// portOwner names the process that listens on a port of this machine, "" where
// it cannot be told. lsof comes with macOS and is common elsewhere.
func portOwner(ctx context.Context, port int) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "lsof", "-nP", "-iTCP:"+strconv.Itoa(port), "-sTCP:LISTEN", "-Fpc").Output()
	if err != nil {
		return ""
	}
	var pid, name string
	for line := range bytes.Lines(out) {
		value := workspace.Safe(string(line[1:]))
		switch {
		case line[0] == 'p' && pid == "":
			pid = value
		case line[0] == 'c' && name == "":
			name = value
		}
	}
	if pid == "" {
		return ""
	}
	return fmt.Sprintf("%s (process %s)", name, pid)
}
