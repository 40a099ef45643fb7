package route

import (
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// EnvoyGateway is Envoy Gateway: an HTTPRoute for the host, in the workspace's
// namespace. It changes the table of routes only. What makes a tunnel of it is
// the gateway's own BackendTrafficPolicy: with one for each route, Envoy Gateway
// compares each with every route, whenever anything changes.
type EnvoyGateway struct{}

var _ Route = EnvoyGateway{}

// Kind implements Route.
func (EnvoyGateway) Kind() string { return KindEnvoyGateway }

// Authority implements Route.
func (EnvoyGateway) Authority(ref workspace.Ref, inst workspace.Installation) string {
	return authority(ref, inst)
}

// Objects implements Route: an HTTPRoute.
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
	return []runtime.Object{way}, nil
}
