package kube

import (
	"context"
	"fmt"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// claimGrace is how old a claim must be before another workspace takes it
// over. A claim is never made before its Deployment, so this is not what makes
// taking over safe; it leaves whoever sorts out a removed Deployment a moment.
const claimGrace = time.Minute

// claims reads all Leases of ports, by port.
func (c *Client) claims(ctx context.Context) (map[int]*coordinationv1.Lease, error) {
	list, err := c.leases().List(ctx, metav1.ListOptions{LabelSelector: route.ClaimSelector()})
	if err != nil {
		return nil, fmt.Errorf("reading which ports are held: %w", c.explain(err))
	}
	out := make(map[int]*coordinationv1.Lease, len(list.Items))
	for i := range list.Items {
		claim, _ := route.ParseClaim(&list.Items[i])
		out[claim.Port] = &list.Items[i]
	}
	delete(out, 0) // a name that is no port's
	return out, nil
}

// gone reports whether the Deployment that a claim names is known not to exist.
// A UID never comes back, so gone is gone for good.
func (c *Client) gone(ctx context.Context, claim route.Claim) bool {
	d, err := c.clientset.AppsV1().Deployments(claim.Ref.Namespace).Get(ctx, claim.Ref.Name, metav1.GetOptions{})
	return apierrors.IsNotFound(err) || err == nil && string(d.UID) != claim.UID
}

// void reports whether a claim may be taken over: its Deployment is gone, and
// no route leads from the port to what else is left of the workspace. What the
// user may not see counts as being there.
func (c *Client) void(ctx context.Context, lease *coordinationv1.Lease) bool {
	claim, ok := route.ParseClaim(lease)
	if !ok || c.now().Add(c.Skew()).Sub(claim.Since) < claimGrace || !c.gone(ctx, claim) {
		return false
	}
	way := named("networking.istio.io/v1", "VirtualService", claim.Ref.Namespace, claim.Ref.Name)
	live, err := c.find(ctx, way)
	return err == nil && (live == nil || !slices.Contains(route.RoutedPorts(live), claim.Port))
}

// freePorts ends the claims of a workspace whose Deployment has been removed.
// only limits it to claims that it accepts; nil accepts all. Where claims may
// not be seen or ended they stay: whoever needs the port takes it over.
func (c *Client) freePorts(ctx context.Context, ref workspace.Ref, only func(metav1.Object) bool) error {
	list, err := c.leases().List(ctx, metav1.ListOptions{LabelSelector: route.ClaimsOf(ref)})
	if apierrors.IsForbidden(err) {
		c.warn("ports may not be freed: role berth-ports in namespace " + workspace.GatewayNamespace + " is missing")
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading which ports are held: %w", c.explain(err))
	}
	for i := range list.Items {
		lease := &list.Items[i]
		claim, ok := route.ParseClaim(lease)
		if !ok || claim.Ref != ref || only != nil && !only(lease) || !c.gone(ctx, claim) {
			continue
		}
		if err := c.free(ctx, lease); err != nil {
			return err
		}
	}
	return nil
}

// free deletes a Lease as it was seen. One that is gone is fine, and so is one
// that somebody has taken over meanwhile, which keeps its UID.
func (c *Client) free(ctx context.Context, lease *coordinationv1.Lease) error {
	ctx, cancel := c.write(ctx)
	defer cancel()
	err := c.leases().Delete(ctx, lease.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &lease.UID, ResourceVersion: &lease.ResourceVersion},
	})
	switch {
	case err == nil, apierrors.IsNotFound(err), apierrors.IsConflict(err):
		return nil
	case apierrors.IsForbidden(err):
		c.warn(lease.Name + " stays claimed: " + workspace.Safe(err.Error()))
		return nil
	}
	return fmt.Errorf("freeing %s: %w", lease.Name, c.explain(err))
}

// plan returns the port that take would return now, without claiming it.
func (s *seeker) plan(ctx context.Context, decided int) (int, error) {
	taken, err := s.c.claims(ctx)
	if err != nil {
		return 0, err
	}
	if lease := taken[decided]; lease != nil && s.ports.Has(decided) && s.holds(lease) {
		return decided, nil
	}
	order := s.order(decided)
	for _, fits := range []func(port int) bool{
		func(port int) bool { // its own, or its predecessor's
			claim, ok := route.Claim{}, false
			if taken[port] != nil {
				claim, ok = route.ParseClaim(taken[port])
			}
			return ok && claim.Ref == s.ref
		},
		func(port int) bool { return taken[port] == nil },
		func(port int) bool { return s.c.void(ctx, taken[port]) },
	} {
		if i := slices.IndexFunc(order, fits); i >= 0 {
			return order[i], nil
		}
	}
	return 0, noPort(s.ports)
}
