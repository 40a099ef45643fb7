package connect

import (
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/sshtest"
)

// A gateway that refuses a certificate says so and hangs up, and may have done
// both before it is asked for the tunnel: what it said is the error, not that
// the request could not be sent.
func TestAnAlertIsHeardBehindAReset(t *testing.T) {
	t.Parallel()
	ca, other := sshtest.NewCA(t), sshtest.NewCA(t)
	later := time.Now().Add(time.Hour)
	w := way{Options: Options{Authority: "api:22", TLS: true, CAFile: ca.File}}
	w.ClientCert, w.ClientKey = other.Client(t, "me", later)
	config := ca.Demand(ca.Server(t, "127.0.0.1", later))

	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hungUp := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_ = tls.Server(conn, config).HandshakeContext(t.Context()) // it says what it refuses
			_ = conn.(*net.TCPConn).SetLinger(0)                       // a reset
			err = conn.Close()
		}
		hungUp <- err
	}()
	w.Address = listener.Addr().String()
	if w.certificate, err = w.loadCertificate(); err != nil {
		t.Fatal(err)
	}
	plain, err := w.dialTCP(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	secured, err := w.secure(t.Context(), plain)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-hungUp; err != nil {
		t.Fatal(err)
	}
	_, _, err = w.request(secured, w.target(), w.Authority, "")
	const want = "it refused the client certificate"
	var got *CredentialError
	if !errors.As(w.certificate.blame(w.target(), err), &got) || got.What != want+" "+w.ClientCert {
		t.Errorf("error %v, want %q", err, want)
	}
}
