package gateway

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

var balancers = schema.GroupVersionResource{Version: "v1", Resource: "services"}

// balancerPatience is how long a cloud may take to make a load balancer.
const balancerPatience = 5 * time.Minute

// balancers finds load balancers of workspaces that never got an address (kind
// load-balancer).
func (r *run) balancers(ctx context.Context) {
	const check = "address-missing"
	items, ok := r.list(ctx, check, balancers, "")
	if !ok {
		return
	}
	all, clean := 0, true
	for i := range items {
		o := &items[i]
		labels := o.GetLabels()
		if labels[workspace.LabelManagedBy] != workspace.ManagedBy || labels[workspace.LabelRoute] != route.KindLoadBalancer {
			continue
		}
		all++
		given, _, _ := unstructured.NestedSlice(o.Object, "status", "loadBalancer", "ingress")
		age := r.Now().Sub(o.GetCreationTimestamp().Time)
		if len(given) > 0 || age < balancerPatience {
			continue
		}
		clean = false
		r.problem(check, title(o), "its load balancer has no address after "+age.Round(time.Minute).String(),
			"see what the cloud's controller says: kubectl describe service -n "+workspace.Safe(o.GetNamespace())+" "+workspace.Safe(o.GetName()))
	}
	if clean {
		r.fine(check, fmt.Sprintf("%d load balancers of workspaces have an address, or are on their way", all))
	}
}
