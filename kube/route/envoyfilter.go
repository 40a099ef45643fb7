package route

import (
	"net"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// IstioEnvoyFilter adds a virtual host of its own for each workspace, in the
// gateway's namespace. It is for shops that already work this way: whoever may
// write an EnvoyFilter there owns the gateway. Unlike the form that circulates
// (a merge into the listener), it changes the table of routes only.
type IstioEnvoyFilter struct{}

var _ Route = IstioEnvoyFilter{}

// Kind implements Route.
func (IstioEnvoyFilter) Kind() string { return KindIstioEnvoyFilter }

// Authority implements Route: the Service's own name and port.
func (IstioEnvoyFilter) Authority(ref workspace.Ref, inst workspace.Installation) string {
	return net.JoinHostPort(serviceHost(ref), strconv.Itoa(servicePort(inst)))
}

// Objects implements Route: an EnvoyFilter in the gateway's namespace.
func (r IstioEnvoyFilter) Objects(ref workspace.Ref, inst workspace.Installation) ([]runtime.Object, error) {
	name := "berth-" + ref.HostLabel() // of a host and of a route in the gateway's table: there is one
	port := strconv.Itoa(servicePort(inst))
	o := object("networking.istio.io/v1alpha3", "EnvoyFilter", workspace.GatewayNamespace, ref.HostLabel(), ref, fields{
		"workloadSelector": fields{"labels": fields{GatewayLabel: GatewayName}},
		"configPatches": []any{fields{
			"applyTo": "VIRTUAL_HOST",
			"match":   fields{"context": "GATEWAY"},
			"patch": fields{
				"operation": "ADD",
				"value": fields{
					"name": name,
					// Without a port: Istio strips it from the request, not from here.
					"domains": []any{serviceHost(ref)},
					"routes": []any{fields{
						"name": name,
						"match": fields{
							"connect_matcher": fields{},
							"headers": []any{fields{
								"name":         ":authority",
								"string_match": fields{"exact": r.Authority(ref, inst)},
							}},
						},
						"route": fields{
							"cluster":         "outbound|" + port + "||" + serviceHost(ref),
							"timeout":         "0s",
							"idle_timeout":    "0s",
							"upgrade_configs": []any{fields{"upgrade_type": "CONNECT", "connect_config": fields{}}},
						},
					}},
				},
			},
		}},
	})
	// With PILOT_FILTER_GATEWAY_CLUSTER_CONFIG, Istio sends the gateway only the
	// clusters that somebody names.
	o.SetAnnotations(map[string]string{"envoyfilter.istio.io/referenced-services": serviceHost(ref)})
	return []runtime.Object{o}, nil
}
