package kube

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// SpecOf returns the spec that a Deployment stands for: what its annotation
// kept, corrected by what the pod really asks for, because somebody may have
// changed that since. claim corrects the size of the home; it may be nil.
func SpecOf(d *appsv1.Deployment, claim *corev1.PersistentVolumeClaim) (workspace.Spec, error) {
	spec, err := workspace.ParseSpec(d.Annotations[workspace.AnnotationSpec])
	if err != nil {
		return spec, fmt.Errorf("settings of %s: %w", d.Name, safeError(err))
	}
	correctSpec(&spec, d, claim)
	return spec, nil
}

func correctSpec(spec *workspace.Spec, d *appsv1.Deployment, claim *corev1.PersistentVolumeClaim) {
	for _, c := range d.Spec.Template.Spec.Containers {
		if c.Name != ContainerName {
			continue
		}
		spec.Image = c.Image
		correct(&spec.CPU, c.Resources.Limits, corev1.ResourceCPU)
		correct(&spec.Memory, c.Resources.Limits, corev1.ResourceMemory)
		spec.GPU = int(c.Resources.Limits.Name(gpuResource, resource.DecimalSI).Value())
	}
	if claim != nil {
		correct(&spec.Disk, claim.Spec.Resources.Requests, corev1.ResourceStorage)
	}
}

// correct replaces a quantity by the live one where they differ in amount; the
// same amount keeps the way in which it was written.
func correct(field *string, live corev1.ResourceList, name corev1.ResourceName) {
	q, ok := live[name]
	if !ok {
		return
	}
	if was, err := resource.ParseQuantity(*field); err != nil || was.Cmp(q) != 0 {
		*field = q.String()
	}
}

// specOf is SpecOf for objects of unknown type.
func specOf(deployment, claim *unstructured.Unstructured) (workspace.Spec, error) {
	var d appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(deployment.Object, &d); err != nil {
		return workspace.Spec{}, fmt.Errorf("reading %s: %w", title(deployment), err)
	}
	if claim == nil {
		return SpecOf(&d, nil)
	}
	var p corev1.PersistentVolumeClaim
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(claim.Object, &p); err != nil {
		return workspace.Spec{}, fmt.Errorf("reading %s: %w", title(claim), err)
	}
	return SpecOf(&d, &p)
}
