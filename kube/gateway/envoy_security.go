package gateway

import (
	"bytes"
	"cmp"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Where a stand-alone Envoy finds what TLS and tokens need.
const (
	certificateFile = "certificate.yaml" // beside its configuration, like the next two
	clientCAFile    = "clients.pem"
	keysFile        = "keys.json"
	configFolder    = "/etc/envoy/"
	securityParts   = "envoy-security.yaml"
	secretFolder    = "/etc/berth/tls" // the Secret's
)

// secureEnvoy makes the stand-alone Envoy's one port speak TLS, and nothing
// else.
func secureEnvoy(e *editor, o *Options) {
	parts := e.fragment(securityParts)
	config := e.parse(e.envoyConfig())
	if e.err != nil {
		return
	}
	chain := at(config, "static_resources", "listeners", "0", "filter_chains", "0")
	socket, node := child(parts, "transport_socket"), child(parts, "node")
	e.found(chain != nil && socket != nil && node != nil, "filter_chains")
	if e.err != nil {
		return
	}
	last(config, "node", "Envoy asks for these before it reads a certificate that may change.", node)
	first(chain, "transport_socket", socket)
	chain.HeadComment = "Nothing is read before TLS is there."

	files := map[string]string{certificateFile: e.text(child(parts, "certificate"))}
	if o.TLS.ClientCertificates {
		tls := at(socket, "typed_config")
		common := at(tls, "common_tls_context")
		validation := child(parts, "validation_context")
		e.found(common != nil && validation != nil, "common_tls_context")
		if e.err != nil {
			return
		}
		comment := "A client without a certificate below this CA is refused."
		ca := configFolder + clientCAFile
		if len(o.TLS.ClientCA) == 0 {
			ca = secretFolder + "/ca.crt"
			comment += " The file is\nread at the start only: restart the Deployment when the CA changes."
		} else {
			files[clientCAFile] = string(o.TLS.ClientCA)
		}
		e.change(validation, ca, "trusted_ca", "filename")
		last(common, "validation_context", comment, validation)
		e.change(tls, true, "require_client_certificate")
	}
	if o.Token.used() {
		e.tokenEnvoy(config, parts, o.Token, files)
	}
	files[envoyFile] = e.text(config)
	for _, name := range slices.Sorted(maps.Keys(files)) { // the same manifest each time
		e.setOf("ConfigMap", envoyConfig, files[name], "data", name)
	}
	e.set("Service", map[string]any{"name": "https-connect", "port": 443, "targetPort": "connect"}, "spec", "ports", "0")
	pod := []string{"spec", "template", "spec"}
	e.append("Deployment", map[string]any{"name": "certificate", "mountPath": secretFolder, "readOnly": true}, append(pod, "containers", "0", "volumeMounts")...)
	e.append("Deployment", map[string]any{"name": "certificate", "secret": map[string]any{"secretName": o.TLS.Secret}}, append(pod, "volumes")...)
	e.stamp()
}

// tokenEnvoy says whose tokens are taken.
func (e *editor) tokenEnvoy(config, parts *yaml.Node, t Token, files map[string]string) {
	filters := at(config, "static_resources", "listeners", "0", "filter_chains", "0", "filters", "0", "typed_config", "http_filters")
	clusters := at(config, "static_resources", "clusters")
	filter := child(parts, "token")
	issuer := at(filter, "typed_config", "providers", "issuer")
	e.found(filters != nil && clusters != nil && issuer != nil, "http_filters")
	if e.err != nil {
		return
	}
	e.change(issuer, t.Issuer, "issuer")
	e.change(issuer, t.Audiences, "audiences")
	// A comment above an item is the item's, not its first field's.
	filter.HeadComment, filter.Content[0].HeadComment = filter.Content[0].HeadComment, ""
	filters.Content = append([]*yaml.Node{filter}, filters.Content...)
	if t.JWKSURI == "" {
		files[keysFile] = string(t.JWKS)
		e.change(issuer, map[string]any{"filename": configFolder + keysFile}, "local_jwks")
		return
	}
	host, port, err := hostPort(t.JWKSURI)
	if err != nil {
		e.err = err
		return
	}
	remote, cluster := child(parts, "remote_jwks"), child(parts, "cluster")
	e.change(remote, t.JWKSURI, "http_uri", "uri")
	last(issuer, "remote_jwks", "The issuer's keys, read again every five minutes. No change of them changes\nthe listener.", remote)
	address := []string{"load_assignment", "endpoints", "0", "lb_endpoints", "0", "endpoint", "address", "socket_address"}
	e.change(cluster, host, append(address, "address")...)
	e.change(cluster, port, append(address, "port_value")...)
	tls := []string{"transport_socket", "typed_config"}
	san := append(tls, "common_tls_context", "validation_context", "match_typed_subject_alt_names", "0")
	e.change(cluster, host, append(tls, "sni")...)
	e.change(cluster, host, append(san, "matcher", "exact")...)
	if net.ParseIP(host) != nil {
		e.change(cluster, "IP_ADDRESS", append(san, "san_type")...)
	}
	clusters.Content = append(clusters.Content, cluster)
	e.issuerEgress(parts, port)
}

// issuerEgress lets the gateway's pods reach the issuer's keys.
func (e *editor) issuerEgress(parts *yaml.Node, port int) {
	egress := child(parts, "egress")
	e.change(egress, port, "ports", "0", "port")
	for _, policy := range e.objects("NetworkPolicy", egressPolicy) {
		rules := at(policy, "spec", "egress")
		e.found(rules != nil, "egress")
		if e.err != nil {
			return
		}
		egress.HeadComment = "Where the issuer's keys are. A tunnel never leads there: its port is always a\nworkspace's. Name the address instead if you know it."
		rules.Content = append(rules.Content, egress)
	}
}

// hostPort is where an https URL leads.
func hostPort(text string) (host string, port int, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(cmp.Or(u.Port(), "443"))
	return u.Hostname(), port, err
}

// fragment reads parts that no object is made of as they are.
func (e *editor) fragment(name string) *yaml.Node {
	docs, err := load(name)
	if err != nil {
		e.err = err
		return nil
	}
	e.found(len(docs) == 1 && len(docs[0].Content) == 1, name)
	if e.err != nil {
		return nil
	}
	return docs[0].Content[0]
}

// parse reads YAML inside of YAML.
func (e *editor) parse(text string) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		e.err = err
		return nil
	}
	e.found(len(doc.Content) == 1, envoyFile)
	if e.err != nil {
		return nil
	}
	return doc.Content[0]
}

// text writes YAML for inside of YAML.
func (e *editor) text(n *yaml.Node) string {
	if e.err != nil {
		return ""
	}
	var out bytes.Buffer
	w := yaml.NewEncoder(&out)
	w.SetIndent(2)
	if err := w.Encode(n); err != nil {
		e.err = err
	}
	return out.String()
}
