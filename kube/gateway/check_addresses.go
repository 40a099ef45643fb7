package gateway

import (
	"context"
	"fmt"
	"net"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/berth-sh/berth/workspace"
)

// fewWorkspaces, and as many nodes and pods, stand for all of them.
const fewWorkspaces = 3

// workspaces finds those that run.
func (r *run) workspaces(ctx context.Context) {
	got, err := r.Cluster.Resource(deploys).List(ctx, metav1.ListOptions{
		LabelSelector: workspace.LabelManagedBy + "=" + workspace.ManagedBy + "," + workspace.LabelComponent + "=" + workspace.Component,
	})
	if err != nil {
		r.note("workspaces", "", "workspaces were not looked at: "+err.Error(), "run it as somebody who may list deployments.apps")
		return
	}
	for i := range got.Items {
		o := &got.Items[i]
		if ready, _, _ := unstructured.NestedInt64(o.Object, "status", "readyReplicas"); ready > 0 {
			r.running = append(r.running, workspace.Ref{Namespace: o.GetNamespace(), Name: o.GetName()})
		}
	}
}

// addresses are those of the API server, DNS, istiod, the nodes' kubelets and
// the gateway's own administration, as the cluster says.
func (r *run) addresses(ctx context.Context) []string {
	var out []string
	add := func(port string, addresses ...string) {
		for _, a := range addresses {
			if net.ParseIP(a) != nil {
				out = append(out, net.JoinHostPort(a, port))
			}
		}
	}
	for _, s := range []struct{ namespace, name, port string }{
		{"default", "kubernetes", "443"}, {"default", "kubernetes", "22"}, {"kube-system", "kube-dns", "53"}, {"istio-system", "istiod", "15010"}, {"istio-system", "istiod", "15012"},
	} {
		if o := r.peek(ctx, coreServices, s.namespace, s.name); o != nil {
			address, _, _ := unstructured.NestedString(o.Object, "spec", "clusterIP")
			add(s.port, address)
		}
	}
	for _, node := range r.few(ctx, nodes, "", "") {
		addresses, _, _ := unstructured.NestedSlice(node.Object, "status", "addresses")
		for _, a := range addresses {
			of, _ := a.(map[string]any)
			if kind, _, _ := unstructured.NestedString(of, "type"); kind == "InternalIP" {
				address, _, _ := unstructured.NestedString(of, "address")
				add("10250", address)
				add("22", address)
			}
		}
	}
	for _, pod := range r.few(ctx, pods, workspace.GatewayNamespace, gatewayLabel+"="+gatewayName) {
		address, _, _ := unstructured.NestedString(pod.Object, "status", "podIP")
		add("15000", address)
		add("22", address)
	}
	for _, ref := range r.running[:min(len(r.running), fewWorkspaces)] {
		for _, pod := range r.few(ctx, pods, ref.Namespace, workspace.LabelWorkspace+"="+ref.Name) {
			address, _, _ := unstructured.NestedString(pod.Object, "status", "podIP")
			add("2222", address)
		}
		if o := r.peek(ctx, coreServices, ref.Namespace, ref.Name); o != nil {
			address, _, _ := unstructured.NestedString(o.Object, "spec", "clusterIP")
			add("22", address)
		}
	}
	return out
}

// peek reads one object; nil where it is not there or may not be read.
func (r *run) peek(ctx context.Context, of schema.GroupVersionResource, namespace, name string) *unstructured.Unstructured {
	o, err := r.Cluster.Resource(of).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return o
}

// few reads some objects that stand for all. That they may not be read is a
// note: their addresses are then not tried.
func (r *run) few(ctx context.Context, of schema.GroupVersionResource, namespace, labels string) []unstructured.Unstructured {
	got, err := r.Cluster.Resource(of).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: labels, Limit: fewWorkspaces})
	if err != nil {
		r.note("reaches-others", "", fmt.Sprintf("addresses of %s were not tried: %v", strings.TrimSuffix(of.GroupResource().String(), "."), err), "run it as somebody who may list "+of.Resource)
		return nil
	}
	return got.Items
}
