package connect

import (
	"cmp"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"time"
)

// clientCertificate is what shows a gateway who we are.
type clientCertificate struct {
	file  string
	pair  tls.Certificate // without certificates where there is none
	asked bool            // the gateway has asked for one; the handshake sets it
}

// loadCertificate reads the client certificate, if there is one to show.
func (o Options) loadCertificate() (*clientCertificate, error) {
	c := &clientCertificate{file: printable(o.ClientCert)}
	if !o.TLS || o.ClientCert == "" {
		return c, nil
	}
	const hint = "clientCertificate and clientKey in berth's settings name two PEM files that belong together"
	var err error
	if c.pair, err = tls.LoadX509KeyPair(o.ClientCert, cmp.Or(o.ClientKey, o.ClientCert)); err != nil {
		return nil, &CredentialError{Hop: o.target().name, What: "reading the client certificate", Err: shortPath(err), hint: hint}
	}
	if now := time.Now(); now.After(c.pair.Leaf.NotAfter) || now.Before(c.pair.Leaf.NotBefore) {
		return nil, &CredentialError{
			Hop: o.target().name, What: "the client certificate " + c.file + " is outside its dates", Err: dates(c.pair.Leaf, now),
			hint: "check this machine's clock, then get a new certificate from the gateway's administrator",
		}
	}
	return c, nil
}

// present answers the gateway's question, with an empty certificate where
// there is none. The gateway may take that or not.
func (c *clientCertificate) present(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	c.asked = true
	return &c.pair, nil
}

// blame turns the end of a connection into what it most likely means, once the
// gateway has asked for a certificate: many say no more than an alert, or hang
// up only when they are asked for the tunnel.
func (c *clientCertificate) blame(at hop, err error) error {
	var step *StepError
	if !c.asked || !errors.As(err, &step) {
		return err
	}
	var said *net.OpError
	alert := errors.As(err, &said) && said.Op == "remote error"
	switch {
	case len(c.pair.Certificate) == 0 && (alert || step.Fault.hungUp()):
		return &CredentialError{
			Hop: at.name, What: "it asks for a client certificate, and there is none", Refused: true,
			hint: "get one from the gateway's administrator, and name it as clientCertificate and clientKey in berth's settings",
		}
	case alert:
		return &CredentialError{
			Hop: at.name, What: "it refused the client certificate " + c.file, Err: said.Err, Refused: true,
			hint: "get a new certificate from the gateway's administrator",
		}
	}
	return err
}

// shortPath drops the system call from an error of a file.
func shortPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return &shortError{path.Path + ": " + path.Err.Error(), err}
	}
	return err
}
