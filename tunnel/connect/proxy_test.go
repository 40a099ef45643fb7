package connect_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// behind is how tests name a gateway that is reached through a proxy: the same
// listener, at an address that is not known to be loopback.
func behind(gateway *sshtest.Gateway) string {
	_, port, _ := net.SplitHostPort(gateway.Addr)
	return "0.0.0.0:" + port
}

// environment is a Getenv of NAME=value pairs.
func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for _, pair := range pairs {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// Real proxies, with and without a password, before plain and secured gateways.
func TestDialThroughAProxy(t *testing.T) {
	t.Parallel()
	ca := sshtest.NewCA(t)
	const answer = "HTTP/1.1 200 OK\r\n\r\nSSH-2.0-ok"
	plain := sshtest.Listen(t, nil, sshtest.Say(answer))
	secured := sshtest.Listen(t, ca.Server(t, "ssh.example.com", time.Now().Add(time.Hour)), sshtest.Say(answer))
	open, closed := sshtest.Tinyproxy(t, "", ""), sshtest.Tinyproxy(t, "me", "s3cret")
	socks, login := sshtest.Microsocks(t, "", ""), sshtest.Microsocks(t, "me", "s3cret")
	for name, tt := range map[string]struct {
		proxy   string
		refusal string // "" means success
		hint    string
	}{
		"http":                   {"http://" + open, "", ""},
		"no scheme":              {open, "", ""},
		"http, password":         {"http://me:s3cret@" + closed, "", ""},
		"http, no password":      {"http://" + closed, "407 Proxy Authentication Required", "http://USER:PASSWORD@" + closed},
		"http, wrong password":   {"http://me:wrong@" + closed, "401 Unauthorized", "check the user and password"},
		"socks5":                 {"socks5://" + socks, "", ""},
		"socks5h":                {"socks5h://" + socks, "", ""},
		"socks5, password":       {"socks5://me:s3cret@" + login, "", ""},
		"socks5, needless login": {"socks5://me:s3cret@" + socks, "", ""},
		"socks5, no password":    {"socks5://" + login, "it asks for a password", "http://USER:PASSWORD@" + login},
		"socks5, wrong password": {"socks5://me:wrong@" + login, "it does not know this user or password", "check the user and password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, gateway := range []*sshtest.Gateway{plain, secured} {
				o := options(behind(gateway))
				o.Proxy, o.TLS, o.ServerName, o.CAFile = tt.proxy, gateway == secured, "ssh.example.com", ca.File
				got, err := greetingOf(t, o)
				if tt.refusal == "" {
					if err != nil || got != "SSH-2.0-ok" {
						t.Errorf("got %q, error %v", got, err)
					}
					continue
				}
				requireProxyError(t, err, o, tt.refusal, tt.hint)
			}
		})
	}
}

func hintOf(t *testing.T, err error) string {
	t.Helper()
	var hinted interface{ Hint() string }
	if !errors.As(err, &hinted) {
		t.Fatalf("error %v has no hint", err)
	}
	return hinted.Hint()
}

func requireProxyError(t *testing.T, err error, o connect.Options, refusal, hint string) {
	t.Helper()
	var refused *connect.ProxyError
	if !errors.As(err, &refused) {
		t.Fatalf("error %v, want a refusal of the proxy", err)
	}
	if text := err.Error(); !strings.HasPrefix(text, "proxy ") || !strings.HasSuffix(text, " refused "+o.Address+": "+refusal) {
		t.Errorf("error %q, want the proxy, %q and %q", text, o.Address, refusal)
	}
	if !strings.Contains(refused.Hint(), hint) {
		t.Errorf("hint %q, want %q", refused.Hint(), hint)
	}
	if !connect.Unreachable(err) {
		t.Error("no other way would be tried")
	}
	if strings.Contains(err.Error()+refused.Hint(), "wrong") || strings.Contains(err.Error()+refused.Hint(), "s3cret") {
		t.Errorf("the password shows: %v, %s", err, refused.Hint())
	}
}

// An address of a workspace's own is reached through a proxy like any other, and
// sshd, which speaks first, is heard from its first byte.
func TestDialAnAddressThroughAProxy(t *testing.T) {
	t.Parallel()
	server := sshtest.Listen(t, nil, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "SSH-2.0-ok")
		_, _ = io.Copy(io.Discard, conn)
	})
	glued := sshtest.Listen(t, nil, sshtest.Forward(server.Addr, "HTTP/1.1 200 OK\r\n\r\n"))
	for _, proxy := range []string{"http://" + sshtest.Tinyproxy(t, "", ""), "socks5://" + sshtest.Microsocks(t, "", ""), "http://" + glued.Addr} {
		o := options(behind(server))
		o.Authority, o.Proxy = "", proxy
		if got, err := greetingOf(t, o); err != nil || got != "SSH-2.0-ok" {
			t.Errorf("%s: got %q, error %v", proxy, got, err)
		}
	}
}

// Behind an https proxy the tunnel is what arrives first on a TLS connection.
// A certificate is looked at on the way that connections go, also one that is
// not to be trusted, of a gateway that would not let us in.
func TestCertificateThroughAProxy(t *testing.T) {
	t.Parallel()
	proxy := sshtest.Tinyproxy(t, "", "")
	for name, tt := range map[string]struct {
		ends   time.Time
		demand bool
	}{
		"good":                      {time.Now().Add(time.Hour), false},
		"expired":                   {time.Now().Add(-time.Hour), false},
		"asks for one of our own":   {time.Now().Add(time.Hour), true},
		"expired, asks for our own": {time.Now().Add(-time.Hour), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ca := sshtest.NewCA(t)
			config := ca.Server(t, "ssh.example.com", tt.ends)
			if tt.demand {
				config = ca.Demand(config)
				config.MaxVersion = tls.VersionTLS12 // it refuses within the handshake
			}
			gateway := sshtest.Listen(t, config, sshtest.Say(""))
			o := options(behind(gateway))
			o.Proxy, o.TLS, o.ServerName = "http://"+proxy, true, "ssh.example.com"
			cert, err := connect.Certificate(t.Context(), o)
			if err != nil || !cert.NotAfter.Equal(tt.ends.UTC().Truncate(time.Second)) {
				t.Errorf("certificate %v, error %v, want one that ends at %s", cert, err, tt.ends)
			}
			o.Proxy = "http://" + sshtest.Tinyproxy(t, "me", "s3cret")
			_, err = connect.Certificate(t.Context(), o)
			requireProxyError(t, err, o, "407 Proxy Authentication Required", "http://USER:PASSWORD@")
		})
	}
}

func TestDialThroughAnHTTPSProxy(t *testing.T) {
	t.Parallel()
	ca := sshtest.NewCA(t)
	proxy := sshtest.Listen(t, ca.Server(t, "127.0.0.1", time.Now().Add(time.Hour)), sshtest.Say(""))
	o := options("ssh.example.com:443")
	o.Proxy = "https://" + proxy.Addr
	_, err := connect.Dial(t.Context(), o) // the system does not know this CA
	requireFault(t, err, connect.StepTLS, connect.FaultUnknownCA)
	if want := "proxy " + proxy.Addr + ": tls: "; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %q, want %q", err, want)
	}
}

// Whose 407 it is decides what to do about it.
func TestWhoseAnswerItIs(t *testing.T) {
	t.Parallel()
	answer := func(status, fields string) *sshtest.Gateway {
		return sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 "+status+"\r\n"+fields+"\r\n"))
	}
	open := sshtest.Tinyproxy(t, "", "")
	for name, tt := range map[string]struct {
		status, fields string
		hint           string // with the answer from the proxy
	}{
		"password":   {"407 No", "Proxy-Authenticate: Basic realm=x\r\n", "http://USER:PASSWORD@"},
		"unsaid":     {"407 No", "", "http://USER:PASSWORD@"},
		"windows":    {"407 No", "Proxy-Authenticate: Negotiate\r\nproxy-authenticate: NTLM\r\n", "asks for negotiate or ntlm, and berth knows Basic"},
		"either":     {"407 No", "Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic realm=x\r\n", "http://USER:PASSWORD@"},
		"hostile":    {"407 No", "Proxy-Authenticate: \x1b]0;x\x07 y\r\n", "http://USER:PASSWORD@"},
		"forbidden":  {"403 No", "", "many allow port 443 only"},
		"no way":     {"502 No", "", "the proxy does not reach the gateway"},
		"no tunnels": {"405 No", "", "many allow port 443 only"},
		"redirect":   {"302 No", "Location: http://192.0.2.1/\r\n", "does not answer as a proxy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := answer(tt.status, tt.fields)
			o := options("ssh.example.com:443")
			o.Getenv = environment("HTTPS_PROXY=http://" + proxy.Addr)
			_, err := connect.Dial(t.Context(), o)
			requireProxyError(t, err, o, tt.status, tt.hint)
			if hint := hintOf(t, err); !strings.Contains(hint, "HTTPS_PROXY") && !strings.Contains(hint, "NO_PROXY=ssh.example.com") && !strings.Contains(hint, "cntlm") {
				t.Errorf("hint %q does not say where the proxy comes from", hint)
			}
			gateway := answer(tt.status, tt.fields)
			o = options(behind(gateway))
			o.Proxy = "http://" + open
			_, err = connect.Dial(t.Context(), o)
			var refused *connect.RefusedError
			if !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), "gateway "+o.Address+" refused "+authority+": "+tt.status) {
				t.Errorf("error %v, want a refusal of the gateway", err)
			}
		})
	}
}

// Each answer of a SOCKS proxy, one byte at a time, to a client that must not
// take a byte of what follows.
func TestSOCKSAnswers(t *testing.T) {
	t.Parallel()
	const ipv4, ipv6, name = "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x16", "\x05\x00\x00\x04................\x00\x16", "\x05\x00\x00\x03\x04here\x00\x16"
	for text, want := range map[string]string{
		"\x05\x00" + ipv4:                  "",
		"\x05\x00" + ipv6:                  "",
		"\x05\x00" + name:                  "",
		"\x05\x00\x05\x01\x00\x01":         "failed (code 1)",
		"\x05\x00\x05\x02\x00\x01":         "its rules forbid it",
		"\x05\x00\x05\x03\x00\x01":         "network unreachable",
		"\x05\x00\x05\x04\x00\x01":         "host unreachable",
		"\x05\x00\x05\x05\x00\x01":         "connection refused",
		"\x05\x00\x05\x06\x00\x01":         "no answer in time",
		"\x05\x00\x05\x07\x00\x01":         "it does not support such connections",
		"\x05\x00\x05\x08\x00\x01":         "it does not support such connections",
		"\x05\x00\x05\xc8\x00\x01":         "failed (code 200)",
		"\x05\xff":                         "it asks for a password",
		"\x05\x02":                         string(connect.FaultNotSOCKS),
		"\x04\x00":                         string(connect.FaultNotSOCKS),
		"HTTP/1.1 400 Bad Request\r\n\r\n": string(connect.FaultNotSOCKS),
		"\x05\x00\x04\x00\x00\x01":         string(connect.FaultNotSOCKS),
		"\x05\x00\x05\x00\x00\x09":         string(connect.FaultNotSOCKS),
		"\x05\x00\x05\x00\x00\x01\x7f":     string(connect.FaultClosed),
		"\x05":                             string(connect.FaultClosed),
		"":                                 string(connect.FaultClosed),
	} {
		proxy := sshtest.Listen(t, nil, func(conn net.Conn) {
			said := text
			if want == "" {
				said += "HTTP/1.1 200 OK\r\n\r\nSSH-2.0-ok"
			}
			_, _ = io.ReadFull(conn, make([]byte, 3)) // version, methods
			for i, c := range []byte(said) {
				if i == 2 { // the request, which follows the choice of a method
					_, _ = io.ReadFull(conn, make([]byte, 4+1+len("ssh.example.com")+2))
				}
				_, _ = conn.Write([]byte{c})
			}
			if want == "" {
				_, _ = io.Copy(io.Discard, conn)
			}
		})
		o := options("ssh.example.com:443")
		o.Proxy = "socks5://" + proxy.Addr
		got, err := greetingOf(t, o)
		if want == "" {
			if err != nil || got != "SSH-2.0-ok" {
				t.Errorf("%q: got %q, error %v", text, got, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "proxy "+proxy.Addr) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// What the messages of this side say, to the byte.
func TestSOCKSRequests(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"ssh.example.com:443": "\x05\x01\x00\x03\x0fssh.example.com\x01\xbb",
		"192.0.2.1:22":        "\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x16",
		"[2001:db8::1]:22":    "\x05\x01\x00\x04\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01\x00\x16",
	} {
		got := make(chan string, 1)
		proxy := sshtest.Listen(t, nil, func(conn net.Conn) {
			hello := make([]byte, 4)
			_, _ = io.ReadFull(conn, hello)
			_, _ = io.WriteString(conn, "\x05\x02")
			login := make([]byte, 1+1+2+1+6)
			_, _ = io.ReadFull(conn, login)
			_, _ = io.WriteString(conn, "\x01\x00")
			ask := make([]byte, len(want))
			_, _ = io.ReadFull(conn, ask)
			got <- string(hello) + string(login) + string(ask)
		})
		o := options(address)
		o.Proxy = "socks5://me:s3cret@" + proxy.Addr
		_, err := connect.Dial(t.Context(), o)
		requireFault(t, err, connect.StepConnect, connect.FaultClosed)
		if all := "\x05\x02\x00\x02" + "\x01\x02me\x06s3cret" + want; <-got != all {
			t.Errorf("%s: not %q", address, all)
		}
	}
}

// Which proxy it is, and when none.
func TestWhichProxy(t *testing.T) {
	t.Parallel()
	proxy := sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 403 No\r\n\r\n"))
	direct := sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 200 OK\r\n\r\nSSH-2.0-ok"))
	url, other := "http://"+proxy.Addr, "http://127.0.0.1:1"
	_, port, _ := net.SplitHostPort(direct.Addr)
	far := behind(direct)
	for name, tt := range map[string]struct {
		address, setting string
		env              []string
		proxied          bool
	}{
		"none":                       {far, "", nil, false},
		"setting":                    {far, url, nil, true},
		"setting before environment": {far, url, []string{"https_proxy=" + other}, true},
		"setting, whatever NO_PROXY": {far, url, []string{"NO_PROXY=*"}, true},
		"setting says none":          {far, alias.ProxyNone, []string{"https_proxy=" + url}, false},
		"upper case":                 {far, "", []string{"HTTPS_PROXY=" + url}, true},
		"lower case first":           {far, "", []string{"https_proxy=" + url, "HTTPS_PROXY=" + other}, true},
		"for all":                    {far, "", []string{"ALL_PROXY=" + url}, true},
		"https before all":           {far, "", []string{"HTTPS_PROXY=" + url, "all_proxy=" + other}, true},
		"http alone":                 {far, "", []string{"HTTP_PROXY=" + url, "http_proxy=" + url}, false},
		"exempt":                     {far, "", []string{"HTTPS_PROXY=" + url, "NO_PROXY=example.com,0.0.0.0"}, false},
		"exempt with port":           {far, "", []string{"HTTPS_PROXY=" + url, "no_proxy=0.0.0.0:" + port}, false},
		"exempt at another port":     {far, "", []string{"HTTPS_PROXY=" + url, "NO_PROXY=0.0.0.0:1"}, true},
		"loopback":                   {direct.Addr, "", []string{"HTTPS_PROXY=" + url}, false},
		"loopback with a setting":    {direct.Addr, url, nil, false},
		"localhost":                  {"LocalHost:" + port, url, nil, false},
	} {
		o := options(tt.address)
		o.Proxy, o.Getenv = tt.setting, environment(tt.env...)
		got, err := greetingOf(t, o)
		var refused *connect.ProxyError
		if proxied := errors.As(err, &refused); proxied != tt.proxied || !proxied && got != "SSH-2.0-ok" {
			t.Errorf("%s: got %q, error %v", name, got, err)
		}
	}
}

// A proxy's URL that makes no sense is named by where it comes from, and never
// shown: it may hold a password.
func TestBadProxies(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"ftp://me:s3cret@proxy":                                 `scheme "ftp" is not one of`,
		"socks4://me:s3cret@proxy":                              `scheme "socks4" is not one of`,
		"http://":                                               "names no host",
		"http://me:s3cret@:3128":                                "names no host",
		"http://me:s3cret%zz@proxy":                             "a % in it is not followed",
		"http://me:s3cret@proxy:port":                           "invalid port",
		"http://me:s3cret@pro\x1b[2Jxy":                         "invalid",
		"http://me:s3cret@pröxy":                                "its host contains",
		"socks5://u:" + strings.Repeat("s3cret", 50) + "@proxy": "at most 255 bytes",
	} {
		o := options("ssh.example.com:443")
		o.Getenv = environment("all_proxy=" + url)
		_, err := connect.Dial(t.Context(), o)
		requireFault(t, err, connect.StepDial, connect.FaultAddress)
		if text := err.Error(); !strings.HasPrefix(text, "proxy of all_proxy: dialling: bad address (") || !strings.Contains(text, want) || strings.Contains(text, "s3cret") {
			t.Errorf("%q: error %q, want %q", url, text, want)
		}
		if hint := hintOf(t, err); !strings.Contains(hint, "comes from all_proxy") {
			t.Errorf("%q: hint %q", url, hint)
		}
		if err := connect.CheckProxy(url); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: check gives %v", url, err)
		}
	}
}

// The proxy itself cannot be reached, and each step has its deadline.
func TestProxyFaults(t *testing.T) {
	t.Parallel()
	mute := sshtest.Listen(t, nil, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	for url, want := range map[string]struct {
		step  connect.Step
		fault connect.Fault
	}{
		"http://127.0.0.1:1":     {connect.StepDial, connect.FaultRefused},
		"http://" + mute.Addr:    {connect.StepConnect, connect.FaultTimeout},
		"https://" + mute.Addr:   {connect.StepTLS, connect.FaultTimeout},
		"socks5://" + mute.Addr:  {connect.StepConnect, connect.FaultTimeout},
		"socks5h://127.0.0.1:1/": {connect.StepDial, connect.FaultRefused},
	} {
		o := options("ssh.example.com:443")
		o.Proxy, o.Timeout = url, 200*time.Millisecond
		_, err := connect.Dial(t.Context(), o)
		requireFault(t, err, want.step, want.fault)
		if !strings.HasPrefix(err.Error(), "proxy 127.0.0.1:") || !strings.Contains(hintOf(t, err), "berth's settings") {
			t.Errorf("%s: %v, hint %s", url, err, hintOf(t, err))
		}
	}
}

// A run shows the proxy's refusal and takes the other way, where there is one.
func TestRunFallsBackWhenTheProxyRefuses(t *testing.T) {
	t.Parallel()
	closed := sshtest.Tinyproxy(t, "me", "s3cret")
	f := alias.File{Transport: alias.Gateway, Address: "ssh.example.com:443", Authority: authority, Proxy: "http://" + closed}
	got := run(t, aliasName, connect.Program{Dir: install(t, f)})
	if got.code != 255 || !strings.Contains(got.stderr, "proxy "+closed+" refused ssh.example.com:443: 407") || !strings.Contains(got.log, "407") {
		t.Errorf("outcome %+v", got)
	}
	f.Proxy = "http://me:wr0ng@" + closed
	got = run(t, aliasName, connect.Program{Dir: install(t, f), Debug: true})
	if !strings.Contains(got.log, "going by proxy "+closed+", which comes from berth's settings") || strings.Contains(got.log+got.stderr, "wr0ng") {
		t.Errorf("outcome %+v", got)
	}
	f.Kubeconfig = "/k"
	dial, calls := forwarder(t)
	got = run(t, aliasName, connect.Program{Dir: install(t, f), PortForward: dial})
	if got.code != 0 || calls() != 1 || !strings.HasSuffix(got.stderr, "; using port-forward instead\n") {
		t.Errorf("outcome %+v", got)
	}
	if bytes.Contains([]byte(got.stderr+got.log), []byte("s3cret")) {
		t.Errorf("the password shows: %+v", got)
	}
}
