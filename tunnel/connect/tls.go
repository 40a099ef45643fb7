package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
)

// anyName as a ServerName accepts every name in the gateway's certificate,
// which only makes sense below a private CA.
const anyName = "*"

// secure speaks TLS with the gateway.
func (w way) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	config, err := tlsConfig(w.Options)
	if err != nil {
		return nil, &StepError{Hop: w.target().name, Step: StepTLS, Fault: FaultCA, Err: err}
	}
	config.GetClientCertificate = w.certificate.present
	secured, err := w.handshake(ctx, conn, w.target(), config)
	return secured, w.certificate.blame(w.target(), err)
}

// proxyTLS is for the way to an https proxy, whose certificate the system
// knows. The only protocol offered is HTTP/1.1: over HTTP/2 a CONNECT is a
// stream among others and gains one connection nothing.
func proxyTLS(serverName string) *tls.Config {
	return &tls.Config{ServerName: serverName, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
}

// handshake secures conn.
func (w way) handshake(ctx context.Context, conn net.Conn, at hop, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout())
	defer cancel()
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, w.stepError(at, StepTLS, err)
	}
	return secured, nil
}

// Certificate returns what o.Address shows for a certificate, whether it is to be
// trusted or not, and whether it lets us in or not: that, Dial finds out.
// Failures are Dial's.
func Certificate(ctx context.Context, o Options) (*x509.Certificate, error) {
	o.TokenFile, o.TokenCommand, o.ClientCert = "", nil, "" // nothing is asked of it
	w, err := o.way(ctx)
	if err != nil {
		return nil, err
	}
	config, err := tlsConfig(o)
	if err != nil {
		return nil, err
	}
	var shown *x509.Certificate
	config.InsecureSkipVerify = true // it is looked at, not trusted
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) > 0 {
			shown = state.PeerCertificates[0]
		}
		return nil
	}
	conn, err := w.dial(ctx, func(ctx context.Context, conn net.Conn) (net.Conn, error) {
		return w.handshake(ctx, conn, w.target(), config)
	})
	if err == nil {
		_ = conn.Close() // nothing was said
	}
	switch {
	case shown != nil:
		return shown, nil
	case err == nil:
		err = errors.New("it shows no certificate")
	}
	return nil, err
}

func tlsConfig(o Options) (*tls.Config, error) {
	config := proxyTLS(o.ServerName)
	if o.ServerName == "" {
		host, _, err := net.SplitHostPort(o.Address)
		if err != nil {
			return nil, err
		}
		config.ServerName = host
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the gateway's CA: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading the gateway's CA: no certificate in %s", o.CAFile)
		}
	}
	if o.ServerName == anyName {
		return acceptAnyName(config, o)
	}
	return config, nil
}

// acceptAnyName replaces the standard verification by one that checks the
// chain and not the name. The host part of the address is still sent as SNI.
func acceptAnyName(config *tls.Config, o Options) (*tls.Config, error) {
	if config.RootCAs == nil {
		return nil, errors.New(`server name "*" needs a CA file: below public roots any name is nobody's`)
	}
	host, _, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, err
	}
	config.ServerName = host
	config.InsecureSkipVerify = true // VerifyConnection below does the work
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("no certificate")
		}
		intermediates := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			intermediates.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
			Roots: config.RootCAs, Intermediates: intermediates,
		})
		return err
	}
	return config, nil
}
