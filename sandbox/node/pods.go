package node

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// runPods watches the pods bound to this node and runs a worker for each until
// ctx ends and every worker has.
func (n *Node) runPods(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	shared := informers.NewSharedInformerFactoryWithOptions(n.client, 0,
		informers.WithTweakListOptions(func(o *metav1.ListOptions) {
			o.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", n.cfg.Name).String()
		}))
	pods := shared.Core().V1().Pods().Informer()
	_, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { n.sync(ctx, &wg, obj) },
		UpdateFunc: func(_, obj any) { n.sync(ctx, &wg, obj) },
		DeleteFunc: n.forget,
	})
	if err != nil {
		return fmt.Errorf("watching pods: %w", err)
	}
	shared.Start(ctx.Done())
	<-ctx.Done()
	shared.Shutdown() // no handler runs after this, so no worker starts
	return nil
}

// sync hands a pod's state to its worker, which is started for a new one.
func (n *Node) sync(ctx context.Context, wg *sync.WaitGroup, obj any) {
	pod, ok := obj.(*corev1.Pod)
	if !ok || ctx.Err() != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if w := n.workers[pod.UID]; w != nil {
		w.update(pod)
		return
	}
	w := newWorker(ctx, n, pod)
	n.workers[pod.UID] = w
	w.update(pod)
	wg.Go(func() {
		w.run(ctx)
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.workers, pod.UID)
	})
}

// forget tells a worker that its pod's object is gone.
func (n *Node) forget(obj any) {
	if tombstone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = tombstone.Obj
	}
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if w := n.workers[pod.UID]; w != nil {
		w.vanish()
	}
}

// find returns the worker of a pod by name, or nil. While a pod ends and
// another takes its name, the newer one is meant.
func (n *Node) find(namespace, name string) *worker {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found *worker
	for _, w := range n.workers {
		if w.namespace != namespace || w.name != name {
			continue
		}
		if found == nil || found.isEnding() {
			found = w
		}
	}
	return found
}
