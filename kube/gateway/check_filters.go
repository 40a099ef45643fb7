package gateway

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// selects reports whether labels are those of the gateway's pods, or fewer.
func (r *run) selects(labels map[string]string) bool {
	for key, value := range labels {
		if have, ok := r.pods[key]; !ok || have != value {
			return false
		}
	}
	return true
}

// near reports whether an object is where the gateway reads it: in its own
// namespace, or in the one that is for every gateway.
func (r *run) near(o *unstructured.Unstructured) bool {
	ns := o.GetNamespace()
	return ns == workspace.GatewayNamespace || ns == r.root
}

// envoyFilters finds patches that change the listener, domains that match
// nothing, and timers that end sessions.
func (r *run) envoyFilters(ctx context.Context) {
	items, ok := r.list(ctx, "listener-patch", filters, "")
	if !ok {
		return
	}
	clean := true
	for i := range items {
		o := &items[i]
		labels, _, _ := unstructured.NestedStringMap(o.Object, "spec", "workloadSelector", "labels")
		if !r.near(o) || !r.selects(labels) {
			continue
		}
		patches, _, _ := unstructured.NestedSlice(o.Object, "spec", "configPatches")
		for _, p := range patches {
			patch, _ := p.(map[string]any)
			if context, _, _ := unstructured.NestedString(patch, "match", "context"); context != "" && context != "ANY" && context != "GATEWAY" {
				continue
			}
			clean = r.patch(o, patch) && clean
		}
	}
	if clean {
		r.fine("listener-patch", "no EnvoyFilter changes the listener")
	}
}

// patch looks at one patch of an EnvoyFilter; it returns whether it is without
// problem.
func (r *run) patch(o *unstructured.Unstructured, patch map[string]any) bool {
	applyTo, _, _ := unstructured.NestedString(patch, "applyTo")
	value, _, _ := unstructured.NestedMap(patch, "patch", "value")
	where := " -n " + workspace.Safe(o.GetNamespace()) + " " + workspace.Safe(o.GetName())
	clean := true
	switch applyTo {
	case "NETWORK_FILTER", "LISTENER", "FILTER_CHAIN", "LISTENER_FILTER":
		clean = false
		r.problem("listener-patch", title(o), "it changes the listener ("+applyTo+"): each change cuts everybody's session when the listener has drained, and a missing Service stops the gateway from being configured",
			"use a VirtualService for each workspace (kind istio), and delete it: kubectl delete envoyfilter"+where)
	case "HTTP_FILTER":
		if !own(o, "berth-token") {
			r.note("listener-patch", title(o), "it changes the listener's HTTP filters: leave it as it is while people work, or their sessions are cut when the listener has drained", "")
		}
	case "VIRTUAL_HOST", "ROUTE_CONFIGURATION":
		if domain := withPort(value); domain != "" {
			clean = false
			r.problem("port-in-domain", title(o), "domain "+domain+" never matches: Istio takes the port off the request, not off the domain", "write the domain without its port")
		}
	}
	for _, t := range timers(value, "") {
		clean = r.timer(title(o), t, "take it out of the EnvoyFilter: kubectl edit envoyfilter"+where) && clean
	}
	return clean
}

// own reports whether an object is one of the manifest's.
func own(o *unstructured.Unstructured, name string) bool {
	return o.GetNamespace() == workspace.GatewayNamespace && o.GetName() == name
}

// gateways finds other Gateways on our pods, and a server that is not what is
// published.
func (r *run) gateways(ctx context.Context) {
	const check = "servers"
	items, ok := r.list(ctx, check, istioGateways, "")
	if !ok {
		return
	}
	clean, found := true, false
	for i := range items {
		o := &items[i]
		selector, _, _ := unstructured.NestedStringMap(o.Object, "spec", "selector")
		if !r.selects(selector) {
			continue
		}
		if !own(o, gatewayName) {
			clean = false
			r.problem(check, title(o), "it puts its own hosts and ports on the gateway's pods: each change of them changes the listeners that sessions are on",
				"give it a selector of its own: kubectl edit gateways.networking.istio.io -n "+workspace.Safe(o.GetNamespace())+" "+workspace.Safe(o.GetName()))
			continue
		}
		found = true
		servers, _, _ := unstructured.NestedSlice(o.Object, "spec", "servers")
		clean = r.servers(o, servers) && clean
	}
	switch {
	case !found:
		r.problem(check, "", "there is no Gateway "+workspace.GatewayNamespace+"/"+gatewayName+" for the gateway's pods", "install it: berth gateway manifest")
	case clean:
		r.fine(check, "one Gateway is on the gateway's pods, and it is what is published")
	}
}

// servers compares the protocols of a Gateway with what is published.
func (r *run) servers(o *unstructured.Unstructured, servers []any) bool {
	var protocols []string
	for _, s := range servers {
		server, _ := s.(map[string]any)
		protocol, _, _ := unstructured.NestedString(server, "port", "protocol")
		protocols = append(protocols, protocol)
	}
	plain := "HTTP"
	if r.Installation.Gateway.Kind == route.KindTCPPort {
		plain = "TCP"
	}
	const check, fix = "servers", "apply the manifest again, with the options that it was made with: berth gateway manifest"
	switch tls := r.Installation.Gateway.TLS.Enabled(); {
	case tls && slices.Contains(protocols, "HTTP"):
		r.problem(check, title(o), "TLS is published, and the gateway also listens in the clear: whoever comes that way shows no certificate, and sends a token where others can read it", fix)
	case !tls && !slices.Contains(protocols, plain):
		r.problem(check, title(o), fmt.Sprintf("plain TCP is published, and the gateway listens with %v", protocols), fix)
	default:
		return true
	}
	return false
}
