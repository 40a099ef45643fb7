package tunnel

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

const (
	// tryTimeout bounds all of one attempt.
	tryTimeout = 5 * time.Second
	// tryStep bounds each step of it: long enough for one lost packet.
	tryStep = 2 * time.Second
)

// Try goes the way to the sshd of f, through its gateway or to its address
// alone, and says how long that took or at which hop it ended. It takes at most
// five seconds. Where ctx ends first, its answer means nothing.
func Try(ctx context.Context, f alias.File) workspace.Probe {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	var p workspace.Probe
	connected := false
	begun := time.Now()
	err := probe(ctx, func(ctx context.Context) (net.Conn, error) {
		conn, err := connect.Through(ctx, f, tryStep)
		connected = err == nil
		return conn, err
	}, func() { p.OK, p.Took = true, time.Since(begun) })
	p.At = time.Now()
	if err == nil {
		return p
	}
	p.Hop, p.Error = hop(err, f.Transport), workspace.Safe(err.Error())
	var refused *connect.RefusedError
	var step *connect.StepError
	switch {
	case errors.As(err, &refused):
		p.Status = refused.Status
	case connected:
		p.Hop = workspace.HopSSH
	}
	if !errors.As(err, &step) && errors.Is(err, context.DeadlineExceeded) {
		p.Error = "no answer within " + tryTimeout.String()
	}
	return p
}

// hop is where dialling ended. A name that does not resolve, an address that
// nothing comes back from, a proxy of ours and a credential that we lack say
// nothing about what is there.
func hop(err error, transport alias.Transport) workspace.Hop {
	var refused *connect.RefusedError
	var step *connect.StepError
	var proxy *connect.ProxyError
	var credential *connect.CredentialError
	switch {
	case errors.As(err, &proxy), errors.As(err, &credential):
		return workspace.HopNetwork
	case errors.As(err, &refused):
		return workspace.HopRoute
	case errors.As(err, &step) && step.Step == connect.StepDial:
		switch step.Fault {
		case connect.FaultDNS, connect.FaultUnroutable, connect.FaultTimeout:
			return workspace.HopNetwork
		default:
		}
	case errors.As(err, &step) && step.Step == connect.StepConnect && step.Fault == connect.FaultTimeout:
		// It has taken the question; a gateway that waits for the workspace
		// looks like this.
		return workspace.HopRoute
	}
	if transport == alias.Direct {
		return workspace.HopRoute
	}
	return workspace.HopGateway
}
