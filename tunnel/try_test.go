package tunnel_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// through is an alias behind a gateway.
func through(address string) alias.File {
	return alias.File{Transport: alias.Gateway, Address: address, Authority: "api--a.example.com:22", Name: "api"}
}

func TestTryMeasuresAnAnswer(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, sshtest.Forward(server.Addr, "HTTP/1.1 200 OK\r\n\r\n"))
	for name, f := range map[string]alias.File{
		"gateway": through(gateway.Addr), "direct": {Transport: alias.Direct, Address: server.Addr, Name: "api"},
	} {
		before := time.Now()
		p := tunnel.Try(t.Context(), f)
		if !p.OK || p.Took <= 0 || p.Took > time.Since(before) || p.At.Before(before) || p.Hop != "" || p.Error != "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestTrySaysAtWhichHopItEnded(t *testing.T) {
	t.Parallel()
	closed := closedAddr(t)
	says := func(answer string) alias.File {
		return through(sshtest.Listen(t, nil, sshtest.Say(answer)).Addr)
	}
	direct := func(address string) alias.File { return alias.File{Transport: alias.Direct, Address: address} }
	tls := through(sshtest.Listen(t, nil, func(conn net.Conn) { _, _ = conn.Write([]byte("SSH-2.0-x\r\n")) }).Addr)
	tls.TLS = true
	behind := through("gateway.invalid:443")
	behind.Proxy = "http://" + sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")).Addr
	tokenless := through(closed)
	tokenless.TokenFile = "/nowhere"
	for name, tt := range map[string]struct {
		f      alias.File
		hop    workspace.Hop
		status int
		says   string
	}{
		"no such name":         {through("no-such-host.invalid:443"), workspace.HopNetwork, 0, "no-such-host.invalid"},
		"nothing listens":      {through(closed), workspace.HopGateway, 0, "connection refused"},
		"no tls":               {tls, workspace.HopGateway, 0, "tls"},
		"no http":              {says("SSH-2.0-x\r\n"), workspace.HopGateway, 0, "does not answer as a gateway"},
		"hangs up":             {through(sshtest.Listen(t, nil, func(c net.Conn) { sshtest.ReadRequest(c) }).Addr), workspace.HopGateway, 0, "closed without an answer"},
		"keeps us waiting":     {says(""), workspace.HopRoute, 0, "waited 2s"},
		"stopped":              {says("HTTP/1.1 503 Service Unavailable\r\n\r\n"), workspace.HopRoute, 503, "503"},
		"no route":             {says("HTTP/1.1 404 Not \x1b[2JFound\r\n\r\n"), workspace.HopRoute, 404, "404 Not ?[2JFound"},
		"200 and hangs up":     {through(sshtest.Listen(t, nil, func(c net.Conn) { sshtest.ReadRequest(c); _, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")) }).Addr), workspace.HopSSH, 0, "before a greeting"},
		"200 and never greets": {says("HTTP/1.1 200 OK\r\n\r\n"), workspace.HopSSH, 0, "no answer within 5s"},
		"direct, refused":      {direct(closed), workspace.HopRoute, 0, "connection refused"},
		"a proxy says no":      {behind, workspace.HopNetwork, 0, "proxy"},
		"our token is missing": {tokenless, workspace.HopNetwork, 0, "token"},
		"direct, no such name": {direct("no-such-host.invalid:22"), workspace.HopNetwork, 0, "no-such-host.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := tunnel.Try(t.Context(), tt.f)
			if p.OK || p.Hop != tt.hop || p.Status != tt.status || !strings.Contains(p.Error, tt.says) || strings.Contains(p.Error, "\x1b") {
				t.Errorf("got %+v, want hop %q, status %d, an error that says %q", p, tt.hop, tt.status, tt.says)
			}
		})
	}
}

// TestTryEndsWithItsContext holds that nobody waits for an attempt that is no
// longer wanted.
func TestTryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	f := through(sshtest.Listen(t, nil, func(conn net.Conn) {
		sshtest.ReadRequest(conn)
		asked <- struct{}{}
		sshtest.Say("")(conn)
	}).Addr)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if p := tunnel.Try(ctx, f); p.OK || p.Error != context.Canceled.Error() {
		t.Errorf("%+v", p)
	}
}

// closedAddr is an address at which nothing listens.
func closedAddr(t *testing.T) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}
