package gateway

// What can go wrong with ports (kind tcp-port): the API server keeps claims
// apart, but a route can be written without a claim, and a workspace can be
// removed without its claim.

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

var leases = schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}

// routed is a VirtualService that leads from ports of the gateway.
type routed struct {
	ref   workspace.Ref
	title string
}

// ports compares routes, claims and workspaces.
func (r *run) ports(ctx context.Context) {
	routes, ok := r.list(ctx, "port-claimed-twice", services, "")
	if !ok {
		return
	}
	claims, ok := r.list(ctx, "port-not-claimed", leases, workspace.GatewayNamespace)
	if !ok {
		return
	}
	by := r.routes(routes)
	held := claimsOf(claims)
	r.unclaimed(by, held)
	if workspaces, ok := r.list(ctx, "port-holder-gone", deploys, ""); ok {
		r.void(held, by, workspaces)
	}
	r.left(held)
}

// routes finds ports with two routes, and returns who leads from which port.
func (r *run) routes(items []unstructured.Unstructured) map[int]routed {
	by, clean := map[int]routed{}, true
	for i := range items {
		o := &items[i]
		gateways, _, _ := unstructured.NestedStringSlice(o.Object, "spec", "gateways")
		if !slices.Contains(gateways, workspace.GatewayNamespace+"/"+gatewayName) {
			continue
		}
		for _, port := range route.RoutedPorts(o) {
			if other, taken := by[port]; taken {
				clean = false
				r.problem("port-claimed-twice", title(o), fmt.Sprintf("port %d is also taken by %s: either may get the other's sessions", port, other.title),
					"delete the one that does not hold Lease "+route.ClaimName(port))
				continue
			}
			by[port] = routed{workspace.Ref{Namespace: o.GetNamespace(), Name: o.GetName()}, title(o)}
		}
	}
	if clean {
		r.fine("port-claimed-twice", fmt.Sprintf("each of %d ports in use has one route", len(by)))
	}
	return by
}

// claimsOf reads the claims by port. A Lease that says nothing holds its port
// for nobody.
func claimsOf(items []unstructured.Unstructured) map[int]route.Claim {
	held := map[int]route.Claim{}
	for i := range items {
		var lease coordinationv1.Lease
		if runtime.DefaultUnstructuredConverter.FromUnstructured(items[i].Object, &lease) != nil {
			continue
		}
		if claim, ok := route.ParseClaim(&lease); ok || claim.Port > 0 {
			held[claim.Port] = claim
		}
	}
	return held
}

// unclaimed finds routes from ports that their workspace does not hold.
func (r *run) unclaimed(by map[int]routed, held map[int]route.Claim) {
	ports, clean := r.Installation.Gateway.PortRange(), true
	for _, port := range slices.Sorted(maps.Keys(by)) {
		way := by[port]
		claim, claimed := held[port]
		text := ""
		switch {
		case !ports.Has(port):
			text = fmt.Sprintf("the gateway has no port %d (it has %s): nobody reaches it", port, ports)
		case !claimed:
			text = fmt.Sprintf("port %d is taken without a claim: whoever claims it gets the same port", port)
		case claim.Ref != way.ref:
			text = fmt.Sprintf("port %d is held by %s", port, claim.Ref)
		default:
			continue
		}
		clean = false
		r.problem("port-not-claimed", way.title, text, "have the workspace take a port: berth edit --route "+workspace.Safe(way.ref.Name)+" -n "+workspace.Safe(way.ref.Namespace)+"; or delete the VirtualService")
	}
	if clean {
		r.fine("port-not-claimed", "each route's port is held by its workspace")
	}
}

// void finds claims whose workspace is gone.
func (r *run) void(held map[int]route.Claim, by map[int]routed, items []unstructured.Unstructured) {
	there := map[string]bool{}
	for i := range items {
		there[string(items[i].GetUID())] = true
	}
	clean := true
	for _, port := range slices.Sorted(maps.Keys(held)) {
		claim := held[port]
		if there[claim.UID] {
			continue
		}
		clean = false
		fix := "kubectl delete lease -n " + workspace.GatewayNamespace + " " + route.ClaimName(port)
		if way, routed := by[port]; routed && way.ref == claim.Ref {
			fix = "kubectl delete virtualservice -n " + workspace.Safe(way.ref.Namespace) + " " + workspace.Safe(way.ref.Name) + "; then " + fix
		}
		r.problem("port-holder-gone", "Lease "+workspace.GatewayNamespace+"/"+route.ClaimName(port),
			"port "+strconv.Itoa(port)+" is held by "+claim.Ref.String()+", whose Deployment is gone", fix)
	}
	if clean {
		r.fine("port-holder-gone", "every claim has its workspace")
	}
}

// fewLeft is the share of ports below which a gateway is nearly full.
const fewLeft = 10 // percent

// left counts the ports that nobody holds.
func (r *run) left(held map[int]route.Claim) {
	ports := r.Installation.Gateway.PortRange()
	all, free := ports.Count(), ports.Count()
	for port := range held {
		if ports.Has(port) {
			free--
		}
	}
	const check, fix = "ports-left", "make more: berth gateway manifest --kind tcp-port --ports FIRST-LAST; ports that are in use stay as they are"
	switch {
	case free == 0:
		r.problem(check, "", fmt.Sprintf("all %d ports are held: no workspace can be created", all), fix)
	case free*100 < all*fewLeft:
		r.problem(check, "", fmt.Sprintf("%d of %d ports are free", free, all), fix)
	default:
		r.fine(check, fmt.Sprintf("%d of %d ports are free", free, all))
	}
}
