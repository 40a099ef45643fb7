// Package gateway is what an administrator installs once, so that workspaces
// are reached: the manifests of each kind, made from the commented files in
// assets.
//
// The files are whole YAML documents with an example's values. They are changed
// as trees of nodes, never as text, so that a value cannot become structure and
// the comments stay where they explain something.
package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/berth-sh/berth/assets"
	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// Options say what the manifest is for.
type Options struct {
	Kind    string
	Domain  string // suffix of every authority
	Address string // host:port of the gateway; "" is the domain, port 80, or 443 with TLS
	Cluster string // short name for aliases; "" leaves it to the context

	// Namespaces are those whose workspaces may use the gateway; none is all.
	Namespaces []string
	// Grants bind berth-developer in a namespace.
	Grants []Grant

	SourceRanges []string          // who may reach the load balancer; none is everybody
	Annotations  map[string]string // of the Service, for the cloud's load balancer

	TLS   TLS
	Token Token
	Ports string // FIRST-LAST, kind tcp-port only; "" is sixteen of them
}

// Grant gives somebody the role berth-developer in a namespace.
type Grant struct {
	Namespace string
	Group     bool // Name is a group's, not a user's
	Name      string
}

// Kinds lists the kinds that there is a manifest of.
func Kinds() []string {
	return []string{
		route.KindIstio, route.KindIstioStatic, route.KindIstioEnvoyFilter, route.KindEnvoyGateway, route.KindEnvoy,
		route.KindTCPPort, route.KindLoadBalancer, route.KindPortForward,
	}
}

// exampleDomain stands for the domain in the files.
const exampleDomain = "ssh.example.com"

// Manifest returns the documents that make a gateway of a kind, fit for
// `kubectl apply -f -`. Options that make none are errors of kind
// workspace.ErrUsage.
func Manifest(o Options) ([]byte, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	docs, err := load(append(files(o.Kind), o.securityFiles()...)...)
	if err != nil {
		return nil, err
	}
	e := &editor{docs: docs}
	e.everywhere(domainIn(o.Domain))
	e.set("ConfigMap", o.installation(), "data", "berth.yaml")
	switch o.Kind {
	case route.KindEnvoy:
		o.envoy(e)
	case route.KindEnvoyGateway:
		o.envoyGateway(e)
	case route.KindTCPPort:
		o.tcpPort(e)
	case route.KindLoadBalancer, route.KindPortForward: // the ConfigMap and the roles are all
	default:
		o.istio(e)
	}
	o.secure(e)
	for _, g := range o.Grants {
		e.add("", g.binding())
	}
	if e.err != nil {
		return nil, fmt.Errorf("making the manifest: %w", e.err)
	}
	return encode(e.docs)
}

// files are the parts of a kind's manifest, in the order of installation. A
// document of a later file replaces one of the same kind and name.
func files(kind string) []string {
	if kind == route.KindEnvoy || kind == route.KindEnvoyGateway {
		return []string{"common.yaml", kind + ".yaml"}
	}
	if gateless(kind) {
		return []string{"common.yaml"}
	}
	return []string{"common.yaml", "istio-gateway.yaml", kind + ".yaml"}
}

// istio puts the options into what all kinds with Istio have in common.
func (o *Options) istio(e *editor) {
	o.service(e)
	if len(o.Namespaces) > 0 {
		e.set("Gateway", o.hosts(), "spec", "servers", "0", "hosts")
	}
}

// service puts the options into the load balancer's Service.
func (o *Options) service(e *editor) {
	if len(o.Annotations) > 0 {
		e.set("Service", o.Annotations, "metadata", "annotations")
	}
	if len(o.SourceRanges) > 0 {
		e.set("Service", o.SourceRanges, "spec", "loadBalancerSourceRanges")
	}
}

func load(names ...string) ([]*yaml.Node, error) {
	var docs []*yaml.Node
	for _, name := range names {
		data, err := assets.Gateway(name)
		if err != nil {
			return nil, err
		}
		parts := yaml.NewDecoder(bytes.NewReader(data))
		for {
			doc := new(yaml.Node)
			err := parts.Decode(doc)
			if doc.Kind == 0 {
				break // the end
			}
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", name, err)
			}
			docs = place(docs, doc)
		}
	}
	return docs, nil
}

// place appends a document, or puts it where another version of it is.
func place(docs []*yaml.Node, doc *yaml.Node) []*yaml.Node {
	for i := range docs {
		if id := identity(doc); id != ([3]string{}) && identity(docs[i]) == id {
			docs[i] = doc
			return docs
		}
	}
	return append(docs, doc)
}

// identity is a document's kind, namespace and name.
func identity(doc *yaml.Node) [3]string {
	if len(doc.Content) == 0 {
		return [3]string{}
	}
	root := doc.Content[0]
	meta := child(root, "metadata")
	return [3]string{text(child(root, "kind")), text(child(meta, "namespace")), text(child(meta, "name"))}
}

func encode(docs []*yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	w := yaml.NewEncoder(&out)
	w.SetIndent(2)
	for _, doc := range docs {
		if err := w.Encode(doc); err != nil {
			return nil, fmt.Errorf("writing the manifest: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	return out.Bytes(), nil
}

var (
	domainGrammar    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
	namespaceGrammar = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// complete checks the options and fills in what follows from others.
func (o *Options) complete() error {
	if !slices.Contains(Kinds(), o.Kind) {
		return workspace.WithHint(workspace.Usagef("there is no manifest of kind %q", workspace.Safe(o.Kind)), "kinds: "+strings.Join(Kinds(), ", "))
	}
	if o.Ports != "" && o.Kind != route.KindTCPPort {
		return workspace.Usagef("kind %s has no ports: --ports goes with kind %s", o.Kind, route.KindTCPPort)
	}
	if gateless(o.Kind) {
		if err := o.completeGateless(); err != nil {
			return err
		}
		return o.completeRest()
	}
	if !domainGrammar.MatchString(o.Domain) || len(o.Domain) > 180 {
		return workspace.WithHint(workspace.Usagef("domain %q is not a DNS name", workspace.Safe(o.Domain)), "workspaces get NAME--NAMESPACE below it: --domain ssh.example.com")
	}
	if o.Kind == route.KindTCPPort {
		if err := o.completePorts(); err != nil {
			return err
		}
		return o.completeRest()
	}
	if o.Address == "" {
		port := "80"
		if o.TLS.Secret != "" {
			port = "443"
		}
		o.Address = net.JoinHostPort(o.Domain, port)
	}
	if host, port, err := net.SplitHostPort(o.Address); err != nil || !dialable(host, port) {
		return workspace.Usagef("address %q is not HOST:PORT", workspace.Safe(o.Address))
	}
	return o.completeRest()
}

// completeRest checks what goes with every kind.
func (o *Options) completeRest() error {
	if o.Cluster != "" && workspace.ClusterSlug(o.Cluster) != o.Cluster {
		return workspace.Usagef("cluster %q is not a name of small letters, digits and hyphens", workspace.Safe(o.Cluster))
	}
	for _, n := range o.Namespaces {
		if !namespaceGrammar.MatchString(n) {
			return workspace.Usagef("namespace %q is not a name", workspace.Safe(n))
		}
	}
	for _, r := range o.SourceRanges {
		if _, err := netip.ParsePrefix(r); err != nil {
			return workspace.Usagef("source range %q is not ADDRESS/BITS", workspace.Safe(r))
		}
	}
	for _, g := range o.Grants {
		if !namespaceGrammar.MatchString(g.Namespace) || g.Name == "" {
			return workspace.Usagef("grant %q is not NAMESPACE=USER or NAMESPACE=group:GROUP", workspace.Safe(g.Namespace+"="+g.Name))
		}
	}
	return o.completeSecurity()
}

// dialable reports whether host and port can be an address.
func dialable(host, port string) bool {
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 {
		return false
	}
	return net.ParseIP(host) != nil || domainGrammar.MatchString(host) || namespaceGrammar.MatchString(host)
}

// hosts are those that namespaces may bring to the gateway.
func (o *Options) hosts() []string {
	hosts := make([]string, len(o.Namespaces))
	for i, n := range o.Namespaces {
		hosts[i] = n + "/*." + o.Domain
	}
	return hosts
}

// installation is the document of the ConfigMap berth.
func (o *Options) installation() string {
	type tls struct {
		ServerName        string `yaml:"serverName"`
		CA                string `yaml:"ca,omitempty"`
		ClientCertificate string `yaml:"clientCertificate,omitempty"`
	}
	doc := struct {
		Version int    `yaml:"version"`
		Cluster string `yaml:"cluster,omitempty"`
		Gateway struct {
			Kind    string `yaml:"kind"`
			Address string `yaml:"address,omitempty"`
			Domain  string `yaml:"domain,omitempty"`
			Ports   string `yaml:"ports,omitempty"`
			TLS     *tls   `yaml:"tls,omitempty"`
			Token   string `yaml:"token,omitempty"`

			Annotations  map[string]string `yaml:"annotations,omitempty"`
			SourceRanges []string          `yaml:"sourceRanges,omitempty"`
		} `yaml:"gateway"`
	}{Version: 1, Cluster: o.Cluster}
	doc.Gateway.Ports = o.Ports
	if o.Kind == route.KindLoadBalancer { // each workspace's Service has them
		doc.Gateway.Annotations, doc.Gateway.SourceRanges = o.Annotations, o.SourceRanges
	}
	doc.Gateway.Kind, doc.Gateway.Address, doc.Gateway.Domain = o.Kind, o.Address, o.Domain
	if o.TLS.Secret != "" {
		doc.Gateway.TLS = &tls{ServerName: o.TLS.ServerName, CA: string(o.TLS.CA)}
		if o.TLS.ClientCertificates {
			doc.Gateway.TLS.ClientCertificate = workspace.Required
		}
	}
	if o.Token.used() {
		doc.Gateway.Token = workspace.Required
	}
	text, err := yaml.Marshal(doc)
	if err != nil {
		return "" // strings and a number can be encoded
	}
	return string(text)
}

// binding is the RoleBinding of a grant.
func (g Grant) binding() map[string]any {
	return g.bindingTo(g.Namespace, "ClusterRole", "berth-developer")
}

// bindingTo gives the grant's subject a role in a namespace.
func (g Grant) bindingTo(namespace, kind, role string) map[string]any {
	return map[string]any{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
		"metadata": map[string]any{"name": role + "-" + g.subject(), "namespace": namespace},
		"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
		"subjects": []any{map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": g.kind(), "name": g.Name}},
	}
}

// subject names the subject as part of a name.
func (g Grant) subject() string { return strings.ToLower(g.kind()) + "-" + digest(g.Name) }

func (g Grant) kind() string {
	if g.Group {
		return "Group"
	}
	return "User"
}

// errNoSuchField is a file in assets that does not fit this program.
var errNoSuchField = errors.New("no such field")
