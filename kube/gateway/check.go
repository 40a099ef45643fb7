package gateway

// What would hurt: a gateway is looked at from two sides, by its objects in the
// cluster and by asking it for tunnels that it must not give.

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// Finding is one thing that a check has to say.
type Finding struct {
	Check  string `json:"check"`            // a stable name
	OK     bool   `json:"ok"`               // false is a problem
	Note   bool   `json:"note,omitempty"`   // worth knowing, and no problem; or something that was not looked at
	Object string `json:"object,omitempty"` // kind and name of what says so
	Text   string `json:"text"`
	Fix    string `json:"fix,omitempty"`
}

// Prober asks a gateway for a tunnel and returns the status of its answer; an
// error is a gateway that cannot be asked.
type Prober func(ctx context.Context, authority string) (status int, err error)

// Checker looks at one cluster's gateway.
type Checker struct {
	Cluster      dynamic.Interface
	Installation workspace.Installation
	Probe        Prober
	Now          func() time.Time // nil is time.Now

	// Bare asks without any credential. It is asked where the installation says
	// that clients need one; nil is never asked.
	Bare Prober
	// Expiry returns when the gateway's certificate ends; nil is not asked.
	Expiry func(context.Context) (time.Time, error)
}

// Check returns everything that was found: problems first, then notes. What may
// not be read is a finding, not an error, and what could not be tried is never
// said to be fine.
func (c Checker) Check(ctx context.Context) ([]Finding, error) {
	if !c.Installation.Gateway.Published() {
		return []Finding{{
			Check: "published", Text: "no gateway is published: workspaces are reached through the API server",
			Fix: "berth gateway manifest --kind istio --domain DOMAIN | kubectl apply --server-side -f -",
		}}, nil
	}
	r := &run{Checker: c}
	if r.Now == nil {
		r.Now = time.Now
	}
	r.look(ctx)
	kind := c.Installation.Gateway.Kind
	if r.istio() {
		r.envoyFilters(ctx)
		r.hosts(ctx)
		r.deployment(ctx)
		r.gateways(ctx)
		r.policies(ctx)
		r.idle(ctx)
		r.destinations(ctx)
	}
	switch kind {
	case route.KindEnvoy:
		r.envoy(ctx)
	case route.KindEnvoyGateway:
		r.envoyGateway(ctx)
	case route.KindTCPPort:
		r.ports(ctx)
	case route.KindLoadBalancer:
		r.balancers(ctx)
	}
	if kind != route.KindLoadBalancer {
		r.fences(ctx)
	}
	if kind != route.KindLoadBalancer && kind != route.KindTCPPort { // a gateway that is asked for tunnels
		r.ask(ctx)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	slices.SortStableFunc(r.findings, func(a, b Finding) int {
		return a.rank() - b.rank()
	})
	return r.findings, nil
}

// istio reports whether the gateway is an Istio gateway.
func (r *run) istio() bool {
	kind := r.Installation.Gateway.Kind
	return strings.HasPrefix(kind, "istio") || kind == route.KindTCPPort
}

// rank puts problems before notes, and notes before what is fine.
func (f Finding) rank() int {
	switch {
	case !f.OK:
		return 0
	case f.Note:
		return 1
	}
	return 2
}

// run is one check in progress.
type run struct {
	Checker
	findings []Finding

	// What was looked at first, see look.
	root    string            // where Istio reads what is for every gateway
	pods    map[string]string // labels of the gateway's pods
	proxy   proxyConfig       // what their proxies were told
	running []workspace.Ref   // workspaces that run

	meshSeen bool // whether what the mesh tells every proxy was read
}

func (r *run) problem(check, object, text, fix string) {
	r.findings = append(r.findings, Finding{Check: check, Object: object, Text: workspace.Safe(text), Fix: fix})
}

func (r *run) note(check, object, text, fix string) {
	r.findings = append(r.findings, Finding{Check: check, OK: true, Note: true, Object: object, Text: workspace.Safe(text), Fix: fix})
}

func (r *run) fine(check, text string) {
	r.findings = append(r.findings, Finding{Check: check, OK: true, Text: text})
}

// Resources that are looked at.
var (
	filters          = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1alpha3", Resource: "envoyfilters"}
	services         = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "virtualservices"}
	deploys          = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	policies         = schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"}
	coreServices     = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	nodes            = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	pods             = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	istioGateways    = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "gateways"}
	destinationRules = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "destinationrules"}
	authorizations   = schema.GroupVersionResource{Group: "security.istio.io", Version: "v1", Resource: "authorizationpolicies"}
	authentications  = schema.GroupVersionResource{Group: "security.istio.io", Version: "v1", Resource: "requestauthentications"}
	telemetries      = schema.GroupVersionResource{Group: "telemetry.istio.io", Version: "v1", Resource: "telemetries"}
	plugins          = schema.GroupVersionResource{Group: "extensions.istio.io", Version: "v1alpha1", Resource: "wasmplugins"}

	fences = schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings"}
)

// list reads all objects of a resource; ok is false where they cannot be read,
// which is then a finding.
func (r *run) list(ctx context.Context, check string, of schema.GroupVersionResource, namespace string) (items []unstructured.Unstructured, ok bool) {
	got, err := r.Cluster.Resource(of).Namespace(namespace).List(ctx, metav1.ListOptions{})
	switch {
	case err == nil:
		return got.Items, true
	case apierrors.IsNotFound(err):
		return nil, true // no such resource: nothing of it can hurt
	}
	r.problem(check, of.Resource, "cannot be looked at: "+err.Error(), "run it as somebody who may list "+of.GroupResource().String())
	return nil, false
}

// title names an object.
func title(o *unstructured.Unstructured) string {
	name := o.GetName()
	if o.GetNamespace() != "" {
		name = o.GetNamespace() + "/" + name
	}
	return workspace.Safe(o.GetKind() + " " + name)
}

// withPort returns the first domain below value that ends in a port.
func withPort(value any) string {
	switch v := value.(type) {
	case map[string]any:
		if domains, ok := v["domains"].([]any); ok {
			for _, d := range domains {
				if s, ok := d.(string); ok && strings.Contains(s, ":") {
					return s
				}
			}
		}
		for _, inner := range v {
			if found := withPort(inner); found != "" {
				return found
			}
		}
	case []any:
		for _, inner := range v {
			if found := withPort(inner); found != "" {
				return found
			}
		}
	}
	return ""
}

// hosts finds hosts that more than one VirtualService brings to the gateway:
// one of them gets the other's sessions.
func (r *run) hosts(ctx context.Context) {
	items, ok := r.list(ctx, "host-claimed-twice", services, "")
	if !ok {
		return
	}
	owner, clean := map[string]string{}, true
	for i := range items {
		o := &items[i]
		gateways, _, _ := unstructured.NestedStringSlice(o.Object, "spec", "gateways")
		if !slices.Contains(gateways, workspace.GatewayNamespace+"/"+gatewayName) {
			continue
		}
		names, _, _ := unstructured.NestedStringSlice(o.Object, "spec", "hosts")
		for _, host := range names {
			if other, taken := owner[host]; taken {
				clean = false
				r.problem("host-claimed-twice", title(o), "host "+host+" is also claimed by "+other+": either may get the other's sessions", "delete the one that is not the workspace's")
			}
			owner[host] = title(o)
		}
	}
	if clean {
		r.fine("host-claimed-twice", fmt.Sprintf("each of %d hosts has one owner", len(owner)))
	}
}
