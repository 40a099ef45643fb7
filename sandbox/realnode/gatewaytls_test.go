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

// The gateways of these tests speak TLS.
const (
	tlsAddress = "127.0.0.1:8443" // of a mesh's Envoy
	tlsPods    = balancer + ":443"
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

// secured makes a gateway of a kind that speaks TLS, with a certificate of a
// CA that the test makes.
func secured(t *testing.T, kind string, options func(b *bed) []string) (*bed, *authority) {
	t.Helper()
	b := newBed(t, baseline)
	b.secured = true
	ca := newAuthority(t, "Acme gateways")
	cert, key := ca.issue(7, 90, tlsName, "127.0.0.1", balancer)
	b.apply(secret("connect-tls", cert, key))
	all := append([]string{"--tls-secret", "connect-tls", "--tls-ca", b.file("ca.pem", ca.pem)}, options(b)...)
	switch kind {
	case "envoy":
		b.envoy(append(all, "--address", tlsPods)...)
		b.gateway = tlsPods
	case "envoy-gateway":
		b.envoyGateway(append(all, "--address", tlsPods)...)
		b.gateway = tlsPods
	default:
		b.mesh("", append(all, "--kind", kind, "--address", tlsAddress)...)
		b.gateway = tlsAddress
	}
	return b, ca
}

// ask asks the gateway by TLS for a tunnel. It returns the answer's status line
// and, of a tunnel, the first line behind it.
func (b *bed) ask(config *tls.Config, authority string, headers ...string) (status, banner string, err error) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: config}
	conn, err := dialer.DialContext(context.Background(), "tcp", b.gateway)
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

// own is the authority of the bed's workspace w.
func (b *bed) own() string { return "w--" + b.namespace + "." + meshDomain + ":22" }

// tunnels asks until the sshd of workspace w answers: a gateway takes a moment.
func (b *bed) tunnels(config *tls.Config, headers ...string) {
	b.t.Helper()
	b.eventually(30*time.Second, "a tunnel to w", func() error {
		status, banner, err := b.ask(config, b.own(), headers...)
		if err != nil || !strings.HasPrefix(banner, "SSH-2.0-") {
			return fmt.Errorf("%q, %q, %w", status, banner, errors.Join(err, errors.New("no sshd")))
		}
		return nil
	})
}

// strangersStayOut asks for what nobody may reach, with everything that a client
// has to bring.
func (b *bed) strangersStayOut(config *tls.Config, headers ...string) {
	b.t.Helper()
	for _, authority := range []string{
		"kubernetes.default.svc.cluster.local:443", "kubernetes--default." + meshDomain + ":443", "w--" + b.namespace + "." + meshDomain + ":2222",
		"w." + b.namespace + ":22", "169.254.169.254:80", "127.0.0.1:19100", "nobody--" + b.namespace + "." + meshDomain + ":22", tlsName + ":22",
	} {
		if status, _, err := b.ask(config, authority, headers...); err != nil || strings.HasPrefix(status, "HTTP/1.1 2") {
			b.t.Errorf("CONNECT %s gives %q, %v", authority, status, err)
		}
	}
}

// With TLS everything works as without; who does not trust the gateway says
// nothing to it, and a new certificate cuts nobody.
func TestGatewayTLS(t *testing.T) {
	for kind, name := range map[string]string{ // by its address, by a name, by any name
		"istio": "", "istio-static": tlsName, "istio-envoyfilter": "*", "envoy": tlsName, "envoy-gateway": "",
	} {
		t.Run(kind, func(t *testing.T) { // not parallel: there is one gateway
			b, ca := secured(t, kind, func(*bed) []string { return []string{"--tls-server-name", name} })
			b.create("w", image.SSHD)
			b.contains(b.far("w", "echo it-is-$((40+2))"), "it-is-42")
			b.contains(b.berth("gateway", "check"), "answers CONNECT", "certificate is good until", "1 workspaces that run are reached", "nobody's workspace is reached")
			if strings.HasPrefix(kind, "istio-") {
				return // the listener is istio's
			}
			host, _, _ := net.SplitHostPort(b.gateway)
			for _, name := range []string{tlsName, host} {
				b.tunnels(ca.trust(name))
			}
			if status, err := connect(b.gateway, b.own()); err == nil && strings.HasPrefix(status, "HTTP/1.1 2") {
				t.Errorf("without TLS: %s", status)
			}
			plain := map[string]string{tlsAddress: meshAddress, tlsPods: podGateway}[b.gateway]
			if status, err := connect(plain, b.own()); err == nil {
				t.Errorf("%s answers in the clear: %s", plain, status)
			}
			b.strangersStayOut(ca.trust(tlsName))
			b.renewed(ca)
			b.strangersCA(kind)
		})
	}
}

// renewed puts a new certificate in place while a session is open. It does not
// last, and the check says so.
func (b *bed) renewed(ca *authority) {
	b.t.Helper()
	session := b.session("w")
	session.waitFor("$")
	cert, key := ca.issue(8, 3, tlsName, "127.0.0.1", balancer)
	b.apply(secret("connect-tls", cert, key))
	b.eventually(3*time.Minute, "the new certificate", func() error { // a kubelet takes its time
		conn, err := (&tls.Dialer{Config: ca.trust(tlsName)}).DialContext(b.t.Context(), "tcp", b.gateway)
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
	r := b.tryBerth("gateway", "check")
	b.contains(r.stdout, "certificate ends in 2 days")
	if r.code != 1 {
		b.t.Errorf("with a certificate that ends soon: %v", r)
	}
}

// strangersCA publishes a CA that is not the gateway's: nobody connects, and
// the message says whose fault it is.
func (b *bed) strangersCA(kind string) {
	b.t.Helper()
	other := newAuthority(b.t, "Somebody else")
	b.apply(b.mustCommand("berth", "gateway", "manifest", "--kind", kind, "--domain", meshDomain, "--address", b.gateway, "--tls-secret", "connect-tls", "--tls-ca", b.file("other.pem", other.pem)))
	b.berth("ls")
	b.gatewayOnly = false // what is said on the way round is what this looks at
	b.eventually(20*time.Second, "a gateway of an unknown CA is refused", func() error {
		r := b.tryFar("w", "true")
		for _, word := range []string{"gateway " + b.gateway, "unknown authority"} {
			if !strings.Contains(r.stderr, word) {
				return fmt.Errorf("no %q in %v", word, r)
			}
		}
		return nil
	})
	r := b.tryBerth("gateway", "check")
	b.contains(r.stdout, "cannot be asked", "unknown authority", "was not tried")
	if r.code != 1 {
		b.t.Errorf("with a gateway that cannot be asked: %v", r)
	}
}

// A gateway that asks for client certificates takes those of its CA only.
func TestGatewayTLSAsksForCertificates(t *testing.T) {
	for _, kind := range []string{"istio", "envoy", "envoy-gateway"} {
		t.Run(kind, func(t *testing.T) {
			people, others := newAuthority(t, "Acme people"), newAuthority(t, "Others")
			b, ca := secured(t, kind, func(b *bed) []string {
				return []string{"--tls-server-name", tlsName, "--client-ca", b.file("people.pem", people.pem)}
			})
			// Without one, the wait ends at once, and says whose it is.
			b.without("w", "it asks for a client certificate, and there is none", "hint: ", "clientCertificate")
			with := func(a *authority) *tls.Config {
				config := ca.trust(tlsName)
				if a != nil {
					pair, err := tls.X509KeyPair(a.issue(9, 1, "dev@acme.test"))
					if err != nil {
						t.Fatal(err)
					}
					config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
				}
				return config
			}
			b.tunnels(with(people))
			for name, a := range map[string]*authority{"none": nil, "another CA's": others, "the gateway's own CA": ca} {
				if status, _, err := b.ask(with(a), b.own()); err == nil {
					t.Errorf("with %s certificate: %s", name, status)
				}
			}
			b.strangersStayOut(with(people))

			// OpenSSH and berth show what the settings name.
			show := func(a *authority) {
				cert, key := a.issue(9, 1, "dev@acme.test")
				b.file("me.pem", cert)
				b.file("me.key", key)
			}
			show(people)
			b.settings("clientCertificate: ~/me.pem, clientKey: ~/me.key")
			b.lives("w", "a client without a certificate is refused")
			show(others)
			if r := b.tryFar("w", "true"); r.code != 255 || !strings.Contains(r.stderr, "gateway "+b.gateway+": it refused the client certificate") {
				t.Errorf("with another CA's certificate: %v", r)
			}
		})
	}
}

// without creates a workspace behind a gateway that wants more than this berth
// has: it is made, and the wait for it ends with these words.
func (b *bed) without(name string, words ...string) {
	b.t.Helper()
	begun := time.Now()
	r := b.tryBerth(append(createArgs(name, image.SSHD), "--wait")...)
	if r.code != 4 || time.Since(begun) > time.Minute {
		b.t.Errorf("after %v: %v", time.Since(begun), r)
	}
	b.contains(r.stderr, append(words, "gateway "+b.gateway)...)
}

// settings writes the user's own settings for the gateway.
func (b *bed) settings(text string) {
	b.t.Helper()
	folder := filepath.Join(b.home, ".config", "berth")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		b.t.Fatal(err)
	}
	name := strings.TrimSpace(b.mustCommand("kubectl", "config", "current-context"))
	text = fmt.Sprintf("gateways:\n  %q: {%s}\n", name, text)
	if err := os.WriteFile(filepath.Join(folder, "config.yaml"), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.berth("ls") // writes the alias
}

// lives fails the test unless a workspace is reached through the gateway, by
// everything that reaches one, and the check is content.
func (b *bed) lives(name string, words ...string) {
	b.t.Helper()
	b.contains(b.far(name, "echo it-is-$((40+2))"), "it-is-42")
	if r := b.tryBerth("ssh", name, "--", "echo it-is-$((40+2))"); r.code != 0 || !strings.Contains(r.stdout, "it-is-42") {
		b.t.Errorf("berth ssh: %v", r)
	}
	b.contains(b.berth("gateway", "check"), append(words, "1 workspaces that run are reached", "nobody's workspace is reached")...)
}

// A gateway that asks for tokens takes good ones only, and only where they
// belong.
func TestGatewayTLSAsksForTokens(t *testing.T) {
	for _, kind := range []string{"istio", "envoy", "envoy-gateway"} {
		t.Run(kind, func(t *testing.T) {
			id := &issuer{name: "https://id.acme.test/", key: newKey(t)}
			b, ca := secured(t, kind, func(b *bed) []string {
				return []string{
					"--tls-server-name", tlsName, "--jwt-issuer", id.name, "--jwt-jwks", b.file("keys.json", id.keys()), "--jwt-audience", "berth", "--jwt-audience", "ssh",
				}
			})
			b.without("w", "401", "hint: the gateway wants a token", "tokenFile")
			bearer := func(token string) string { return "Proxy-Authorization: Bearer " + token + "\r\n" }
			config := ca.trust(tlsName)
			b.tunnels(config, bearer(id.token(t, nil)))
			b.tunnels(config, bearer(id.token(t, map[string]any{"aud": []string{"web", "ssh"}})))
			forged := &issuer{name: id.name, key: newKey(t)}
			cases := map[string]struct{ header, status string }{
				"none":                {"", "401"},
				"no token":            {bearer("hello"), "401"},
				"expired":             {bearer(id.token(t, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()})), "401"},
				"not yet":             {bearer(id.token(t, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})), "401"},
				"another audience":    {bearer(id.token(t, map[string]any{"aud": "web"})), "403"},
				"no audience":         {bearer(id.token(t, map[string]any{"aud": nil})), "403"},
				"another issuer":      {bearer(id.token(t, map[string]any{"iss": "https://evil.test/"})), "401"},
				"another key":         {bearer(forged.token(t, nil)), "401"},
				"of no signature":     {bearer("eyJhbGciOiJub25lIn0." + strings.Split(id.token(t, nil), ".")[1] + "."), "401"},
				"in the wrong header": {"Authorization: Bearer " + id.token(t, nil) + "\r\n", "401"},
			}
			switch kind {
			case "istio":
				cases["nobody's"] = struct{ header, status string }{bearer(id.token(t, map[string]any{"sub": nil})), "403"}
			case "envoy":
				cases["for ever"] = struct{ header, status string }{bearer(id.token(t, map[string]any{"exp": nil})), "401"}
			}
			for name, tc := range cases {
				status, _, err := b.ask(config, b.own(), tc.header)
				if err != nil || !strings.HasPrefix(status, "HTTP/1.1 "+tc.status) {
					t.Errorf("token %s: %q, %v, want %s", name, status, err, tc.status)
				}
			}
			b.strangersStayOut(config, bearer(id.token(t, nil)))
			// Without a token the check has seen nothing, and says so.
			r := b.tryBerth("gateway", "check")
			b.contains(r.stdout, "a client without a token is refused (401)", "takes none of ours (401)", "was not tried")
			if r.code != 1 || strings.Contains(r.stdout, "nobody's workspace is reached") {
				t.Errorf("without a token: %v", r)
			}

			// OpenSSH and berth show the one that the settings name.
			b.file("token", []byte(id.token(t, nil)+"\n"))
			b.settings("tokenFile: ~/token")
			b.lives("w", "a client without a token is refused (401)")
			for _, tc := range []struct {
				claims map[string]any
				words  []string
			}{
				{map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}, []string{"gateway " + b.gateway, "401", "may have expired"}},
				{map[string]any{"aud": "web"}, []string{"gateway " + b.gateway, "403", "another audience"}},
			} {
				b.file("token", []byte(id.token(t, tc.claims)))
				r := b.tryFar("w", "true")
				if b.contains(r.stderr, tc.words...); r.code != 255 {
					t.Errorf("with a token of %v: %v", tc.claims, r)
				}
			}
		})
	}
}

// The cluster itself can be the issuer: its service account tokens let in, as
// docs/gateway.md says.
func TestGatewayTLSTakesTheClustersOwnTokens(t *testing.T) {
	b, ca := secured(t, "istio-static", func(b *bed) []string {
		var discovery struct{ Issuer string }
		if err := json.Unmarshal([]byte(b.mustCommand("kubectl", "get", "--raw", "/.well-known/openid-configuration")), &discovery); err != nil {
			t.Fatal(err)
		}
		keys := b.file("keys.json", []byte(b.mustCommand("kubectl", "get", "--raw", "/openid/v1/jwks")))
		return []string{"--tls-server-name", tlsName, "--jwt-issuer", discovery.Issuer, "--jwt-jwks", keys, "--jwt-audience", "berth"}
	})
	b.settings("tokenCommand: [kubectl, create, token, default, -n, " + b.namespace + ", --audience, berth]")
	b.create("w", image.SSHD)
	b.lives("w", "a client without a token is refused (401)")
	token := func(audience string) string {
		return "Proxy-Authorization: Bearer " + strings.TrimSpace(b.mustCommand("kubectl", "create", "token", "default", "-n", b.namespace, "--audience", audience)) + "\r\n"
	}
	b.tunnels(ca.trust(tlsName), token("berth"))
	if status, _, err := b.ask(ca.trust(tlsName), b.own(), token("web")); err != nil || !strings.HasPrefix(status, "HTTP/1.1 403") {
		t.Errorf("a token for another audience: %q, %v", status, err)
	}
}
