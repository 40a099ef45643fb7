package gateway

import (
	"net"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
)

// managedBy is the label without which a Service is not reachable: the gateway
// is a way to workspaces, not into whatever else runs in the cluster.
const (
	managedBy = "app.kubernetes.io/managed-by"
	manager   = "berth"
)

// table resolves authorities from what the informers hold.
type table struct {
	domain   string
	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
}

// newTable registers the informers it needs with shared.
func newTable(domain string, shared informers.SharedInformerFactory) *table {
	return &table{
		domain:   "." + strings.ToLower(strings.Trim(domain, ".")),
		services: shared.Core().V1().Services().Lister(),
		slices:   shared.Discovery().V1().EndpointSlices().Lister(),
	}
}

// target is one endpoint.
type target struct {
	ip   string
	port int
}

// resolve finds the endpoints of an authority; found is false where Envoy has
// no route. No endpoint is the state of a stopped workspace.
func (t *table) resolve(authority string) (endpoints []target, found bool) {
	host, port, ok := split(authority)
	if !ok {
		return nil, false
	}
	label, ok := strings.CutSuffix(strings.ToLower(host), t.domain)
	if !ok {
		return nil, false
	}
	// The first "--" separates: names never contain it, namespaces may.
	name, namespace, ok := strings.Cut(label, "--")
	if !ok || name == "" || namespace == "" || strings.Contains(namespace, ".") {
		return nil, false
	}
	service, err := t.services.Services(namespace).Get(name)
	if err != nil || service.Labels[managedBy] != manager {
		return nil, false
	}
	for i := range service.Spec.Ports {
		p := &service.Spec.Ports[i]
		if int(p.Port) == port && p.Protocol != corev1.ProtocolUDP && p.Protocol != corev1.ProtocolSCTP {
			return t.endpoints(namespace, name, p.Name), true
		}
	}
	return nil, false
}

// split cuts HOST:PORT.
func split(authority string) (host string, port int, ok bool) {
	host, text, err := net.SplitHostPort(authority)
	if err != nil {
		return "", 0, false
	}
	port, err = strconv.Atoi(text)
	return host, port, err == nil && port > 0 && port < 1<<16
}

// endpoints lists the ready endpoints of one port of a Service.
func (t *table) endpoints(namespace, name, portName string) []target {
	var ready []target
	selector := labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: name})
	slices, err := t.slices.EndpointSlices(namespace).List(selector)
	if err != nil {
		return nil // only a malformed index fails
	}
	for _, slice := range slices {
		port := slicePort(slice, portName)
		if port == 0 {
			continue
		}
		for i := range slice.Endpoints {
			e := &slice.Endpoints[i]
			if len(e.Addresses) > 0 && (e.Conditions.Ready == nil || *e.Conditions.Ready) {
				ready = append(ready, target{ip: e.Addresses[0], port: port})
			}
		}
	}
	return ready
}

// slicePort finds a port by the Service port's name; 0 when it has none.
func slicePort(slice *discoveryv1.EndpointSlice, name string) int {
	for _, p := range slice.Ports {
		given := ""
		if p.Name != nil {
			given = *p.Name
		}
		if given == name && p.Port != nil {
			return int(*p.Port)
		}
	}
	return 0
}
