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

// followKeys keeps authorized_keys and the host key as the Secret has them until
// ctx ends. One Secret is watched by name, which is all that a kubelet may do.
// The workspace's server reads both anew, as its entrypoint sees to in a
// container.
func (w *worker) followKeys(ctx context.Context, m *mounts) {
	shared := informers.NewSharedInformerFactoryWithOptions(w.node.client, 0,
		informers.WithNamespace(w.namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", m.secret).String()
		}))
	take := func(obj any) {
		if secret, ok := obj.(*corev1.Secret); ok && ctx.Err() == nil {
			w.takeKeys(m.keys, secret.Data[authorizedName])
			w.takeKeys(m.hostKey, secret.Data[hostKeyName])
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

// takeKeys writes a file of keys where it changed.
func (w *worker) takeKeys(path string, data []byte) {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return
	}
	if err := writeFile(path, data); err != nil {
		w.node.log.Error("updating a workspace's keys", "pod", w.name, "err", err)
	}
}
