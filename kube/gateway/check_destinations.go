package gateway

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// fewConnections are less than a workspace needs: editors open one for each
// window, and hold it.
const fewConnections = 20

// destinations finds DestinationRules that get between the gateway and sshd.
func (r *run) destinations(ctx context.Context) {
	const check = "destination-rule"
	items, ok := r.list(ctx, check, destinationRules, "")
	if !ok {
		return
	}
	clean := true
	for i := range items {
		o := &items[i]
		host, _, _ := unstructured.NestedString(o.Object, "spec", "host")
		if !r.leads(o.GetNamespace(), host) {
			continue
		}
		policy, _, _ := unstructured.NestedMap(o.Object, "spec", "trafficPolicy")
		policies := []map[string]any{policy}
		ports, _, _ := unstructured.NestedSlice(policy, "portLevelSettings")
		for _, p := range ports {
			if own, ok := p.(map[string]any); ok {
				if number, _, _ := unstructured.NestedInt64(own, "port", "number"); number == r.servicePort() {
					policies = append(policies, own)
				}
			}
		}
		for _, p := range policies {
			clean = r.destination(o, p) && clean
		}
	}
	if clean {
		r.fine(check, "no DestinationRule gets between the gateway and sshd")
	}
}

// leads reports whether a DestinationRule's host is one of workspaces.
func (r *run) leads(namespace, host string) bool {
	const suffix = ".svc.cluster.local"
	if tail, wild := strings.CutPrefix(host, "*"); wild {
		// All of the cluster's names, or all of one namespace with workspaces.
		if strings.HasSuffix("."+suffix, tail) {
			return true
		}
		for _, ref := range r.running {
			if strings.HasSuffix("."+ref.Namespace+suffix, tail) {
				return true
			}
		}
		return false
	}
	for _, ref := range r.running {
		long := ref.Name + "." + ref.Namespace
		if host == long || host == long+".svc" || host == long+suffix || host == ref.Name && namespace == ref.Namespace {
			return true
		}
	}
	return false
}

// destination looks at one policy of a DestinationRule.
func (r *run) destination(o *unstructured.Unstructured, policy map[string]any) bool {
	const check = "destination-rule"
	fix := "take it out, or name other hosts: kubectl edit destinationrule -n " + workspace.Safe(o.GetNamespace()) + " " + workspace.Safe(o.GetName())
	clean := true
	if mode, _, _ := unstructured.NestedString(policy, "tls", "mode"); mode != "" && mode != "DISABLE" {
		clean = false
		r.problem(check, title(o), "the gateway speaks TLS ("+mode+") to workspaces, whose sshd does not: nobody connects", fix)
	}
	pool, _, _ := unstructured.NestedMap(policy, "connectionPool", "tcp")
	if most, found, _ := unstructured.NestedInt64(pool, "maxConnections"); found && most < fewConnections {
		r.note(check, title(o), fmt.Sprintf("a workspace takes %d connections, all people and windows together", most), fix)
	}
	// Only plain TCP is held to these: a tunnel by CONNECT has its route's.
	if r.Installation.Gateway.Kind == route.KindIstio || r.Installation.Gateway.Kind == route.KindIstioStatic || r.Installation.Gateway.Kind == route.KindIstioEnvoyFilter {
		return clean
	}
	for _, t := range timers(pool, "") {
		clean = r.timer(title(o), t, fix) && clean
	}
	return clean
}

// servicePort is the port of every workspace's Service.
func (r *run) servicePort() int64 {
	if own := r.Installation.Gateway.ServicePort; own != 0 {
		return int64(own)
	}
	return 22
}
