//go:build linux && realnode

package realnode_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// The gateway of these tests speaks TLS.
const (
	tlsAddress = "127.0.0.1:8443"
	tlsName    = "connect." + meshDomain
)

// file writes a file of the test and returns its path.
func (b *bed) file(name string, data []byte) string {
	b.t.Helper()
	path := filepath.Join(b.home, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// ask asks the gateway by TLS for a tunnel. It returns the answer's status line
// and, of a tunnel, the first line behind it.
func ask(config *tls.Config, authority string, headers ...string) (status, banner string, err error) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: config}
	conn, err := dialer.DialContext(context.Background(), "tcp", tlsAddress)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = conn.Close() }() // nothing is lost
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", "", err
	}
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", authority, authority, strings.Join(headers, "")); err != nil {
		return "", "", err
	}
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	if err != nil {
		return "", "", err
	}
	status = strings.TrimSpace(line)
	if !strings.HasPrefix(status, "HTTP/1.1 200") {
		return status, "", nil
	}
	for line != "\r\n" {
		if line, err = r.ReadString('\n'); err != nil {
			return status, "", err
		}
	}
	banner, err = r.ReadString('\n')
	return status, strings.TrimSpace(banner), err
}

// tunnels asks until sshd answers: a gateway takes a moment.
func (b *bed) tunnels(config *tls.Config, name string, headers ...string) {
	b.t.Helper()
	b.eventually(20*time.Second, "a tunnel to "+name, func() error {
		status, banner, err := ask(config, name+"--"+b.namespace+"."+meshDomain+":22", headers...)
		if err != nil || !strings.HasPrefix(banner, "SSH-2.0-") {
			return fmt.Errorf("%q, %q, %w", status, banner, errors.Join(err, errors.New("no sshd")))
		}
		return nil
	})
}

// With TLS everything works as without; a client that does not trust the
// gateway sends nothing, and a new certificate cuts nobody.
func TestGatewayTLS(t *testing.T) {
	for _, kind := range []string{"istio", "istio-static", "istio-envoyfilter"} {
		t.Run(kind, func(t *testing.T) { // not parallel: there is one gateway
			b := newBed(t, baseline)
			ca := newAuthority(t, "Acme gateways")
			cert, key := ca.issue(7, tlsName, "127.0.0.1")
			options := []string{"--kind", kind, "--address", tlsAddress, "--tls-secret", "connect-tls", "--tls-ca", b.file("ca.pem", ca.pem)}
			switch kind { // by its address, by a name, by any name
			case "istio-static":
				options = append(options, "--tls-server-name", tlsName)
			case "istio-envoyfilter":
				options = append(options, "--tls-server-name", "*")
			}
			b.mesh(secret("connect-tls", cert, key), options...)
			b.create("w", image.SSHD)
			b.contains(b.far("w", "echo it-is-$((40+2))"), "it-is-42")
			b.contains(b.berth("gateway", "check"), "answers CONNECT")
			if kind != "istio" {
				return
			}
			for _, name := range []string{tlsName, "127.0.0.1"} {
				b.tunnels(ca.trust(name), "w")
			}
			if status, err := connect(tlsAddress, "w--"+b.namespace+"."+meshDomain+":22"); err == nil && strings.HasPrefix(status, "HTTP/1.1 2") {
				t.Errorf("without TLS: %s", status)
			}
			if _, err := connect(meshAddress, "w--"+b.namespace+"."+meshDomain+":22"); err == nil {
				t.Error("the plain port answers")
			}
			for _, authority := range []string{
				"kubernetes.default.svc.cluster.local:443", "kubernetes--default." + meshDomain + ":443", "w--" + b.namespace + "." + meshDomain + ":2222",
				"w." + b.namespace + ":22", "169.254.169.254:80", "127.0.0.1:19100", "nobody--" + b.namespace + "." + meshDomain + ":22", tlsName + ":22",
			} {
				if status, _, err := ask(ca.trust(tlsName), authority); err != nil || strings.HasPrefix(status, "HTTP/1.1 2") {
					t.Errorf("CONNECT %s gives %q, %v", authority, status, err)
				}
			}
			b.renewed(ca)
			b.strangersCA()
		})
	}
}

// renewed puts a new certificate in place while a session is open.
func (b *bed) renewed(ca *authority) {
	b.t.Helper()
	session := b.session("w")
	session.waitFor("$")
	cert, key := ca.issue(8, tlsName, "127.0.0.1")
	if r := b.run(secret("connect-tls", cert, key), "kubectl", "apply", "-f", "-"); r.code != 0 {
		b.t.Fatal(r)
	}
	b.eventually(30*time.Second, "the new certificate", func() error {
		conn, err := (&tls.Dialer{Config: ca.trust(tlsName)}).DialContext(b.t.Context(), "tcp", tlsAddress)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }() // nothing is lost
		if serial := conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64(); serial != 8 {
			return fmt.Errorf("certificate %d", serial)
		}
		return nil
	})
	time.Sleep((meshDrain + 2) * time.Second) // what a change of the listener would cut is cut by now
	session.send("echo still-$((40+2))\n")
	session.waitFor("still-42")
	session.send("exit\n")
	session.wait()
}

// strangersCA publishes a CA that is not the gateway's: nobody connects, and
// the message says whose fault it is.
func (b *bed) strangersCA() {
	b.t.Helper()
	other := newAuthority(b.t, "Somebody else")
	manifest := b.mustCommand("berth", "gateway", "manifest", "--domain", meshDomain, "--address", tlsAddress, "--tls-secret", "connect-tls", "--tls-ca", b.file("other.pem", other.pem))
	if r := b.run(manifest, "kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-"); r.code != 0 {
		b.t.Fatal(r)
	}
	b.berth("ls")
	b.gatewayOnly = false // what is said on the way round is what this looks at
	b.eventually(20*time.Second, "a gateway of an unknown CA is refused", func() error {
		r := b.tryFar("w", "true")
		for _, word := range []string{"gateway " + tlsAddress, "CA"} {
			if !strings.Contains(r.stderr, word) {
				return fmt.Errorf("no %q in %v", word, r)
			}
		}
		return nil
	})
}

// A gateway that asks for client certificates takes those of its CA only.
func TestGatewayTLSAsksForCertificates(t *testing.T) {
	b := newBed(t, baseline)
	ca, people, others := newAuthority(t, "Acme gateways"), newAuthority(t, "Acme people"), newAuthority(t, "Others")
	cert, key := ca.issue(7, tlsName)
	b.mesh(secret("connect-tls", cert, key), "--address", tlsAddress, "--tls-secret", "connect-tls", "--tls-ca", b.file("ca.pem", ca.pem),
		"--tls-server-name", tlsName, "--client-ca", b.file("people.pem", people.pem))
	b.gatewayOnly = false // this berth has no credential: it goes round
	b.create("w", image.SSHD)
	with := func(a *authority) *tls.Config {
		config := ca.trust(tlsName)
		if a != nil {
			pair, err := tls.X509KeyPair(a.issue(9, "dev@acme.test"))
			if err != nil {
				t.Fatal(err)
			}
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		return config
	}
	b.tunnels(with(people), "w")
	for name, a := range map[string]*authority{"none": nil, "another CA's": others, "the gateway's own CA": ca} {
		if status, _, err := ask(with(a), "w--"+b.namespace+"."+meshDomain+":22"); err == nil {
			t.Errorf("with %s certificate: %s", name, status)
		}
	}
	for _, authority := range []string{"kubernetes.default.svc.cluster.local:443", "w--" + b.namespace + "." + meshDomain + ":2222"} {
		if status, _, err := ask(with(people), authority); err != nil || strings.HasPrefix(status, "HTTP/1.1 2") {
			t.Errorf("CONNECT %s gives %q, %v", authority, status, err)
		}
	}
}

// A gateway that asks for tokens takes good ones only, and only where they
// belong.
func TestGatewayTLSAsksForTokens(t *testing.T) {
	b := newBed(t, baseline)
	ca := newAuthority(t, "Acme gateways")
	id := &issuer{name: "https://id.acme.test/", key: newKey(t)}
	cert, key := ca.issue(7, tlsName)
	b.mesh(secret("connect-tls", cert, key), "--address", tlsAddress, "--tls-secret", "connect-tls", "--tls-ca", b.file("ca.pem", ca.pem),
		"--tls-server-name", tlsName, "--jwt-issuer", id.name, "--jwt-jwks", b.file("keys.json", id.keys()), "--jwt-audience", "berth", "--jwt-audience", "ssh")
	b.gatewayOnly = false // this berth has no credential: it goes round
	b.create("w", image.SSHD)
	bearer := func(token string) string { return "Proxy-Authorization: Bearer " + token + "\r\n" }
	config := ca.trust(tlsName)
	b.tunnels(config, "w", bearer(id.token(t, nil)))
	b.tunnels(config, "w", bearer(id.token(t, map[string]any{"aud": []string{"web", "ssh"}})))
	forged := &issuer{name: id.name, key: newKey(t)}
	for name, tc := range map[string]struct{ header, status string }{
		"none":                {"", "401"},
		"no token":            {bearer("hello"), "401"},
		"expired":             {bearer(id.token(t, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()})), "401"},
		"not yet":             {bearer(id.token(t, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})), "401"},
		"another audience":    {bearer(id.token(t, map[string]any{"aud": "web"})), "403"},
		"no audience":         {bearer(id.token(t, map[string]any{"aud": nil})), "403"},
		"another issuer":      {bearer(id.token(t, map[string]any{"iss": "https://evil.test/"})), "401"},
		"another key":         {bearer(forged.token(t, nil)), "401"},
		"nobody's":            {bearer(id.token(t, map[string]any{"sub": nil})), "403"},
		"of no signature":     {bearer("eyJhbGciOiJub25lIn0." + strings.Split(id.token(t, nil), ".")[1] + "."), "401"},
		"in the wrong header": {"Authorization: Bearer " + id.token(t, nil) + "\r\n", "401"},
	} {
		status, _, err := ask(config, "w--"+b.namespace+"."+meshDomain+":22", tc.header)
		if err != nil || !strings.HasPrefix(status, "HTTP/1.1 "+tc.status) {
			t.Errorf("token %s: %q, %v, want %s", name, status, err, tc.status)
		}
	}
	for _, authority := range []string{"kubernetes.default.svc.cluster.local:443", "w--" + b.namespace + "." + meshDomain + ":2222", "127.0.0.1:19100"} {
		if status, _, err := ask(config, authority, bearer(id.token(t, nil))); err != nil || strings.HasPrefix(status, "HTTP/1.1 2") {
			t.Errorf("CONNECT %s gives %q, %v", authority, status, err)
		}
	}
}

// The cluster itself can be the issuer: its service account tokens let in, as
// docs/gateway.md says.
func TestGatewayTLSTakesTheClustersOwnTokens(t *testing.T) {
	b := newBed(t, baseline)
	ca := newAuthority(t, "Acme gateways")
	cert, key := ca.issue(7, tlsName)
	var discovery struct{ Issuer string }
	if err := json.Unmarshal([]byte(b.mustCommand("kubectl", "get", "--raw", "/.well-known/openid-configuration")), &discovery); err != nil {
		t.Fatal(err)
	}
	keys := b.file("keys.json", []byte(b.mustCommand("kubectl", "get", "--raw", "/openid/v1/jwks")))
	b.mesh(secret("connect-tls", cert, key), "--kind", "istio-static", "--address", tlsAddress, "--tls-secret", "connect-tls", "--tls-ca", b.file("ca.pem", ca.pem),
		"--tls-server-name", tlsName, "--jwt-issuer", discovery.Issuer, "--jwt-jwks", keys, "--jwt-audience", "berth")
	b.gatewayOnly = false // this berth has no credential: it goes round
	b.create("w", image.SSHD)
	token := func(audience string) string {
		return "Proxy-Authorization: Bearer " + strings.TrimSpace(b.mustCommand("kubectl", "create", "token", "default", "-n", b.namespace, "--audience", audience)) + "\r\n"
	}
	b.tunnels(ca.trust(tlsName), "w", token("berth"))
	if status, _, err := ask(ca.trust(tlsName), "w--"+b.namespace+"."+meshDomain+":22", token("web")); err != nil || !strings.HasPrefix(status, "HTTP/1.1 403") {
		t.Errorf("a token for another audience: %q, %v", status, err)
	}
}
