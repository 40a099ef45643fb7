package gateway

// Envoy Gateway: what an administrator says is in objects of its own, and what
// comes of them is a Deployment in a namespace that is Envoy Gateway's choice.

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/berth-sh/berth/workspace"
)

// Resources of Gateway API and of Envoy Gateway.
var (
	gateways        = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}
	httpRoutes      = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}
	envoyProxies    = schema.GroupVersionResource{Group: "gateway.envoyproxy.io", Version: "v1alpha1", Resource: "envoyproxies"}
	clientPolicies  = schema.GroupVersionResource{Group: "gateway.envoyproxy.io", Version: "v1alpha1", Resource: "clienttrafficpolicies"}
	backendPolicies = schema.GroupVersionResource{Group: "gateway.envoyproxy.io", Version: "v1alpha1", Resource: "backendtrafficpolicies"}
	listenerPatches = schema.GroupVersionResource{Group: "gateway.envoyproxy.io", Version: "v1alpha1", Resource: "envoypatchpolicies"}
)

// Labels of the pods that Envoy Gateway makes for a Gateway.
const (
	owningNamespace = "gateway.envoyproxy.io/owning-gateway-namespace"
	owningName      = "gateway.envoyproxy.io/owning-gateway-name"
)

// envoyGateway looks at the objects of a gateway of Envoy Gateway's.
func (r *run) envoyGateway(ctx context.Context) {
	r.programmed(ctx)
	r.tunnels(ctx)
	r.httpRoutes(ctx)
	r.idleTimeout(ctx)
	r.listenerPatches(ctx)
	if proxy, ok := r.get(ctx, "drain", envoyProxies, gatewayName, again); ok {
		said, _, _ := unstructured.NestedString(proxy.Object, "spec", "shutdown", "drainTimeout")
		if d, err := time.ParseDuration(said); err != nil || d < longEnough {
			r.problem("drain", title(proxy), "a pod that goes, and a listener that changes, cut their sessions after "+minuteUnless(said)+" (shutdown.drainTimeout)", again)
		}
	}
	r.deployments(ctx)
}

// minuteUnless says how long Envoy Gateway waits for sessions.
func minuteUnless(said string) string {
	if said == "" {
		return "a minute"
	}
	return workspace.Safe(said)
}

// programmed asks Envoy Gateway whether it has taken the Gateway.
func (r *run) programmed(ctx context.Context) {
	const check = "programmed"
	o, ok := r.get(ctx, check, gateways, gatewayName, "install Envoy Gateway, then apply the manifest: berth gateway manifest")
	if !ok {
		return
	}
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		// Unknown is what the kind begins with, before anybody looks.
		if condition["type"] != "Accepted" || condition["status"] == "Unknown" {
			continue
		}
		if condition["status"] == "True" {
			r.fine(check, "Envoy Gateway has taken the Gateway")
			return
		}
		message, _ := condition["message"].(string)
		r.problem(check, title(o), "Envoy Gateway does not take it: "+message, "kubectl describe gatewayclass berth")
		return
	}
	r.problem(check, title(o), "nobody has looked at it: Envoy Gateway does not run", "install Envoy Gateway, or see why it does not start")
}

// onGateway reports whether a route is on our Gateway.
func onGateway(o *unstructured.Unstructured) bool {
	parents, _, _ := unstructured.NestedSlice(o.Object, "spec", "parentRefs")
	return slices.ContainsFunc(parents, func(p any) bool {
		parent, _ := p.(map[string]any)
		namespace, named := parent["namespace"].(string)
		if !named {
			namespace = o.GetNamespace()
		}
		return parent["name"] == gatewayName && namespace == workspace.GatewayNamespace
	})
}

// httpRoutes finds hosts that more than one route brings to the gateway: the
// older one gets the other's sessions.
func (r *run) httpRoutes(ctx context.Context) {
	const check = "host-claimed-twice"
	items, ok := r.list(ctx, check, httpRoutes, "")
	if !ok {
		return
	}
	owner, clean := map[string]string{}, true
	for i := range items {
		o := &items[i]
		if !onGateway(o) {
			continue
		}
		names, _, _ := unstructured.NestedStringSlice(o.Object, "spec", "hostnames")
		if len(names) == 0 {
			clean = false
			r.problem(check, title(o), "it claims every host of the gateway: it names none", "delete it, or give it hostnames")
		}
		for _, host := range names {
			if other, taken := owner[host]; taken {
				clean = false
				r.problem(check, title(o), "host "+host+" is also claimed by "+other+": the older one gets the other's sessions", "delete the one that is not the workspace's")
			}
			owner[host] = title(o)
		}
	}
	if clean {
		r.fine(check, fmt.Sprintf("each of %d hosts has one owner", len(owner)))
	}
}

// idleTimeout looks at when a silent session is ended.
func (r *run) idleTimeout(ctx context.Context) {
	const check = "idle-timeout"
	items, ok := r.list(ctx, check, clientPolicies, workspace.GatewayNamespace)
	if !ok {
		return
	}
	idle, object := envoyIdle, "Gateway "+workspace.GatewayNamespace+"/"+gatewayName
	for i := range items {
		if said, found, _ := unstructured.NestedString(items[i].Object, "spec", "timeout", "http", "streamIdleTimeout"); found && targets(&items[i]) {
			object = title(&items[i])
			if d, err := time.ParseDuration(said); err == nil {
				idle = d
			}
		}
	}
	if idle != 0 && idle <= outage {
		r.problem(check, object, fmt.Sprintf("a session that is silent for %s is ended (streamIdleTimeout of a ClientTrafficPolicy); its two ends wait %s for a network to come back", idle, outage), again)
		return
	}
	r.fine(check, "sessions may be silent for "+patience(idle))
}

// tunnels looks for what makes tunnels of routes: without it, every workspace's
// route is there, and none of them carries anything.
func (r *run) tunnels(ctx context.Context) {
	const check = "tunnels"
	items, ok := r.list(ctx, check, backendPolicies, workspace.GatewayNamespace)
	if !ok {
		return
	}
	for i := range items {
		upgrades, _, _ := unstructured.NestedSlice(items[i].Object, "spec", "httpUpgrade")
		if targets(&items[i]) && slices.ContainsFunc(upgrades, ends) {
			r.fine(check, "CONNECT ends at the gateway on every route")
			return
		}
	}
	r.problem(check, "Gateway "+workspace.GatewayNamespace+"/"+gatewayName, "no BackendTrafficPolicy makes tunnels of its routes (httpUpgrade CONNECT, terminate)", again)
}

// ends reports whether an upgrade is a CONNECT that ends at the gateway.
func ends(upgrade any) bool {
	u, _ := upgrade.(map[string]any)
	terminate, _, _ := unstructured.NestedBool(u, "connect", "terminate")
	return u["type"] == "CONNECT" && terminate
}

// targets reports whether a policy in the gateway's namespace is about our
// Gateway.
func targets(o *unstructured.Unstructured) bool {
	refs, _, _ := unstructured.NestedSlice(o.Object, "spec", "targetRefs")
	if ref, found, _ := unstructured.NestedMap(o.Object, "spec", "targetRef"); found {
		refs = append(refs, ref)
	}
	return slices.ContainsFunc(refs, func(t any) bool {
		ref, _ := t.(map[string]any)
		return ref["kind"] == "Gateway" && ref["name"] == gatewayName || ref["kind"] == "GatewayClass" && ref["name"] == gatewayName
	})
}

// listenerPatches finds what changes the listener behind Envoy Gateway's back.
func (r *run) listenerPatches(ctx context.Context) {
	const check = "listener-patch"
	items, ok := r.list(ctx, check, listenerPatches, workspace.GatewayNamespace)
	if !ok {
		return
	}
	clean := true
	for i := range items {
		patches, _, _ := unstructured.NestedSlice(items[i].Object, "spec", "jsonPatches")
		if targets(&items[i]) && slices.ContainsFunc(patches, func(p any) bool {
			patch, _ := p.(map[string]any)
			return patch["type"] == "type.googleapis.com/envoy.config.listener.v3.Listener"
		}) {
			clean = false
			r.problem(check, title(&items[i]), "it changes the listener: each change cuts everybody's session when the listener has drained",
				"delete it: an HTTPRoute for each workspace, and a BackendTrafficPolicy for all, do the same")
		}
	}
	if clean {
		r.fine(check, "no EnvoyPatchPolicy changes the listener")
	}
}

// deployments looks at the pods that came of it all, and at what fences them
// where they are.
func (r *run) deployments(ctx context.Context) {
	selector := owningNamespace + "=" + workspace.GatewayNamespace + "," + owningName + "=" + gatewayName
	found, err := r.Cluster.Resource(deploys).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		r.problem("drain", "deployments", "cannot be looked at: "+err.Error(), "run it as somebody who may list deployments")
		return
	}
	if len(found.Items) == 0 {
		r.problem("drain", "Gateway "+workspace.GatewayNamespace+"/"+gatewayName, "no pods came of it", "see what Envoy Gateway logs")
	}
	for i := range found.Items {
		o := &found.Items[i]
		r.waits(o)
		items, ok := r.list(ctx, "network-policy", policies, o.GetNamespace())
		if ok && !slices.ContainsFunc(items, func(p unstructured.Unstructured) bool { return p.GetName() == egressPolicy }) {
			r.problem("network-policy", title(o), "no NetworkPolicy limits what it reaches where it runs, in namespace "+o.GetNamespace(),
				"copy NetworkPolicy "+workspace.GatewayNamespace+"/"+egressPolicy+" there")
		}
	}
}
