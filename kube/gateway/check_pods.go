package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

const (
	gatewayName  = route.GatewayName
	gatewayLabel = route.GatewayLabel
	// rootNamespace is where Istio reads what is for every gateway.
	rootNamespace = "istio-system"
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
	annotations, _, _ := unstructured.NestedStringMap(o.Object, "spec", "template", "metadata", "annotations")
	config := annotations["proxy.istio.io/config"]
	const fix = "apply the manifest again: berth gateway manifest"
	switch {
	case time.Duration(grace)*time.Second < longEnough:
		r.problem(check, title(o), fmt.Sprintf("a pod that goes gives sessions %d seconds (terminationGracePeriodSeconds)", grace), fix)
	case drainOf(config) < longEnough:
		r.problem(check, title(o), "a listener that changes cuts its sessions after "+drainOf(config).String()+" (drainDuration in proxy.istio.io/config)", fix)
	case !strings.Contains(config, "EXIT_ON_ZERO_ACTIVE_CONNECTIONS"):
		r.problem(check, title(o), "a pod that goes ends after 5 seconds, with its sessions: EXIT_ON_ZERO_ACTIVE_CONNECTIONS is not set", fix)
	default:
		r.fine(check, "pods and listeners wait for their sessions")
	}
}

// drainOf reads drainDuration; Istio's own is 45 seconds.
func drainOf(config string) time.Duration {
	for line := range strings.Lines(config) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "drainDuration:"); ok {
			if d, err := time.ParseDuration(strings.TrimSpace(value)); err == nil {
				return d
			}
		}
	}
	return 45 * time.Second
}

// fences looks for what keeps the gateway to workspaces.
func (r *run) fences(ctx context.Context) {
	if items, ok := r.list(ctx, "network-policy", policies, workspace.GatewayNamespace); ok {
		if len(items) == 0 {
			r.problem("network-policy", "", "no NetworkPolicy limits what the gateway reaches", "apply the manifest again: berth gateway manifest")
		} else {
			r.fine("network-policy", "a NetworkPolicy limits what the gateway reaches; whether it is enforced is the network plugin's")
		}
	}
	want := map[string]string{route.KindIstio: "berth-virtualservices", route.KindEnvoyGateway: "berth-httproutes"}[r.Installation.Gateway.Kind]
	if want == "" {
		return // nothing is written for a workspace
	}
	items, ok := r.list(ctx, "admission-policy", fences, "")
	if !ok {
		return
	}
	for _, o := range items {
		if policy, _, _ := unstructured.NestedString(o.Object, "spec", "policyName"); policy == want {
			r.fine("admission-policy", "hosts and destinations are fenced by namespace")
			return
		}
	}
	r.problem("admission-policy", "", "nothing fences hosts by namespace: one team can take another's host", "apply the manifest again: berth gateway manifest")
}

// answers asks for a workspace that does not exist: a gateway says so itself,
// what stands in front of it does not know the question.
func (r *run) answers(ctx context.Context) {
	const check = "connect"
	nobody := "berth-check--nobody." + r.Installation.Gateway.Domain + ":22"
	status, err := r.Probe(ctx, nobody)
	where := r.Installation.Gateway.Address
	switch {
	case err != nil && ctx.Err() == nil:
		r.problem(check, "", "the gateway cannot be asked: "+err.Error(), "check the load balancer's address, and ConfigMap "+workspace.GatewayNamespace+"/"+workspace.InstallationName)
	case status == http.StatusNotFound, status == http.StatusServiceUnavailable, status == http.StatusForbidden:
		r.fine(check, where+" answers CONNECT")
	case status/100 == 2:
		r.problem(check, "", "it gives a tunnel to a workspace that does not exist", "a proxy in front takes every CONNECT: let the load balancer pass TCP on")
	default:
		r.problem(check, "", fmt.Sprintf("CONNECT is refused with %d, which no Envoy of ours says", status), "something in front speaks HTTP: use a load balancer for TCP")
	}
}

// strangers asks for what no client may reach through the gateway.
func (r *run) strangers(ctx context.Context) {
	const check = "reaches-others"
	domain := r.Installation.Gateway.Domain
	asked, given := 0, 0
	for _, authority := range []string{
		"kubernetes.default.svc.cluster.local:443", "kubernetes--default." + domain + ":443", "kubernetes--default." + domain + ":22",
		"169.254.169.254:80", "127.0.0.1:15000", "127.0.0.1:9901", "127.0.0.1:19000", "localhost:22", "istiod.istio-system.svc.cluster.local:15010", "[::1]:15000",
	} {
		status, err := r.Probe(ctx, authority)
		if err != nil {
			continue // not asked; connect says why
		}
		asked++
		if status/100 == 2 {
			given++
			r.problem(check, "", "the gateway gives a tunnel to "+authority, "take whatever rule lets it through away: only NAME--NAMESPACE."+domain+":22 may pass")
		}
	}
	if asked > 0 && given == 0 {
		r.fine(check, fmt.Sprintf("none of %d addresses that are nobody's workspace is reached", asked))
	}
}
