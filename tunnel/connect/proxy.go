package connect

// A proxy of the company may stand between this machine and the gateway. Its
// address comes from the user's settings, which are for this one gateway, and
// else from the environment, as every other program reads it. The connection
// behind an http or socks5 proxy is still a plain socket, so it can be handed
// to ssh; behind https it cannot.

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/berth-sh/berth/workspace/alias"
)

// proxy is where to ask for the way to the gateway.
type proxy struct {
	scheme   string // http, https, socks5 or socks5h
	address  string // host:port
	host     string
	user     string
	password string
	known    bool   // whether user and password were given
	from     string // what names it: a variable, or "" for the user's settings
}

func (p *proxy) hop() hop { return hop{"proxy " + printable(p.address), p} }

// basic is the credentials as an http proxy takes them, "" for none.
func (p *proxy) basic() string {
	if !p.known {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(p.user+":"+p.password))
}

// source says where the proxy's address comes from.
func (p *proxy) source() string {
	if p.from == "" {
		return "berth's settings"
	}
	return p.from
}

// around says how to do without the proxy.
func (p *proxy) around(host string) string {
	if p.from == "" {
		return "`proxy: none` in berth's settings goes round it"
	}
	return "NO_PROXY=" + printable(host) + " goes round it"
}

// proxyVariables name the proxy of the environment, the first that is set
// wins. HTTP_PROXY is not among them: a proxy for plain http need not give
// tunnels.
func proxyVariables() []string {
	return []string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
}

// findProxy returns the proxy for o.Address, or nil. What listens on this
// machine's loopback is never behind one.
func (o Options) findProxy() (*proxy, error) {
	host, port, err := net.SplitHostPort(o.Address)
	if err != nil || isLoopback(host) || o.Proxy == alias.ProxyNone {
		return nil, nil //nolint:nilnil,nilerr // no proxy; Dial has refused bad addresses before
	}
	if o.Proxy != "" {
		return o.readProxy(o.Proxy, "")
	}
	for _, name := range proxyVariables() {
		text := o.getenv(name)
		if text == "" {
			continue
		}
		if isExempt(cmp.Or(o.getenv("no_proxy"), o.getenv("NO_PROXY")), host, port) {
			break
		}
		return o.readProxy(text, name)
	}
	return nil, nil //nolint:nilnil // no proxy
}

// plain reports whether the connection to o.Address will be a plain socket.
func (o Options) plain() bool {
	p, err := o.findProxy() // Dial reports the error
	return !o.TLS && (err != nil || p == nil || p.scheme != "https")
}

// readProxy is parseProxy with an error that names the hop.
func (o Options) readProxy(text, from string) (*proxy, error) {
	p, err := parseProxy(text)
	if err != nil {
		p = &proxy{from: from}
		return nil, &StepError{Hop: "proxy of " + p.source(), Step: StepDial, Fault: FaultAddress, Err: err, proxy: p}
	}
	p.from = from
	return p, nil
}

// CheckProxy reports what is wrong with a proxy's URL. The error does not
// repeat the URL, which may hold a password.
func CheckProxy(text string) error {
	if text == alias.ProxyNone {
		return nil
	}
	_, err := parseProxy(text)
	return err
}

func parseProxy(text string) (*proxy, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		var broken *url.Error
		if errors.As(err, &broken) {
			err = broken.Err // without the URL
		}
		var escape url.EscapeError
		if errors.As(err, &escape) {
			err = errors.New("a % in it is not followed by two hexadecimal digits") // it may be the password's
		}
		return nil, fmt.Errorf("not a url: %w", err)
	}
	ports := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}
	port, ok := ports[u.Scheme]
	switch {
	case !ok:
		return nil, fmt.Errorf("scheme %q is not one of http, https, socks5 and socks5h", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("it names no host")
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, errors.New("its host contains a blank or a control character")
	case u.Port() != "":
		port = u.Port()
	}
	p := &proxy{scheme: u.Scheme, host: u.Hostname(), address: net.JoinHostPort(u.Hostname(), port)}
	if u.User != nil {
		p.known, p.user = true, u.User.Username()
		p.password, _ = u.User.Password()
	}
	if p.scheme[0] == 's' && (len(p.user) > 255 || len(p.password) > 255) {
		return nil, errors.New("socks5 takes at most 255 bytes of user and of password")
	}
	return p, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
