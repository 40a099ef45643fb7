package gateway

import (
	"github.com/berth-sh/berth/workspace"
)

// secureEnvoyGateway makes the one listener of Envoy Gateway speak TLS, and
// nothing else.
func secureEnvoyGateway(e *editor, o *Options) {
	listener := at(e.object("Gateway"), "spec", "listeners", "0")
	e.change(listener, "https-connect", "name")
	e.change(listener, 443, "port")
	e.change(listener, "HTTPS", "protocol")
	// A listener's host name is also what it expects in a client's greeting
	// (SNI). Clients dial the gateway by its own name or address.
	remove(listener, "hostname")
	e.change(listener, map[string]any{"mode": "Terminate", "certificateRefs": []any{map[string]any{"kind": "Secret", "name": o.TLS.Secret}}}, "tls")
	e.note("Gateway", "The certificate is yours to bring, and may be replaced at any time: sessions\nstay. kubectl create secret tls "+o.TLS.Secret+" -n "+workspace.GatewayNamespace+" --cert FILE --key FILE\n"+
		"There is no hostname: with TLS it is also what a client has to name in its\ngreeting (SNI), and clients name the gateway, not the workspace.", "spec", "listeners", "0", "tls")
	policy := e.object("ClientTrafficPolicy")
	tls := map[string]any{"minVersion": "1.2", "alpnProtocols": []string{"http/1.1"}}
	if o.TLS.ClientCertificates {
		ca := map[string]any{"kind": "Secret", "name": o.TLS.Secret}
		if len(o.TLS.ClientCA) > 0 {
			ca = map[string]any{"kind": "ConfigMap", "name": clientCAMap}
			e.add("The CA below which clients' certificates are.", map[string]any{
				"apiVersion": "v1", "kind": "ConfigMap",
				"metadata": map[string]any{"name": clientCAMap, "namespace": workspace.GatewayNamespace},
				"data":     map[string]any{"ca.crt": string(o.TLS.ClientCA)},
			})
		}
		tls["clientValidation"] = map[string]any{"optional": false, "caCertificateRefs": []any{ca}}
	}
	e.change(policy, tls, "spec", "tls")
	if o.TLS.ClientCertificates {
		e.note("ClientTrafficPolicy", "A client without a certificate below this CA is refused.", "spec", "tls", "clientValidation")
	}
	if o.Token.used() {
		e.add("Nobody without a token. Clients send it as Proxy-Authorization, which is for the\n"+
			"gateway alone. Keep it the only SecurityPolicy: one for an HTTPRoute would take\nits place there.", tokenEnvoyGateway(o.Token))
	}
	if o.Token.JWKSURI != "" {
		_, port, err := hostPort(o.Token.JWKSURI)
		e.found(err == nil, "port")
		e.issuerEgress(e.fragment(securityParts), port)
	}
}

// clientCAMap is the ConfigMap of the clients' CA.
const clientCAMap = "berth-client-ca"

// tokenEnvoyGateway says whose tokens are taken.
func tokenEnvoyGateway(t Token) map[string]any {
	provider := map[string]any{
		"name": "issuer", "issuer": t.Issuer, "audiences": t.Audiences,
		"extractFrom": map[string]any{"headers": []any{map[string]any{"name": "Proxy-Authorization", "valuePrefix": "Bearer "}}},
	}
	if t.JWKSURI != "" {
		provider["remoteJWKS"] = map[string]any{"uri": t.JWKSURI}
	} else {
		provider["localJWKS"] = map[string]any{"type": "Inline", "inline": string(t.JWKS)}
	}
	return map[string]any{
		"apiVersion": "gateway.envoyproxy.io/v1alpha1", "kind": "SecurityPolicy",
		"metadata": map[string]any{"name": gatewayName, "namespace": workspace.GatewayNamespace},
		"spec": map[string]any{
			"targetRefs": []any{map[string]any{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gatewayName}},
			"jwt":        map[string]any{"providers": []any{provider}},
		},
	}
}
