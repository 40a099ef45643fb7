package kube

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// route lists the way to the workspace and the objects that it needs. Most
// kinds need none, and the way is listed all the same: it is the first thing to
// look at when a connection fails.
func (i *inventory) route(ctx context.Context) error {
	inst, err := i.client.installation(ctx, func(string) {})
	if err != nil {
		i.noRoute("not readable", err)
		return nil
	}
	way, err := route.For(inst)
	if err != nil {
		i.noRoute("not supported", err)
		return nil
	}
	detail := way.Authority(i.ref, inst)
	if detail == "" {
		detail = "through the API server"
	}
	if addressed, ok := way.(route.Addressed); ok {
		if detail, err = i.address(ctx, addressed, inst); err != nil {
			return err
		}
	}
	own, err := way.Objects(i.ref, inst)
	if err != nil {
		return fmt.Errorf("making the route: %w", err)
	}
	state := "shared"
	if len(own) > 0 {
		state = "own objects"
	}
	i.objects = append(i.objects, workspace.Object{Kind: "Route", Name: way.Kind(), State: state, Detail: workspace.Safe(detail)})
	for _, typed := range own {
		o, err := toUnstructured(typed)
		if err != nil {
			return err
		}
		live, err := i.client.resource(o).Get(ctx, o.GetName(), metav1.GetOptions{})
		state, detail := i.routeState(live, err)
		if err := i.add(o.GetKind(), o.GetName(), live, err, state, detail); err != nil {
			return err
		}
	}
	if _, ok := way.(route.Ported); ok {
		return i.lease(ctx)
	}
	return nil
}

// noRoute lists why there is no way through a gateway.
func (i *inventory) noRoute(state string, err error) {
	i.objects = append(i.objects, workspace.Object{Kind: "Route", Name: i.ref.Name, State: state, Detail: workspace.Safe(err.Error())})
}
