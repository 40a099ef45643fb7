package tunnel

import (
	"context"
	"errors"
	"net"
	"time"
)

// listening is one socket on this machine.
type listening struct {
	net.Listener
	forward Forward // with the address that it really has
	first   bool    // of its forward's sockets
}

// listenAll opens the listening ends on this machine: all, or none.
func listenAll(ctx context.Context, forwards []Forward) ([]listening, error) {
	var all []listening
	for _, f := range forwards {
		if f.Reverse {
			continue
		}
		opened, err := listenOn(ctx, f)
		if err != nil {
			closeAll(all)
			return nil, &ListenError{Forward: f, Err: err}
		}
		all = append(all, opened...)
	}
	return all, nil
}

func closeAll(all []listening) {
	for _, l := range all {
		_ = l.Close() // it is over
	}
}

// listenOn opens the sockets of one forward: two where it says localhost, which
// some programs take for 127.0.0.1 and others for ::1.
func listenOn(ctx context.Context, f Forward) ([]listening, error) {
	host, port, err := net.SplitHostPort(f.Listen.Address)
	if f.Listen.Network == "unix" || err != nil || host != localhost {
		address := f.Listen.Address
		if f.Listen.Network == "tcp" && host == anyHost {
			address = ":" + port
		}
		l, err := openListener(ctx, f.Listen.Network, address)
		if err != nil {
			return nil, err
		}
		return []listening{{l, f.at(l, host), true}}, nil
	}
	four, err := openListener(ctx, "tcp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, err
	}
	f = f.at(four, host)
	_, port, _ = net.SplitHostPort(four.Addr().String())
	all := []listening{{four, f, true}}
	six, err := openListener(ctx, "tcp6", net.JoinHostPort("::1", port))
	switch {
	case err == nil:
		all = append(all, listening{six, f, false})
	case inUse(err):
		closeAll(all) // somebody else would get half of the connections
		return nil, err
	}
	return all, nil // a system without IPv6 needs no second one
}

// at is the forward with the port that its listener was given.
func (f Forward) at(l net.Listener, host string) Forward {
	if _, port, err := net.SplitHostPort(l.Addr().String()); err == nil && f.Listen.Network == "tcp" {
		f.Listen.Address = net.JoinHostPort(host, port)
	}
	return f
}

func openListener(ctx context.Context, network, address string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, network, address)
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // the address is said already
	}
	return l, err
}

// reverse has the workspace listen for the reverse forwards. Where first, one
// that it cannot have is an error; later the reason is most likely a connection
// that the workspace does not know to be dead, so it is tried again.
func (r *forwarding) reverse(ctx context.Context, client *Client, first bool) error {
	for _, f := range r.Forwards {
		if !f.Reverse {
			continue
		}
		listener, err := client.listen(ctx, f.Listen)
		switch {
		case err == nil:
			r.tasks.Go(func() { r.acceptReverse(ctx, listener, f) })
			if first {
				r.Tell(ForwardEvent{State: ForwardListens, Forward: f.at(listener, hostOf(f.Listen))})
			}
		case first && ctx.Err() != nil:
			return context.Cause(ctx)
		case first:
			return &ListenError{Forward: f, Err: errors.New("the workspace refuses: the port is taken, or forwarding is not allowed")}
		default:
			r.tasks.Go(func() { r.listenAgain(ctx, client, f) })
		}
	}
	return nil
}

func hostOf(e Endpoint) string {
	host, _, _ := net.SplitHostPort(e.Address)
	return host
}

// listenAgain tries until the workspace listens or the connection is over.
func (r *forwarding) listenAgain(ctx context.Context, client *Client, f Forward) {
	told := false
	for pause := newPause(); ; pause.grow() {
		select {
		case <-time.After(pause.next):
		case <-client.Done():
			return
		case <-ctx.Done():
			return
		}
		listener, err := client.listen(ctx, f.Listen)
		if err == nil {
			r.acceptReverse(ctx, listener, f)
			return
		}
		if !told && ctx.Err() == nil {
			told = true
			r.Tell(ForwardEvent{State: ForwardWaits, Forward: f, Err: err})
		}
	}
}

// acceptReverse carries what connects in the workspace, until the connection
// to it is over.
func (r *forwarding) acceptReverse(ctx context.Context, l net.Listener, f Forward) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		r.tasks.Go(func() {
			dialing, cancel := context.WithTimeout(ctx, gapPatience)
			defer cancel()
			var dialer net.Dialer
			near, err := dialer.DialContext(dialing, f.Target.Network, f.Target.Address)
			if err != nil {
				_ = conn.Close()
				if ctx.Err() == nil {
					r.Tell(ForwardEvent{State: ForwardRefused, Forward: f, Err: err})
				}
				return
			}
			join(ctx, near, conn)
		})
	}
}
