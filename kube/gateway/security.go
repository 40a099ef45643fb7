package gateway

// How a client knows the gateway (TLS), and how the gateway knows a client (a
// certificate, a token), before a byte reaches any sshd. What is published for
// clients names the server and its CA, and that a credential is required; never
// where on their machine it lies.

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// TLS says how a gateway speaks TLS; its zero value is plain TCP.
type TLS struct {
	Secret     string // of type kubernetes.io/tls, in the gateway's namespace
	ServerName string // what clients expect in the certificate; "" is the host of the address, "*" any name below CA
	CA         []byte // PEM that clients trust; empty is the roots of their systems

	// ClientCertificates asks each client for a certificate below ClientCA, or
	// below ca.crt of Secret where that is empty.
	ClientCertificates bool
	ClientCA           []byte // PEM
}

func (t TLS) used() bool {
	return t.ServerName != "" || len(t.CA) > 0 || t.ClientCertificates || len(t.ClientCA) > 0
}

// Token says which JSON Web Tokens let a client in; its zero value asks for
// none.
type Token struct {
	Issuer    string
	JWKSURI   string // where the issuer's keys are read
	JWKS      []byte // or the keys themselves
	Audiences []string
}

func (t Token) used() bool {
	return t.Issuer != "" || t.JWKSURI != "" || len(t.JWKS) > 0 || len(t.Audiences) > 0
}

// securing is one kind's part of TLS and tokens.
type securing struct {
	files func(*Options) []string // more parts of the manifest; nil is none
	apply func(*editor, *Options)
}

// secured are the kinds that can have TLS and tokens.
func secured() map[string]securing {
	istio := securing{istioSecurityFiles, secureIstio}
	return map[string]securing{
		route.KindIstio:            istio,
		route.KindIstioStatic:      istio,
		route.KindIstioEnvoyFilter: istio,
		route.KindEnvoyGateway:     {apply: secureEnvoyGateway},
		route.KindEnvoy:            {apply: secureEnvoy},
	}
}

// securityFiles are the parts of the manifest that TLS and tokens add.
func (o *Options) securityFiles() []string {
	kind := secured()[o.Kind]
	if o.TLS.Secret == "" || kind.files == nil {
		return nil
	}
	return kind.files(o)
}

// secure turns a gateway that speaks plain TCP into one that does not.
func (o *Options) secure(e *editor) {
	if o.TLS.Secret != "" {
		secured()[o.Kind].apply(e, o)
	}
}

// completeSecurity checks what the options say of TLS and tokens, and fills in
// what follows from others.
func (o *Options) completeSecurity() error {
	if o.TLS.Secret == "" {
		switch {
		case o.Token.used():
			return workspace.WithHint(workspace.Usagef("tokens need TLS: without it, whoever listens can use them"), "--tls-secret NAME")
		case o.TLS.used():
			return workspace.WithHint(workspace.Usagef("TLS needs the gateway's certificate"), "--tls-secret NAME, a Secret of type kubernetes.io/tls in namespace "+workspace.GatewayNamespace)
		}
		return nil
	}
	if _, ok := secured()[o.Kind]; !ok {
		var kinds []string
		for _, kind := range Kinds() {
			if _, ok := secured()[kind]; ok {
				kinds = append(kinds, kind)
			}
		}
		return workspace.WithHint(workspace.Usagef("a gateway of kind %s has neither TLS nor tokens", o.Kind), "kinds that do: "+strings.Join(kinds, ", "))
	}
	if err := o.TLS.complete(o.Address); err != nil || !o.Token.used() {
		return err
	}
	return o.Token.complete()
}

func (t *TLS) complete(address string) (err error) {
	if !domainGrammar.MatchString(t.Secret) && !namespaceGrammar.MatchString(t.Secret) || len(t.Secret) > 240 {
		return workspace.Usagef("--tls-secret %q is not the name of a Secret", workspace.Safe(t.Secret))
	}
	if t.ServerName == "" {
		t.ServerName, _, err = net.SplitHostPort(address)
		if err != nil {
			return workspace.Usagef("address %q is not HOST:PORT", workspace.Safe(address))
		}
	}
	if t.ServerName != "*" && !dialable(t.ServerName, "443") {
		return workspace.Usagef("--tls-server-name %q is neither a host name nor *", workspace.Safe(t.ServerName))
	}
	if t.CA, err = certificates("--tls-ca", t.CA); err != nil {
		return err
	}
	if t.ServerName == "*" && len(t.CA) == 0 {
		return workspace.WithHint(workspace.Usagef("--tls-server-name * needs a CA of your own: below public roots any name is nobody's"), "--tls-ca FILE")
	}
	if t.ClientCA, err = certificates("--client-ca", t.ClientCA); err != nil {
		return err
	}
	t.ClientCertificates = t.ClientCertificates || len(t.ClientCA) > 0
	return authorities("--client-ca", t.ClientCA)
}

func (t *Token) complete() (err error) {
	switch {
	case t.Issuer == "":
		return workspace.WithHint(workspace.Usagef("tokens need their issuer"), "--jwt-issuer ISSUER, what they say as \"iss\"")
	case !printable(t.Issuer) || strings.Contains(t.Issuer, "*"):
		return workspace.Usagef("--jwt-issuer %q is not an issuer", workspace.Safe(t.Issuer))
	case (t.JWKSURI == "") == (len(t.JWKS) == 0):
		return workspace.WithHint(workspace.Usagef("tokens need the issuer's keys, from one place"), "either --jwt-jwks-uri URL or --jwt-jwks FILE")
	case len(t.Audiences) == 0:
		return workspace.WithHint(workspace.Usagef("tokens need an audience: without it, one that was made for any other service lets in"), "--jwt-audience NAME, what they say as \"aud\"")
	case slices.ContainsFunc(t.Audiences, func(a string) bool { return a == "" || !printable(a) }):
		return workspace.Usagef("--jwt-audience %q is not an audience", workspace.Safe(strings.Join(t.Audiences, ",")))
	}
	if t.JWKSURI != "" {
		if u, err := url.Parse(t.JWKSURI); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || !printable(t.JWKSURI) {
			return workspace.Usagef("--jwt-jwks-uri %q is not an https URL", workspace.Safe(t.JWKSURI))
		}
		return nil
	}
	t.JWKS, err = keySet("--jwt-jwks", t.JWKS)
	return err
}

// printable reports whether s is one word of visible ASCII.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
