// Package connect carries the bytes of one ssh connection.
//
// [Run] is the whole of a ProxyCommand: it reads one small alias file, opens
// the connection that the file describes and copies until either side ends.
// [Dial] opens a connection through the gateway, and [Copy] moves the bytes.
//
// # What it may cost
//
// The package is linked into berth-connect, which starts once for every ssh
// connection, so it imports neither net/http nor encoding/json nor anything
// of Kubernetes; crypto/tls stays because it adds only a quarter of a
// millisecond to a start of two.
//
// # Deadlines
//
// ssh's own ConnectTimeout does not reach every phase of a helper, so each
// step here (name and dial, TLS, the gateway's answer) has a deadline of its
// own, and none is left on the connection that Dial returns.
package connect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/berth-sh/berth/workspace/alias"
)

// stepTimeout bounds each step of Dial unless Options.Timeout says otherwise.
const stepTimeout = 10 * time.Second

// Options says where a connection goes. The zero value of every field but
// Address is usable.
type Options struct {
	Address   string // host:port to dial
	Authority string // host:port named in CONNECT; "" means that Address is sshd itself

	TLS        bool   // speak TLS to Address
	ServerName string // name expected in the certificate; "" means the host of Address, "*" any name below CAFile
	CAFile     string // PEM file of trusted roots; "" means the system's

	Workspace string        // named in hints; "" reads NAME
	UserAgent string        // "" means berth
	Timeout   time.Duration // bound of each step; 0 means 10 s
}

// optionsFor returns what Dial needs for an alias whose transport is gateway
// or direct.
func optionsFor(f alias.File) Options {
	o := Options{
		Address: f.Address, Authority: f.Authority, TLS: f.TLS,
		ServerName: f.ServerName, CAFile: f.CA, Workspace: f.Name,
	}
	if f.Transport == alias.Direct {
		o.Authority = ""
	}
	return o
}

// hop names the far end of the first connection in messages.
func (o Options) hop() string {
	if o.Authority == "" {
		return "workspace at " + printable(o.Address)
	}
	return "gateway " + printable(o.Address)
}

func (o Options) timeout() time.Duration {
	if o.Timeout > 0 {
		return o.Timeout
	}
	return stepTimeout
}

// validate refuses values that would forge a header line or cannot be dialled.
func (o Options) validate() error {
	for _, value := range []string{o.Address, o.Authority} {
		if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return fmt.Errorf("address %q contains a blank or a control character", value)
		}
	}
	for _, value := range []string{o.Address, o.Authority} {
		if value == "" && o.Address != "" {
			continue // no CONNECT
		}
		if _, port, err := net.SplitHostPort(value); err != nil || port == "" {
			return fmt.Errorf("address %q is not HOST:PORT", value)
		}
	}
	return nil
}

// Dial connects to o.Address and, when o.Authority is set, asks for a tunnel
// to it by HTTP CONNECT. Bytes that arrived behind the gateway's answer are
// the first that the returned connection yields. Failures are *StepError,
// *RefusedError or ctx's error; ctx has no hold on the connection afterwards.
func Dial(ctx context.Context, o Options) (net.Conn, error) {
	if err := o.validate(); err != nil {
		return nil, &StepError{Hop: o.hop(), Step: StepDial, Fault: FaultAddress, Err: err}
	}
	conn, err := dialTCP(ctx, o)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // unblocks the step in progress
	tunnel, err := establish(ctx, conn, o)
	if !stop() && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close() // the error at hand is the one to report
		return nil, err
	}
	return tunnel, nil
}

// establish performs the steps after the TCP connection.
func establish(ctx context.Context, conn net.Conn, o Options) (net.Conn, error) {
	if o.TLS {
		secured, err := handshake(ctx, conn, o)
		if err != nil {
			return nil, err
		}
		conn = secured
	}
	if o.Authority == "" {
		return conn, nil
	}
	return request(conn, o)
}

// dialTCP dials with happy eyeballs and without Nagle's delay, which would
// cost ssh's handshake 40 ms.
func dialTCP(ctx context.Context, o Options) (net.Conn, error) {
	dialCtx, cancel := context.WithTimeout(ctx, o.timeout())
	defer cancel()
	dialer := net.Dialer{
		Control: tuneSocket,
		// As long as ssh itself waits: 15 s × 40, so that an idle session
		// outlives an outage of ten minutes.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 40},
	}
	conn, err := dialer.DialContext(dialCtx, "tcp", o.Address)
	if err == nil {
		return conn, nil
	}
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, ctx.Err()
	}
	return nil, stepError(o, StepDial, err)
}
