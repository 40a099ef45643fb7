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
// step here (token, name and dial, proxy, TLS, the gateway's answer) has a
// deadline of its own, and none is left on the connection that Dial returns.
package connect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
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
	ClientCert string // PEM file shown to Address; "" means none
	ClientKey  string // PEM file of its key; "" means that ClientCert holds it too

	TokenFile    string   // file with the bearer token for CONNECT
	TokenCommand []string // program that prints it, with its arguments

	Proxy  string              // URL of a proxy before Address; alias.ProxyNone, or "" for the environment's
	Getenv func(string) string // the environment; nil means os.Getenv

	Workspace string        // named in hints; "" reads NAME
	UserAgent string        // "" means berth
	Timeout   time.Duration // bound of each step; 0 means 10 s, and 15 s for the token command
}

// OptionsFor returns what Dial needs for an alias whose transport is gateway
// or direct.
func OptionsFor(f alias.File) Options {
	o := Options{
		Address: f.Address, Authority: f.Authority, TLS: f.TLS,
		ServerName: f.ServerName, CAFile: f.CA, ClientCert: f.ClientCert, ClientKey: f.ClientKey,
		TokenFile: f.TokenFile, Proxy: f.Proxy, Workspace: f.Name,
	}
	if f.TokenCommand != "" {
		o.TokenCommand = strings.Split(f.TokenCommand, "\n")
	}
	if f.Transport == alias.Direct {
		o.Authority = ""
	}
	return o
}

// hop is one far end on the way.
type hop struct {
	name  string // "gateway HOST:PORT", as it reads in a message
	proxy *proxy // nil unless it is one
}

// target is what lies at Address.
func (o Options) target() hop {
	if o.Authority == "" {
		return hop{name: "workspace at " + printable(o.Address)}
	}
	return hop{name: "gateway " + printable(o.Address)}
}

func (o Options) timeout() time.Duration {
	if o.Timeout > 0 {
		return o.Timeout
	}
	return stepTimeout
}

func (o Options) getenv(name string) string {
	if o.Getenv != nil {
		return o.Getenv(name)
	}
	return os.Getenv(name)
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

// Dial connects to o.Address, through a proxy where there is one, and, when
// o.Authority is set, asks for a tunnel to it by HTTP CONNECT. Bytes that
// arrived behind an answer are the first that the returned connection yields.
// Failures are *StepError, *ProxyError, *RefusedError, *CredentialError or
// ctx's error; ctx has no hold on the connection afterwards.
func Dial(ctx context.Context, o Options) (net.Conn, error) {
	if err := o.validate(); err != nil {
		return nil, &StepError{Hop: o.target().name, Step: StepDial, Fault: FaultAddress, Err: err}
	}
	w, err := o.way(ctx)
	if err != nil {
		return nil, err
	}
	return w.dial(ctx, w.establish)
}

// dial connects to the gateway, through a proxy where there is one, and goes on
// from there by steps.
func (w way) dial(ctx context.Context, steps func(context.Context, net.Conn) (net.Conn, error)) (net.Conn, error) {
	conn, err := w.dialTCP(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // unblocks the step in progress
	reached := conn
	if w.proxy != nil {
		reached, err = w.pass(ctx, conn)
	}
	if err == nil {
		reached, err = steps(ctx, reached)
	}
	if !stop() && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close() // the error at hand is the one to report
		return nil, err
	}
	return reached, nil
}

// way is what one Dial goes by: everything that has to be read before the
// first packet is sent.
type way struct {
	Options
	proxy         *proxy // nil where there is none
	certificate   *clientCertificate
	authorization string // of the CONNECT to the gateway, "" for none
}

func (o Options) way(ctx context.Context) (way, error) {
	w := way{Options: o}
	var err error
	if w.proxy, err = o.findProxy(); err != nil {
		return w, err
	}
	if w.certificate, err = o.loadCertificate(); err != nil {
		return w, err
	}
	w.authorization, err = w.authorize(ctx)
	return w, err
}

// establish performs the steps with the gateway itself.
func (w way) establish(ctx context.Context, conn net.Conn) (net.Conn, error) {
	if w.TLS {
		var err error
		if conn, err = w.secure(ctx, conn); err != nil {
			return nil, err
		}
	}
	if w.Authority == "" {
		return conn, nil
	}
	tunnel, answer, err := w.request(conn, w.target(), w.Authority, w.authorization)
	switch {
	case err != nil:
		return nil, w.certificate.blame(w.target(), err)
	case answer.status/100 != 2:
		return nil, &RefusedError{
			Hop: w.target().name, Authority: w.Authority, Workspace: w.Workspace,
			Status: answer.status, Reason: printable(answer.reason), Token: w.authorization != "",
		}
	}
	return tunnel, nil
}

// dialTCP dials with happy eyeballs and without Nagle's delay, which would
// cost ssh's handshake 40 ms.
func (w way) dialTCP(ctx context.Context) (net.Conn, error) {
	first, address := w.target(), w.Address
	if w.proxy != nil {
		first, address = w.proxy.hop(), w.proxy.address
	}
	dialCtx, cancel := context.WithTimeout(ctx, w.timeout())
	defer cancel()
	dialer := net.Dialer{
		Control: tuneSocket,
		// As long as ssh itself waits: 15 s × 40, so that an idle session
		// outlives an outage of ten minutes.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 40},
	}
	conn, err := dialer.DialContext(dialCtx, "tcp", address)
	if err == nil {
		return conn, nil
	}
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, ctx.Err()
	}
	return nil, w.stepError(first, StepDial, err)
}
