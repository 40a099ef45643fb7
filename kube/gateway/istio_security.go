package gateway

import (
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// istioSecurityFiles are the parts that TLS and tokens add for Istio.
func istioSecurityFiles(o *Options) []string {
	names := []string{"istio-tls.yaml"}
	if o.Token.used() {
		names = append(names, "istio-token.yaml")
	}
	return names
}

// secureIstio makes the gateway's one server speak TLS, and nothing else.
func secureIstio(e *editor, o *Options) {
	type port struct {
		Number   int    `yaml:"number"`
		Name     string `yaml:"name"`
		Protocol string `yaml:"protocol"`
	}
	e.set("Service", map[string]any{"name": "https-connect", "port": 443, "targetPort": 8443}, "spec", "ports", "0")
	e.set("Gateway", port{443, "https-connect", "HTTPS"}, "spec", "servers", "0", "port")

	// A server's hosts are also what it expects as the name in a client's
	// greeting (SNI). Clients dial the gateway by its own name or address, so
	// each namespace may bring any host here, and the admission policy alone
	// keeps them below the domain.
	hosts := []string{"*/*"}
	if len(o.Namespaces) > 0 {
		hosts = nil
		for _, n := range o.Namespaces {
			hosts = append(hosts, n+"/*")
		}
	}
	e.set("Gateway", hosts, "spec", "servers", "0", "hosts")
	e.note("Gateway", "Not below the domain: with TLS, hosts are also what a client has to name in\nits greeting (SNI), and clients name the gateway, not the workspace.", "spec", "servers", "0", "hosts")

	mode := "SIMPLE"
	if o.TLS.ClientCertificates {
		mode = "MUTUAL"
	}
	e.set("Gateway", map[string]any{"mode": mode, "credentialName": o.TLS.Secret, "minProtocolVersion": "TLSV1_2"}, "spec", "servers", "0", "tls")
	e.note("Gateway", istioTLSNote(o), "spec", "servers", "0", "tls")
	if len(o.TLS.ClientCA) > 0 {
		e.add("The CA below which clients' certificates are. Istio finds it by its name.", map[string]any{
			"apiVersion": "v1", "kind": "Secret",
			"metadata":   map[string]any{"name": o.TLS.Secret + "-cacert", "namespace": workspace.GatewayNamespace},
			"stringData": map[string]any{"ca.crt": string(o.TLS.ClientCA)},
		})
	}
	if o.Token.used() {
		tokenIstio(e, o.Token)
	}
}

// istioTLSNote explains where the certificate comes from.
func istioTLSNote(o *Options) string {
	lines := []string{
		"The certificate is yours to bring, and may be replaced at any time: sessions",
		"stay. kubectl create secret tls " + o.TLS.Secret + " -n " + workspace.GatewayNamespace + " --cert FILE --key FILE",
	}
	switch {
	case len(o.TLS.ClientCA) > 0:
		lines = append(lines, "MUTUAL: a client without a certificate below the CA in Secret", o.TLS.Secret+"-cacert is refused.")
	case o.TLS.ClientCertificates:
		lines = append(lines, "MUTUAL: a client without a certificate below ca.crt of that Secret is refused.")
	}
	return strings.Join(lines, "\n")
}

// tokenIstio says whose tokens are taken.
func tokenIstio(e *editor, t Token) {
	rule := struct {
		Issuer      string           `yaml:"issuer"`
		JWKSURI     string           `yaml:"jwksUri,omitempty"`
		JWKS        string           `yaml:"jwks,omitempty"`
		Audiences   []string         `yaml:"audiences"`
		FromHeaders []map[string]any `yaml:"fromHeaders"`
	}{
		t.Issuer, t.JWKSURI, string(t.JWKS), t.Audiences,
		[]map[string]any{{"name": "proxy-authorization", "prefix": "Bearer "}},
	}
	e.set("RequestAuthentication", rule, "spec", "jwtRules", "0")
	e.set("AuthorizationPolicy", []string{t.Issuer + "/*"}, "spec", "rules", "0", "from", "0", "source", "requestPrincipals")
}
