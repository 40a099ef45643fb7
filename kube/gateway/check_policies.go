package gateway

// What Istio lets a policy do to the gateway. A CONNECT request has no path, so
// rules about paths do not do what they say; and each change of a policy is one
// of the listener, which ends sessions when it has drained.

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/berth-sh/berth/workspace"
)

// policies looks at what is put on the gateway's listener by other objects than
// the manifest's.
func (r *run) policies(ctx context.Context) {
	const check = "policies"
	clean := true
	for _, of := range []schema.GroupVersionResource{authorizations, authentications, telemetries, plugins} {
		items, ok := r.list(ctx, check, of, "")
		clean = clean && ok
		for i := range items {
			o := &items[i]
			if !r.near(o) || !r.selected(o) || own(o, gatewayName) && (of == authorizations || of == authentications) {
				continue
			}
			switch of {
			case authorizations:
				clean = r.authorization(o) && clean
			case authentications:
				clean = r.authentication(o) && clean
			default:
				r.static(o)
			}
		}
	}
	if clean {
		r.fine(check, "no policy refuses tunnels, and none is for one workspace")
	}
}

// selected reports whether a policy of Istio is for the gateway's pods.
func (r *run) selected(o *unstructured.Unstructured) bool {
	spec, _, _ := unstructured.NestedMap(o.Object, "spec")
	if spec["targetRef"] != nil || spec["targetRefs"] != nil {
		return false // these name what our gateway is not: a Gateway of Kubernetes, a Service
	}
	labels, _, _ := unstructured.NestedStringMap(spec, "selector", "matchLabels")
	return r.selects(labels)
}

// static says of an object on the listener what its changes do.
func (r *run) static(o *unstructured.Unstructured) {
	r.note("policies", title(o), "it is on the gateway's listener: each change of it ends sessions when the listener has drained", "leave it as it is while people work, or keep it off the gateway with a selector")
}

// authorization looks at an AuthorizationPolicy; it returns whether it is
// without problem.
func (r *run) authorization(o *unstructured.Unstructured) bool {
	const check = "policies"
	action, _, _ := unstructured.NestedString(o.Object, "spec", "action")
	rules, _, _ := unstructured.NestedSlice(o.Object, "spec", "rules")
	fix := "keep it off the gateway with a selector: kubectl edit authorizationpolicy -n " + workspace.Safe(o.GetNamespace()) + " " + workspace.Safe(o.GetName())
	for _, operation := range operations(rules) {
		hosts, _, _ := unstructured.NestedStringSlice(operation, "hosts")
		for _, host := range hosts {
			if name, _, ok := strings.Cut(host, "."+r.Installation.Gateway.Domain); ok && !strings.Contains(name, "*") {
				r.problem(check, title(o), "it is for one host, "+host+": with a policy for each workspace the listener changes, and ends sessions, each time one comes or goes",
					"delete it: keys in the workspace's Secret say who gets in, and claims of a token can be matched in one policy for all")
				return false
			}
		}
		_, paths := operation["paths"]
		_, not := operation["notPaths"]
		switch {
		case action == "DENY" && not:
			r.problem(check, title(o), "it denies every tunnel: a CONNECT request has no path, so notPaths is true of it", fix)
			return false
		case action != "DENY" && paths:
			r.problem(check, title(o), "it matches no tunnel: a CONNECT request has no path", fix)
			return false
		case action == "DENY" && paths:
			r.note(check, title(o), "it denies no tunnel, whatever it says: a CONNECT request has no path", "")
		}
	}
	r.static(o)
	return true
}

// operations are those of an AuthorizationPolicy's rules.
func operations(rules []any) []map[string]any {
	var out []map[string]any
	for _, rule := range rules {
		of, _ := rule.(map[string]any)
		targets, _, _ := unstructured.NestedSlice(of, "to")
		for _, target := range targets {
			to, _ := target.(map[string]any)
			if operation, found, _ := unstructured.NestedMap(to, "operation"); found {
				out = append(out, operation)
			}
		}
	}
	return out
}

// authentication looks at a RequestAuthentication that is not ours.
func (r *run) authentication(o *unstructured.Unstructured) bool {
	if r.Installation.Gateway.Token == "" {
		r.static(o)
		return true
	}
	r.problem("policies", title(o), "Istio counts its issuers together with the gateway's: tokens may be verified by the wrong one, and all be refused",
		"keep it off the gateway with a selector: kubectl edit requestauthentication -n "+workspace.Safe(o.GetNamespace())+" "+workspace.Safe(o.GetName()))
	return false
}
