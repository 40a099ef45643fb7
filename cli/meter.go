package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/tui"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
)

// meter implements tui.Meter: metrics from the cluster, and the home over the
// connection of a shell that is open.
type meter struct {
	fleet *fleet
	lanes *lanes
}

// Usage implements tui.Meter.
func (m meter) Usage(ctx context.Context, namespace string) (map[workspace.Ref]workspace.Usage, error) {
	c, err := m.fleet.now().cluster()
	if err != nil {
		return nil, err
	}
	usage, err := c.client.Usage(ctx, namespace)
	if errors.Is(err, kube.ErrNoMetrics) {
		m.fleet.now().logger().Debug("no metrics", "error", err)
		return nil, fmt.Errorf("%w: %w", tui.ErrNoMetrics, err)
	}
	return usage, err
}

// dfTimeout is how long a workspace may take to say how full its home is.
const dfTimeout = 3 * time.Second

// Home implements tui.Meter. It never connects: a connection that is not there,
// or does not answer, tells nothing.
func (m meter) Home(ctx context.Context, w workspace.Workspace) (workspace.HomeUsage, bool) {
	c := m.lanes.to(w.Key()).working()
	if c == nil {
		return workspace.HomeUsage{}, false
	}
	defer c.leave()
	ctx, cancel := context.WithTimeout(ctx, dfTimeout)
	defer cancel()
	var out bytes.Buffer
	code, err := c.client.Exec(ctx, `df -Pk -- "$HOME"`, tunnel.Streams{Out: &out}, nil, nil)
	if err != nil || code != 0 {
		return workspace.HomeUsage{}, false
	}
	return parseDf(out.String())
}

// parseDf reads what `df -Pk` prints for one file system: POSIX fixes the
// columns, and that numbers are units of 1024 bytes.
func parseDf(text string) (workspace.HomeUsage, bool) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	fields := strings.Fields(lines[len(lines)-1])
	if len(lines) < 2 || len(fields) < 6 {
		return workspace.HomeUsage{}, false
	}
	// The name of the file system may hold blanks; the mount point comes last.
	at := len(fields) - 5
	for at > 0 && !strings.HasSuffix(fields[at+3], "%") {
		at--
	}
	if !strings.HasSuffix(fields[at+3], "%") {
		return workspace.HomeUsage{}, false
	}
	size, err1 := strconv.ParseInt(fields[at], 10, 64)
	used, err2 := strconv.ParseInt(fields[at+1], 10, 64)
	if err1 != nil || err2 != nil || size <= 0 || used < 0 || size > 1<<52 || used > 1<<52 {
		return workspace.HomeUsage{}, false
	}
	return workspace.HomeUsage{Used: used << 10, Size: size << 10}, true
}
