package workspace

// DefaultImage is used where neither template nor installation names one.
const DefaultImage = "ubuntu:24.04"

// GatewayNamespace and InstallationName say where an administrator publishes
// the ConfigMap that every client reads.
const (
	GatewayNamespace = "berth-gateway"
	InstallationName = "berth"
	InstallationKey  = "berth.yaml"
)

// Installation is what a cluster publishes about itself: ConfigMap `berth` in
// namespace `berth-gateway`. Its zero value is a cluster without one:
// port-forward and the built-in templates. It never names a command, a local
// path or a proxy; those come from the user's own file.
type Installation struct {
	Version      int        `json:"version"`
	Cluster      string     `json:"cluster,omitempty"` // short name for aliases
	Gateway      Gateway    `json:"gateway,omitzero"`
	Evictions    string     `json:"evictions,omitempty"` // "block" (default) or "allow"
	DefaultImage string     `json:"defaultImage,omitempty"`
	Templates    []Template `json:"templates,omitempty"`
}

// Gateway is the Envoy that terminates CONNECT.
type Gateway struct {
	Kind        string     `json:"kind,omitempty"`    // istio, envoy, … ; "" or port-forward is none
	Address     string     `json:"address,omitempty"` // host:port; kind tcp-port: host
	Domain      string     `json:"domain,omitempty"`  // suffix of every authority
	TLS         GatewayTLS `json:"tls,omitzero"`
	ServicePort int        `json:"servicePort,omitempty"`
	// Token is Required where the gateway asks for a bearer token. Where it
	// comes from is the user's to say.
	Token string `json:"token,omitempty"`

	Ports        string            `json:"ports,omitempty"`        // kind tcp-port: FIRST-LAST; see PortRange
	Annotations  map[string]string `json:"annotations,omitempty"`  // kind load-balancer: of each workspace's Service
	SourceRanges []string          `json:"sourceRanges,omitempty"` // kind load-balancer: who may connect; none is everybody
}

// Required is what an installation says of a credential that each user has to
// bring.
const Required = "required"

// GatewayTLS says how to reach a gateway by TLS; its zero value is plain TCP.
type GatewayTLS struct {
	ServerName string `json:"serverName,omitempty"` // "*" takes any name below CA
	CA         string `json:"ca,omitempty"`         // PEM
	// ClientCertificate is Required where the gateway asks for one. Which one
	// it is, and where its key lies, is the user's to say.
	ClientCertificate string `json:"clientCertificate,omitempty"`
}

// Enabled reports whether the gateway is reached by TLS.
func (t GatewayTLS) Enabled() bool { return t != GatewayTLS{} }

// Published reports whether there is a way to workspaces other than through
// the API server.
func (g Gateway) Published() bool {
	switch g.Kind {
	case "", KindPortForward:
		return false
	case KindLoadBalancer:
		return true // each workspace has an address of its own
	}
	return g.Address != ""
}
