package kube

import (
	"context"
	"time"

	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/workspace"
)

// classRefresh is how often storage classes are read: they hardly change, and
// developers are allowed to list but not to watch them.
const classRefresh = 5 * time.Minute

// readClasses learns which storage classes bind on first consumer.
func (w *Watcher) readClasses(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if w.gate.enter(ctx) != nil {
			return
		}
		list, err := w.client.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
		next := classRefresh
		switch {
		case err == nil:
			w.setClasses(list.Items, nil)
		case apierrors.IsForbidden(err):
			w.setClasses(nil, &workspace.Access{Verb: "list", Resource: "storageclasses.storage.k8s.io"})
		default:
			next = time.Second
		}
		timer.Reset(next)
	}
}

func (w *Watcher) setClasses(list []storagev1.StorageClass, denied *workspace.Access) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.classes, w.classError = map[string]bool{}, denied
	for _, c := range list {
		if c.VolumeBindingMode != nil && *c.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer {
			w.classes[c.Name] = true
		}
	}
	for ref, r := range w.rows {
		if r.claim != nil && r.claim.observed.Phase == "Pending" {
			w.dirty[ref] = true
		}
	}
	w.wake()
}
