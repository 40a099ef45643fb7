package kube

import (
	"iter"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// demands is what one workspace adds to a quota, under every name that a quota
// counts it by.
func demands(o Objects) corev1.ResourceList {
	out := corev1.ResourceList{}
	add := func(name corev1.ResourceName, q resource.Quantity) {
		sum := out[name]
		sum.Add(q)
		out[name] = sum
	}
	for _, c := range o.Deployment.Spec.Template.Spec.Containers {
		for name, q := range c.Resources.Requests {
			add(name, q)
			add("requests."+name, q)
		}
		for name, q := range c.Resources.Limits {
			add("limits."+name, q)
			if name == gpuResource {
				add("requests."+name, q)
			}
		}
	}
	add(corev1.ResourceRequestsStorage, o.Claim.Spec.Resources.Requests[corev1.ResourceStorage])
	one := *resource.NewQuantity(1, resource.DecimalSI)
	for _, name := range []corev1.ResourceName{
		corev1.ResourcePods, corev1.ResourceServices, corev1.ResourceSecrets, corev1.ResourceConfigMaps, corev1.ResourcePersistentVolumeClaims,
		"count/pods", "count/services", "count/secrets", "count/configmaps", "count/persistentvolumeclaims", "count/deployments.apps",
	} {
		add(name, one)
	}
	for _, typed := range o.Route {
		if s, ok := typed.(*unstructured.Unstructured); ok && s.GetKind() == "Service" {
			for _, name := range []corev1.ResourceName{
				corev1.ResourceServices, "count/services", corev1.ResourceServicesLoadBalancers, corev1.ResourceServicesNodePorts,
			} {
				add(name, one)
			}
		}
	}
	return out
}

func resourceNames(list corev1.ResourceList) iter.Seq[corev1.ResourceName] { return maps.Keys(list) }
