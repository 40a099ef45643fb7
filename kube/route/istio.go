package route

import (
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// Names that the routes and what an administrator installs agree on.
const (
	GatewayName = "berth" // of the Gateway in the namespace workspace.GatewayNamespace
	// RouteName names the HTTP routes that the static EnvoyFilter turns into
	// CONNECT tunnels.
	RouteName = "berth-connect"
	// GatewayLabel selects the pods of the gateway; its value is GatewayName.
	GatewayLabel = "berth.sh/gateway"
)

// Istio is a dedicated Istio gateway with one static EnvoyFilter. A workspace
// brings a VirtualService in its own namespace: it changes the table of routes
// only, which live sessions never notice, and Istio holds it to the hosts that
// the Gateway gives to that namespace.
type Istio struct{}

var _ Route = Istio{}

// Kind implements Route.
func (Istio) Kind() string { return KindIstio }

// Authority implements Route.
func (Istio) Authority(ref workspace.Ref, inst workspace.Installation) string {
	return authority(ref, inst)
}

// Objects implements Route: a VirtualService.
func (Istio) Objects(ref workspace.Ref, inst workspace.Installation) ([]runtime.Object, error) {
	return []runtime.Object{object("networking.istio.io/v1", "VirtualService", ref.Namespace, ref.Name, ref, fields{
		"hosts":    []any{host(ref, inst)},
		"gateways": []any{workspace.GatewayNamespace + "/" + GatewayName},
		"http": []any{fields{
			"name": RouteName,
			// The gateway ignores the port of an authority, the match does not.
			"match": []any{fields{
				"method":    fields{"exact": "CONNECT"},
				"authority": fields{"exact": authority(ref, inst)},
			}},
			"route": []any{fields{"destination": fields{
				"host": serviceHost(ref),
				"port": fields{"number": int64(servicePort(inst))},
			}}},
		}},
	})}, nil
}

// IstioStatic is Istio's gateway with one rule for all workspaces, which finds
// the Service by the authority. A workspace brings nothing.
type IstioStatic struct{}

var _ Route = IstioStatic{}

// Kind implements Route.
func (IstioStatic) Kind() string { return KindIstioStatic }

// Authority implements Route.
func (IstioStatic) Authority(ref workspace.Ref, inst workspace.Installation) string {
	return authority(ref, inst)
}

// Objects implements Route: none.
func (IstioStatic) Objects(workspace.Ref, workspace.Installation) ([]runtime.Object, error) {
	return nil, nil
}
