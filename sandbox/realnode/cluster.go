//go:build linux

package realnode

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// localNode is the sandbox's own node, which takes no pods while a real one is
// there.
const localNode = "sandbox"

// settle adds the storage of the node to the cluster, and sends new pods to
// the node alone.
func (n *Node) settle(ctx context.Context) error {
	if err := n.addClass(ctx); err != nil {
		return err
	}
	// A driver's object is what says that claims may be ReadWriteOncePod.
	no := false
	driver := &storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: Provisioner}, Spec: storagev1.CSIDriverSpec{AttachRequired: &no}}
	if _, err := n.client.StorageV1().CSIDrivers().Create(ctx, driver, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("registering the node's storage: %w", err)
	}
	if err := n.publishAPI(ctx); err != nil {
		return err
	}
	return n.cordonLocal(ctx, true)
}

// addClass adds [Class], as the default for claims that name none.
func (n *Node) addClass(ctx context.Context) error {
	reclaim, mode := corev1.PersistentVolumeReclaimDelete, storagev1.VolumeBindingWaitForFirstConsumer
	class := &storagev1.StorageClass{
		ObjectMeta:  metav1.ObjectMeta{Name: Class, Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}},
		Provisioner: Provisioner, ReclaimPolicy: &reclaim, VolumeBindingMode: &mode,
	}
	if _, err := n.client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("adding storage class %s: %w", Class, err)
	}
	return nil
}

func (n *Node) cordonLocal(ctx context.Context, closed bool) error {
	patch := fmt.Appendf(nil, `{"spec":{"unschedulable":%t}}`, closed)
	if _, err := n.client.CoreV1().Nodes().Patch(ctx, localNode, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("closing the sandbox's own node: %w", err)
	}
	return nil
}

// leave takes the node out of the cluster, as far as the cluster still
// answers.
func (n *Node) leave(ctx context.Context) {
	if err := n.client.CoreV1().Nodes().Delete(ctx, Name, metav1.DeleteOptions{}); err != nil {
		n.cfg.Log.Debug("removing the node", "err", err)
	}
	if err := n.client.StorageV1().StorageClasses().Delete(ctx, Class, metav1.DeleteOptions{}); err != nil {
		n.cfg.Log.Debug("removing the node's storage", "err", err)
	}
	if err := n.client.DiscoveryV1().EndpointSlices(corev1.NamespaceDefault).Delete(ctx, "kubernetes", metav1.DeleteOptions{}); err != nil {
		n.cfg.Log.Debug("taking the API server's endpoint back", "err", err)
	}
	if err := n.cordonLocal(ctx, false); err != nil {
		n.cfg.Log.Debug("opening the sandbox's own node", "err", err)
	}
}
