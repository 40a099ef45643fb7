package connect

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
)

// pass asks the proxy at the other end of conn for the way to Address.
func (w way) pass(ctx context.Context, conn net.Conn) (net.Conn, error) {
	switch w.proxy.scheme {
	case "socks5", "socks5h":
		return w.passSOCKS(conn)
	case "https":
		secured, err := w.handshake(ctx, conn, w.proxy.hop(), proxyTLS(w.proxy.host))
		if err != nil {
			return nil, err
		}
		conn = secured
	}
	through, answer, err := w.request(conn, w.proxy.hop(), w.Address, w.proxy.basic())
	if err != nil {
		return nil, err
	}
	if answer.status/100 == 2 {
		return through, nil
	}
	return nil, &ProxyError{
		Hop: w.proxy.hop().name, Target: w.Address, Status: answer.status,
		Reason: strings.TrimSpace(fmt.Sprintf("%d %s", answer.status, printable(answer.reason))),
		hint:   w.refusedBy(answer),
	}
}

// refusedBy is the next step after an http proxy's refusal.
func (w way) refusedBy(answer reply) string {
	host, _, _ := net.SplitHostPort(w.Address)
	switch answer.status {
	case 407, 401: // the latter from some that do not know the password
		return w.wantsLogin(strings.Fields(answer.challenges))
	case 400, 403, 405:
		return "it may not let anyone go there (many allow port 443 only): ask its administrator; " + w.proxy.around(host)
	case 502, 503, 504:
		return "the proxy does not reach the gateway: check the gateway's address; " + w.proxy.around(host)
	}
	return "it does not answer as a proxy: check its address, which comes from " + w.proxy.source() + "; " + w.proxy.around(host)
}

// wantsLogin is the next step where the proxy asks who we are.
func (w way) wantsLogin(schemes []string) string {
	switch {
	case len(schemes) > 0 && !slices.Contains(schemes, "basic"):
		return "it asks for " + strings.Join(schemes, " or ") + ", and berth knows Basic: run a proxy that knows it on this machine, such as cntlm or px, and name that"
	case w.proxy.known:
		return "check the user and password in its url, which comes from " + w.proxy.source()
	}
	return "give it a user and password as http://USER:PASSWORD@" + printable(w.proxy.address) + "; its url comes from " + w.proxy.source()
}
