package connect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/berth-sh/berth/workspace/alias"
)

// PortForwarder dials the sshd of an alias through the API server.
type PortForwarder func(ctx context.Context, f alias.File) (net.Conn, error)

// Reach opens a connection to the sshd of f by the transport that f names.
// Where that is a gateway or an address that cannot be reached and f names a
// kubeconfig, it calls fellBack with the reason and goes by portForward.
func Reach(ctx context.Context, f alias.File, portForward PortForwarder, fellBack func(reason error)) (net.Conn, error) {
	switch f.Transport {
	case alias.PortForward:
		return portForward(ctx, f)
	case alias.Gateway, alias.Direct:
	default:
		return nil, &aliasError{f.Alias, fmt.Errorf("unknown transport %q", printable(string(f.Transport)))}
	}
	conn, err := Dial(ctx, OptionsFor(f))
	if err == nil || f.Kubeconfig == "" || portForward == nil || !Unreachable(err) {
		return conn, err
	}
	fellBack(err)
	return portForward(ctx, f)
}

// Through opens a connection to the sshd of f by its gateway or address alone:
// nothing is passed over. timeout bounds each step.
func Through(ctx context.Context, f alias.File, timeout time.Duration) (net.Conn, error) {
	o := OptionsFor(f)
	o.Timeout = timeout
	return Dial(ctx, o)
}

// Unreachable reports whether err says that the way to the gateway is broken,
// so that another way may help. A working gateway that refuses is no such
// case: its 403, 404 and 503 are about the workspace, not about the way.
func Unreachable(err error) bool {
	var step *StepError
	var proxy *ProxyError
	return errors.As(err, &step) || errors.As(err, &proxy)
}
