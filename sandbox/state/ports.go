package state

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"syscall"

	"github.com/berth-sh/berth/workspace"
)

// Ports are chosen below every system's ephemeral range: a port in that range
// may be the source port of some connection in the moment in which a restarted
// component wants to listen on it again.
const (
	lowestPort  = 20000
	highestPort = 32000
)

// ErrPortTaken says that another program listens on a port.
var ErrPortTaken = errors.New("port taken")

// Listen opens a listener on the loopback address; port 0 is not special.
// ErrPortTaken when another program listens there.
func Listen(ctx context.Context, port int) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp4", Address(port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listening on %s: %w by another program", Address(port), ErrPortTaken)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", Address(port), err)
	}
	return ln, nil
}

// CheckPort reports whether port can be listened on; flag is the flag that
// names another one.
func CheckPort(ctx context.Context, port int, what, flag string) error {
	ln, err := Listen(ctx, port)
	if err == nil {
		return ln.Close()
	}
	err = fmt.Errorf("the %s cannot use port %d: %w", what, port, err)
	if errors.Is(err, ErrPortTaken) {
		err = workspace.WithKind(workspace.ErrConflict, err)
	}
	return workspace.WithHint(err, fmt.Sprintf("choose another port: berth sandbox up %s N", flag))
}

// FreePort finds a loopback port that nobody listens on and that is none of
// those in use.
func FreePort(ctx context.Context, inUse ...int) (int, error) {
	var last error
	for range 200 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		if slices.Contains(inUse, port) {
			continue
		}
		ln, err := Listen(ctx, port)
		if err != nil {
			last = err
			continue
		}
		if err := ln.Close(); err != nil {
			return 0, fmt.Errorf("closing the probe of port %d: %w", port, err)
		}
		return port, nil
	}
	return 0, fmt.Errorf("finding a free port between %d and %d: %w", lowestPort, highestPort, last)
}

// Address is the loopback address of port.
func Address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
