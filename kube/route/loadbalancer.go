package route

import (
	"maps"
	"net"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// LoadBalancer gives each workspace a load balancer of the cloud: no gateway
// and nothing shared, for the price of a load balancer each. Its address comes
// when the cloud has made it; until then the way is through the API server.
type LoadBalancer struct{}

var _ Addressed = LoadBalancer{}

// Kind implements Route.
func (LoadBalancer) Kind() string { return KindLoadBalancer }

// Authority implements Route: there is none.
func (LoadBalancer) Authority(workspace.Ref, workspace.Installation) string { return "" }

// Address implements Addressed: the load balancer's, with ssh's own port.
func (LoadBalancer) Address(_ workspace.Installation, own Own) string {
	if own.Host == "" {
		return ""
	}
	return net.JoinHostPort(own.Host, "22")
}

// Objects implements Route: a Service beside the workspace's own, whose
// ClusterIP the cluster's insides may go on using.
func (LoadBalancer) Objects(ref workspace.Ref, inst workspace.Installation) ([]runtime.Object, error) {
	spec := fields{
		"type":     "LoadBalancer",
		"selector": fields{workspace.LabelComponent: workspace.Component, workspace.LabelWorkspace: ref.Name},
		"ports": []any{fields{
			"name": "tcp-ssh", "protocol": "TCP", "appProtocol": "tcp",
			"port": int64(defaultServicePort), "targetPort": int64(workspace.SSHPort),
		}},
	}
	if ranges := inst.Gateway.SourceRanges; len(ranges) > 0 {
		allowed := make([]any, len(ranges))
		for i, r := range ranges {
			allowed[i] = r
		}
		spec["loadBalancerSourceRanges"] = allowed
	}
	o := object("v1", "Service", ref.Namespace, ref.BalancerName(), ref, spec)
	marks := o.GetLabels()
	marks[workspace.LabelRoute] = KindLoadBalancer
	o.SetLabels(marks)
	if len(inst.Gateway.Annotations) > 0 {
		o.SetAnnotations(maps.Clone(inst.Gateway.Annotations))
	}
	return []runtime.Object{o}, nil
}

// BalancerSelector selects the Services that are load balancers of workspaces.
func BalancerSelector() string {
	return labels.Set{
		workspace.LabelManagedBy: workspace.ManagedBy, workspace.LabelComponent: workspace.Component,
		workspace.LabelRoute: KindLoadBalancer,
	}.String()
}
