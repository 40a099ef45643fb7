// Package route says how one gateway reaches one workspace.
//
// Each gateway kind is one file that implements [Route]: the authority that a
// client names in its CONNECT request, and the objects that a workspace needs
// for it, if any. Some kinds need none, because one static rule of the gateway
// covers all workspaces. With others nothing is named in a request: each
// workspace has an address of its own ([Addressed]).
package route

import (
	"cmp"
	"net"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// Route is one gateway kind.
type Route interface {
	// Kind is the kind's name in the installation.
	Kind() string

	// Authority returns HOST:PORT that a CONNECT request names, or "" for a
	// kind without gateway.
	Authority(ref workspace.Ref, inst workspace.Installation) string

	// Objects returns what the workspace needs, with labels, names and
	// namespaces; it may be empty.
	Objects(ref workspace.Ref, inst workspace.Installation) ([]runtime.Object, error)
}

// Names of the kinds that this version serves.
const (
	KindIstio            = "istio"
	KindIstioStatic      = "istio-static"
	KindIstioEnvoyFilter = "istio-envoyfilter"
	KindEnvoyGateway     = "envoy-gateway"
	KindEnvoy            = "envoy"
	KindTCPPort          = "tcp-port"
	KindLoadBalancer     = workspace.KindLoadBalancer
	KindPortForward      = workspace.KindPortForward
)

// served are the kinds, in the order in which they are offered.
func served() []Route {
	return []Route{Istio{}, IstioStatic{}, IstioEnvoyFilter{}, EnvoyGateway{}, Envoy{}, TCPPort{}, LoadBalancer{}, PortForward{}}
}

// For returns the route of the installation's gateway kind. A kind that is not
// known is an error of kind workspace.ErrUsage: a newer version may know it.
func For(inst workspace.Installation) (Route, error) {
	kind := inst.Gateway.Kind
	if kind == "" {
		return PortForward{}, nil
	}
	var names []string
	for _, r := range served() {
		if r.Kind() == kind {
			return r, nil
		}
		names = append(names, r.Kind())
	}
	return nil, workspace.WithHint(workspace.Usagef("gateway kind %q is not known", workspace.Safe(kind)),
		"kinds: "+strings.Join(names, ", ")+"; or update berth")
}

// authority is NAME--NAMESPACE.DOMAIN:PORT. The port is the Service's, so that
// older set-ups with port 80 keep theirs.
func authority(ref workspace.Ref, inst workspace.Installation) string {
	return net.JoinHostPort(host(ref, inst), strconv.Itoa(servicePort(inst)))
}

// host is NAME--NAMESPACE.DOMAIN.
func host(ref workspace.Ref, inst workspace.Installation) string {
	return ref.HostLabel() + "." + inst.Gateway.Domain
}

// serviceHost is the name of the workspace's Service inside the cluster.
func serviceHost(ref workspace.Ref) string {
	return ref.Name + "." + ref.Namespace + ".svc.cluster.local"
}

// servicePort is the port of every workspace's Service.
func servicePort(inst workspace.Installation) int {
	return cmp.Or(inst.Gateway.ServicePort, defaultServicePort)
}

// defaultServicePort is ssh's.
const defaultServicePort = 22

// fields are a part of an object.
type fields = map[string]any

// object is an object of a kind that the typed client does not know, with a
// workspace's labels.
func object(apiVersion, kind, namespace, name string, ref workspace.Ref, spec fields) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: fields{"apiVersion": apiVersion, "kind": kind, "spec": spec}}
	o.SetNamespace(namespace)
	o.SetName(name)
	o.SetLabels(map[string]string{
		workspace.LabelManagedBy: workspace.ManagedBy,
		workspace.LabelComponent: workspace.Component,
		workspace.LabelWorkspace: ref.Name,
	})
	return o
}
