package kube

// Whether a workspace's route can be made: the kinds of its objects exist, and
// the user may write them.

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// routeObjects are the objects of a workspace's route.
func routeObjects(ref workspace.Ref, inst workspace.Installation) ([]runtime.Object, error) {
	way, err := route.For(inst)
	if err != nil {
		return nil, err
	}
	return way.Objects(ref, inst)
}

// routeAccess is what create and undo do with a route.
func routeAccess(objects []runtime.Object) ([]workspace.Access, error) {
	var out []workspace.Access
	for _, typed := range objects {
		o, err := toUnstructured(typed)
		if err != nil {
			return nil, err
		}
		gvr, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
		for _, verb := range []string{"get", "create", "patch", "delete"} {
			out = append(out, workspace.Access{Verb: verb, Resource: gvr.GroupResource().String(), Namespace: o.GetNamespace()})
		}
	}
	return out, nil
}

// checkRoute refuses a gateway kind whose objects the cluster does not know.
func (c *Client) checkRoute(ctx context.Context, objects []runtime.Object, kind string) error {
	asked := map[string]bool{}
	for _, typed := range objects {
		o, err := toUnstructured(typed)
		if err != nil {
			return err
		}
		if asked[o.GetAPIVersion()] {
			continue
		}
		asked[o.GetAPIVersion()] = true
		_, err = c.clientset.Discovery().ServerResourcesForGroupVersion(o.GetAPIVersion())
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case apierrors.IsNotFound(err):
			return workspace.WithHint(fmt.Errorf("gateway kind %s needs %s (%s), which this cluster does not have", kind, o.GetKind(), o.GetAPIVersion()),
				"tell the cluster's administrator: ConfigMap "+workspace.GatewayNamespace+"/"+workspace.InstallationName+" names the kind")
		case err != nil:
			return fmt.Errorf("asking for the kinds of a route: %w", c.explain(err))
		}
	}
	return nil
}

// checkOwnRoute finds, before anything is written, that no port is left, or
// that a load balancer would take the name of another workspace's Service or
// the other way round.
func (c *Client) checkOwnRoute(ctx context.Context, ref workspace.Ref, built Objects, inst workspace.Installation, p *Preflight) error {
	if _, ok := ported(inst); ok {
		s := &seeker{c: c, ports: inst.Gateway.PortRange(), ref: ref}
		port, err := s.plan(ctx, 0)
		p.Port = port
		return err
	}
	if inst.Gateway.Kind != route.KindLoadBalancer {
		return nil
	}
	for _, name := range []string{built.Service.Name, ref.BalancerName()} {
		live, err := c.find(ctx, named("v1", "Service", ref.Namespace, name))
		if err != nil {
			return err
		}
		if live != nil && !isOurs(live, ref) {
			return foreign(live)
		}
	}
	return nil
}
