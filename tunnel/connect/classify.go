package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// stepError turns what a step returned into a *StepError.
func (w way) stepError(at hop, step Step, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	fault, cause := classify(step, err)
	if fault == FaultTimeout {
		cause = &shortError{"waited " + w.timeout().String(), err}
	}
	return &StepError{Hop: at.name, Step: step, Fault: fault, Err: cause, proxy: at.proxy}
}

// shortError says less than the error it wraps.
type shortError struct {
	text string
	err  error
}

func (e *shortError) Error() string { return e.text }
func (e *shortError) Unwrap() error { return e.err }

// classify returns the fault behind err, and err as it should be shown: nil
// where the fault says it all.
func classify(step Step, err error) (Fault, error) {
	if step == StepTLS {
		if fault, cause := classifyTLS(err); fault != "" {
			return fault, cause
		}
	}
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.Is(err, errNotHTTP), errors.Is(err, errSSH), errors.Is(err, errBadReply), errors.Is(err, errLongReply):
		return FaultNotHTTP, err
	case errors.Is(err, errNotSOCKS):
		return FaultNotSOCKS, nil
	case errors.As(err, &dns) && !dns.IsTimeout:
		return FaultDNS, &shortError{dns.Name, err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &network) && network.Timeout():
		return FaultTimeout, err
	case errors.Is(err, syscall.ECONNREFUSED):
		return FaultRefused, nil
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return FaultUnroutable, nil
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return FaultReset, nil
	case errors.Is(err, errNoReply), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return FaultClosed, nil
	}
	return FaultOther, err
}

// classifyTLS returns "" for errors that are not TLS's own.
func classifyTLS(err error) (Fault, error) {
	var (
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return FaultExpired, dates(invalid.Cert, time.Now())
	case errors.As(err, &name):
		return FaultWrongName, name
	case errors.As(err, &unknown):
		return FaultUnknownCA, nil
	case errors.As(err, &record):
		return FaultNotTLS, nil
	}
	return "", nil
}

// dates says when a certificate is valid and what this machine's clock shows,
// because a wrong clock is as likely as an old certificate.
func dates(cert *x509.Certificate, now time.Time) error {
	const day = "2006-01-02 15:04"
	return errors.New("valid " + cert.NotBefore.UTC().Format(day) + " to " + cert.NotAfter.UTC().Format(day) +
		", this machine's clock says " + now.UTC().Format(day) + " UTC")
}
