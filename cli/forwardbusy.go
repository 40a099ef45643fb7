package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
)

// explainBusy says who holds a port that is not to be had, and one that is: no
// other one of the forwards that were asked for.
func explainBusy(ctx context.Context, busy *tunnel.ListenError, asked []tunnel.Forward) error {
	var err error = busy
	host, port, splitErr := net.SplitHostPort(busy.Forward.Listen.Address)
	n, _ := strconv.Atoi(port) // 0 for a socket
	after := n
	switch {
	case busy.InUse() && splitErr != nil:
		err = workspace.WithKind(workspace.ErrConflict, err)
		return workspace.WithHint(err, "remove the socket if nothing uses it: rm "+busy.Forward.Listen.Address)
	case busy.InUse():
		if owner := portOwner(ctx, n); owner != "" {
			err = fmt.Errorf("%w by %s", err, owner)
		}
		err = workspace.WithKind(workspace.ErrConflict, err)
	case errors.Is(err, os.ErrPermission) && splitErr == nil:
		after = max(n, 8000) // where nobody needs a right
	default:
		return err
	}
	_, target, _ := net.SplitHostPort(busy.Forward.Target.Address)
	if free := freePort(ctx, host, after, asked); free > 0 && target != "" {
		err = workspace.WithHint(err, fmt.Sprintf("port %d is free: %d:%s", free, free, target))
	}
	return err
}

// freePort is the next port that nobody listens on or has asked for, 0 where
// none is near.
func freePort(ctx context.Context, host string, after int, asked []tunnel.Forward) int {
	const near = 100
	if host == "*" {
		host = ""
	}
	for port := after + 1; port <= min(after+near, 65535); port++ {
		wanted := func(f tunnel.Forward) bool {
			_, p, err := net.SplitHostPort(f.Listen.Address)
			return err == nil && !f.Reverse && p == strconv.Itoa(port)
		}
		if slices.ContainsFunc(asked, wanted) {
			continue
		}
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			_ = l.Close() // it is free
			return port
		}
	}
	return 0
}
