package gateway

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// What the manifest of kind tcp-port says about its ports.
const (
	exampleFirst = "31000"
	exampleLast  = "31015"
	defaultPorts = exampleFirst + "-" + exampleLast

	// Istio's proxies listen on some of these themselves.
	istioFirst, istioLast = 15000, 15099
)

// completePorts checks the options of kind tcp-port and fills in the rest.
func (o *Options) completePorts() error {
	if o.Ports == "" {
		o.Ports = defaultPorts
	}
	ports, err := workspace.ParsePorts(o.Ports)
	if err != nil {
		return workspace.WithHint(err, "sixteen ports: --ports "+defaultPorts)
	}
	if ports.First <= istioLast && ports.Last >= istioFirst {
		return workspace.Usagef("ports %s are partly Istio's own (%d-%d)", ports, istioFirst, istioLast)
	}
	if o.Address == "" {
		o.Address = o.Domain
	}
	if !dialable(o.Address, strconv.Itoa(ports.First)) {
		return workspace.WithHint(workspace.Usagef("address %q is not a host", workspace.Safe(o.Address)),
			"with kind tcp-port each workspace has a port of its own: --address HOST")
	}
	return nil
}

// tcpPort makes the example's port as many as there are, and lets whoever is
// granted workspaces claim them.
func (o *Options) tcpPort(e *editor) {
	o.service(e)
	ports, err := workspace.ParsePorts(o.Ports)
	if err != nil {
		e.err = err
		return
	}
	// Only where the example's numbers are: others may mean what people gave.
	numbers := strings.NewReplacer(exampleFirst, strconv.Itoa(ports.First), exampleLast, strconv.Itoa(ports.Last))
	for _, doc := range e.docs {
		if identity(doc)[0] == "ValidatingAdmissionPolicy" {
			scalars(doc, numbers.Replace)
		}
	}
	hosts := []string{"*/*." + o.Domain}
	if len(o.Namespaces) > 0 {
		hosts = o.hosts()
	}
	services, servers := make([]servicePort, ports.Count()), make([]server, ports.Count())
	for i := range ports.Count() {
		port := ports.First + i
		name := fmt.Sprintf("tcp-%d", port)
		services[i] = servicePort{Name: name, Port: port, TargetPort: port}
		servers[i].Port.Number, servers[i].Port.Name, servers[i].Port.Protocol = port, name, "TCP"
		servers[i].Hosts = hosts
	}
	e.set("Service", services, "spec", "ports")
	e.set("Gateway", servers, "spec", "servers")
	bound := map[string]bool{} // a subject may have several namespaces
	for _, g := range o.Grants {
		if name := g.subject(); !bound[name] {
			bound[name] = true
			e.add("", g.bindingTo(workspace.GatewayNamespace, "Role", "berth-ports"))
		}
	}
}

// servicePort is a port of the gateway's Service.
type servicePort struct {
	Name       string `yaml:"name"`
	Port       int    `yaml:"port"`
	TargetPort int    `yaml:"targetPort"`
}

// server is a port of the Gateway.
type server struct {
	Port struct {
		Number   int    `yaml:"number"`
		Name     string `yaml:"name"`
		Protocol string `yaml:"protocol"`
	} `yaml:"port"`
	Hosts []string `yaml:"hosts"`
}

// gateless reports whether a kind needs no gateway at all: there is nothing to
// install but roles, and the ConfigMap that names the kind.
func gateless(kind string) bool {
	return kind == route.KindLoadBalancer || kind == route.KindPortForward
}

// completeGateless refuses what only a gateway has.
func (o *Options) completeGateless() error {
	for flag, given := range map[string]bool{
		"domain": o.Domain != "", "address": o.Address != "", "for": len(o.Namespaces) > 0,
	} {
		if given {
			return workspace.Usagef("kind %s has no gateway: --%s does not go with it", o.Kind, flag)
		}
	}
	if o.Kind == route.KindPortForward && (len(o.SourceRanges) > 0 || len(o.Annotations) > 0) {
		return workspace.Usagef("kind %s has no load balancer: neither --source-range nor --annotation goes with it", o.Kind)
	}
	if err := route.CheckBalancer(o.Annotations, o.SourceRanges); err != nil {
		return workspace.WithKind(workspace.ErrUsage, err)
	}
	return nil
}
