package route

import (
	"net"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// TCPPort gives each workspace one of the ports that a dedicated Istio gateway
// has prepared: plain TCP, for clients that can do no more. A workspace brings
// a VirtualService in its own namespace, which gives its port a listener of its
// own: no other listener changes, so nobody else's session notices.
//
// Two VirtualServices on one port would send people to a stranger. So a port
// is claimed first, by a Lease; nothing is ever routed to a port that is not
// held.
type TCPPort struct {
	Port int // 0 while none is claimed
}

var _ Ported = TCPPort{}

// Kind implements Route.
func (TCPPort) Kind() string { return KindTCPPort }

// Authority implements Route: there is none, the port says it all.
func (TCPPort) Authority(workspace.Ref, workspace.Installation) string { return "" }

// On implements Ported.
func (TCPPort) On(port int) Route { return TCPPort{port} }

// Address implements Addressed: the gateway's host and the workspace's port.
func (TCPPort) Address(inst workspace.Installation, own Own) string {
	if inst.Gateway.Address == "" || !inst.Gateway.PortRange().Has(own.Port) {
		return ""
	}
	return net.JoinHostPort(inst.Gateway.Address, strconv.Itoa(own.Port))
}

// Objects implements Route: a VirtualService. One without a port matches every
// port, so where there is none yet it has no rules at all.
func (r TCPPort) Objects(ref workspace.Ref, inst workspace.Installation) ([]runtime.Object, error) {
	spec := fields{
		"hosts":    []any{host(ref, inst)},
		"gateways": []any{workspace.GatewayNamespace + "/" + GatewayName},
		"tcp": []any{fields{
			"match": []any{fields{"port": int64(r.Port)}},
			"route": []any{fields{"destination": fields{
				"host": serviceHost(ref),
				"port": fields{"number": int64(servicePort(inst))},
			}}},
		}},
	}
	o := object("networking.istio.io/v1", "VirtualService", ref.Namespace, ref.Name, ref, spec)
	if r.Port == 0 {
		unstructured.RemoveNestedField(o.Object, "spec")
	}
	return []runtime.Object{o}, nil
}

// RoutedPorts returns the ports of the gateway that a VirtualService takes.
func RoutedPorts(o *unstructured.Unstructured) []int {
	var ports []int
	routes, _, _ := unstructured.NestedSlice(o.Object, "spec", "tcp")
	for _, r := range routes {
		rule, _ := r.(fields)
		matches, _, _ := unstructured.NestedSlice(rule, "match")
		for _, m := range matches {
			match, _ := m.(fields)
			if port, ok, _ := unstructured.NestedInt64(match, "port"); ok {
				ports = append(ports, int(port))
			}
		}
	}
	return ports
}
