package kube

// What is kept of an object between the reflector and the rows. A reflector
// collects a first list before it hands it over; of ten thousand workspaces
// that would be hundreds of megabytes, of which the fold reads a fraction.

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"
)

// seen is an object taken down. It has just enough of an object's metadata for
// the reflector.
type seen struct {
	metav1.ObjectMeta // namespace, name and resource version
	what              any
}

// take takes an object down, unless that has been done.
func (s *source) take(obj any) (seen, error) {
	switch o := obj.(type) {
	case *seen:
		return *o, nil
	case runtime.Object:
		m, err := meta.Accessor(o)
		if err != nil {
			return seen{}, err
		}
		return seen{
			metav1.ObjectMeta{Namespace: m.GetNamespace(), Name: m.GetName(), ResourceVersion: m.GetResourceVersion()},
			s.see(o),
		}, nil
	}
	return seen{}, fmt.Errorf("%T is no object", obj)
}

// key is NAMESPACE/NAME, or NAME.
func (o *seen) key() string { return cache.NewObjectName(o.Namespace, o.Name).String() }

// GetObjectKind implements runtime.Object: it has none.
func (o *seen) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject implements runtime.Object. Nothing changes what was seen.
func (o *seen) DeepCopyObject() runtime.Object {
	twin := *o
	return &twin
}
