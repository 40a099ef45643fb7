package gateway

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

const (
	gatewayName  = route.GatewayName
	gatewayLabel = route.GatewayLabel
	// longEnough is a drain that outlives a working hour; sessions are longer,
	// but a day is what the manifest says.
	longEnough = time.Hour
)

// deployment looks at how long the gateway's pods wait for sessions.
func (r *run) deployment(ctx context.Context) {
	const check = "drain"
	o, err := r.Cluster.Resource(deploys).Namespace(workspace.GatewayNamespace).Get(ctx, gatewayName, metav1.GetOptions{})
	if err != nil {
		r.problem(check, "Deployment "+workspace.GatewayNamespace+"/"+gatewayName, "cannot be looked at: "+err.Error(), "install it: berth gateway manifest")
		return
	}
	grace, _, _ := unstructured.NestedInt64(o.Object, "spec", "template", "spec", "terminationGracePeriodSeconds")
	const fix = "apply the manifest again: berth gateway manifest"
	switch drain := r.proxy.drain(); {
	case time.Duration(grace)*time.Second < longEnough:
		r.problem(check, title(o), fmt.Sprintf("a pod that goes gives sessions %d seconds (terminationGracePeriodSeconds)", grace), fix)
	case drain < longEnough:
		r.problem(check, title(o), "a listener that changes cuts its sessions after "+drain.String()+" (drainDuration in proxy.istio.io/config)", fix)
	case r.proxy.ProxyMetadata["EXIT_ON_ZERO_ACTIVE_CONNECTIONS"] != "true":
		r.problem(check, title(o), "a pod that goes ends after 5 seconds, with its sessions: EXIT_ON_ZERO_ACTIVE_CONNECTIONS is not set", fix)
	default:
		r.fine(check, "pods and listeners wait for their sessions")
	}
}

// reach looks for NetworkPolicies that limit what the gateway's pods reach.
// They add up: one that lets everything through undoes the others.
func (r *run) reach(ctx context.Context) {
	const check = "network-policy"
	items, ok := r.list(ctx, check, policies, workspace.GatewayNamespace)
	if !ok {
		return
	}
	limited, clean := false, true
	for i := range items {
		o := &items[i]
		labels, _, _ := unstructured.NestedStringMap(o.Object, "spec", "podSelector", "matchLabels")
		types, _, _ := unstructured.NestedStringSlice(o.Object, "spec", "policyTypes")
		if !slices.Contains(types, "Egress") || !r.selects(labels) {
			continue
		}
		limited = true
		rules, _, _ := unstructured.NestedSlice(o.Object, "spec", "egress")
		if slices.ContainsFunc(rules, func(rule any) bool { all, _ := rule.(map[string]any); return len(all) == 0 }) {
			clean = false
			r.problem(check, title(o), "it lets the gateway reach everything, whatever other policies say", "delete it: kubectl delete networkpolicy -n "+workspace.GatewayNamespace+" "+workspace.Safe(o.GetName()))
		}
	}
	switch {
	case !limited:
		r.problem(check, "", "no NetworkPolicy limits what the gateway reaches", "apply the manifest again: berth gateway manifest")
	case clean:
		r.fine(check, "a NetworkPolicy limits what the gateway reaches; whether it is enforced is the network plugin's")
	}
}

// fences looks for what keeps the gateway to workspaces.
func (r *run) fences(ctx context.Context) {
	r.reach(ctx)
	want := map[string]string{
		route.KindIstio: "berth-virtualservices", route.KindTCPPort: "berth-virtualservices", route.KindEnvoyGateway: "berth-httproutes",
	}[r.Installation.Gateway.Kind]
	if want == "" {
		return // nothing is written for a workspace
	}
	items, ok := r.list(ctx, "admission-policy", fences, "")
	if !ok {
		return
	}
	bound := map[string]bool{}
	for _, o := range items {
		policy, _, _ := unstructured.NestedString(o.Object, "spec", "policyName")
		bound[policy] = true
	}
	if r.Installation.Gateway.Kind == route.KindTCPPort && (!bound["berth-ports"] || !bound["berth-held-ports"]) {
		r.problem("admission-policy", "", "nothing fences claims by namespace: one team can take another's port", "apply the manifest again: berth gateway manifest")
	}
	if bound[want] {
		r.fine("admission-policy", "hosts and destinations are fenced by namespace")
		return
	}
	r.problem("admission-policy", "", "nothing fences hosts by namespace: one team can take another's host", "apply the manifest again: berth gateway manifest")
}
