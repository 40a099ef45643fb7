package node

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
)

// component is the source of the node's events; tools look for the kubelet's.
const component = "kubelet"

// startEvents begins to deliver events to the API server.
func (n *Node) startEvents() {
	n.broadcaster = record.NewBroadcaster()
	n.broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: n.client.CoreV1().Events("")})
	n.events = n.broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: component, Host: n.cfg.Name})
}

// event records something about the pod.
func (w *worker) event(kind, reason, format string, args ...any) {
	w.node.events.Event(w.reference(""), kind, reason, fmt.Sprintf(format, args...))
}

// containerEvent records something about the pod's workspace container.
func (w *worker) containerEvent(kind, reason, format string, args ...any) {
	w.node.events.Event(w.reference(w.main), kind, reason, fmt.Sprintf(format, args...))
}

// reference points to the pod, or to one container in it.
func (w *worker) reference(container string) *corev1.ObjectReference {
	ref := &corev1.ObjectReference{
		Kind: "Pod", APIVersion: "v1", Namespace: w.namespace, Name: w.name, UID: w.uid,
		ResourceVersion: w.current().ResourceVersion,
	}
	if container != "" {
		ref.FieldPath = "spec.containers{" + container + "}"
	}
	return ref
}
