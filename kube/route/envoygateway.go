package route

import (
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// EnvoyGateway is Envoy Gateway: an HTTPRoute for the host, and a policy that
// makes it a CONNECT tunnel. Both are in the workspace's namespace and change
// the table of routes only.
type EnvoyGateway struct{}

var _ Route = EnvoyGateway{}

// Kind implements Route.
func (EnvoyGateway) Kind() string { return KindEnvoyGateway }

// Authority implements Route.
func (EnvoyGateway) Authority(ref workspace.Ref, inst workspace.Installation) string {
	return authority(ref, inst)
}

// Objects implements Route: an HTTPRoute and its BackendTrafficPolicy. The
// policy comes first, so that the route is a tunnel from its first moment.
func (r EnvoyGateway) Objects(ref workspace.Ref, inst workspace.Installation) ([]runtime.Object, error) {
	way := object("gateway.networking.k8s.io/v1", "HTTPRoute", ref.Namespace, ref.Name, ref, fields{
		"parentRefs": []any{fields{"name": GatewayName, "namespace": workspace.GatewayNamespace}},
		"hostnames":  []any{host(ref, inst)},
		"rules": []any{fields{
			// The gateway ignores the port of an authority, the header match does
			// not: to Envoy the Host of a request is its authority.
			"matches": []any{fields{
				"method":  "CONNECT",
				"headers": []any{fields{"type": "Exact", "name": "host", "value": r.Authority(ref, inst)}},
			}},
			"backendRefs": []any{fields{"name": ref.Name, "port": int64(servicePort(inst))}},
		}},
	})
	policy := object("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy", ref.Namespace, ref.Name, ref, fields{
		"targetRefs":  []any{fields{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": ref.Name}},
		"httpUpgrade": []any{fields{"type": "CONNECT", "connect": fields{"terminate": true}}},
		"connection":  fields{"bufferLimit": "256Ki"}, // as the gateway's own; with 32 KiB, transfers cost a third more CPU
	})
	return []runtime.Object{policy, way}, nil
}
