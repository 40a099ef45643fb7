package node

import (
	"bytes"
	"context"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// followKeys keeps authorized_keys as the Secret has it until ctx ends. One
// Secret is watched by name, which is all that a kubelet may do. The host key
// stays what it was at the start, as in a container whose sshd has read it.
func (w *worker) followKeys(ctx context.Context, m *mounts) {
	shared := informers.NewSharedInformerFactoryWithOptions(w.node.client, 0,
		informers.WithNamespace(w.namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", m.secret).String()
		}))
	take := func(obj any) {
		if secret, ok := obj.(*corev1.Secret); ok && ctx.Err() == nil {
			w.takeKeys(m.keys, secret.Data[authorizedName])
		}
	}
	_, err := shared.Core().V1().Secrets().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    take,
		UpdateFunc: func(_, obj any) { take(obj) },
		// A deleted Secret changes nothing, as in a kubelet's volume.
	})
	if err != nil {
		w.node.log.Error("watching a workspace's keys", "err", err)
		return
	}
	shared.Start(ctx.Done())
	<-ctx.Done()
	shared.Shutdown()
}

// takeKeys writes authorized_keys where it changed.
func (w *worker) takeKeys(path string, data []byte) {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return
	}
	if err := writeFile(path, data); err != nil {
		w.node.log.Error("updating a workspace's keys", "pod", w.name, "err", err)
	}
}
