package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// provisionerName is what a StorageClass says to get folders of this machine.
const provisionerName = "sandbox.berth.sh/folder"

// Annotations of the contract between the volume controller and provisioners.
const (
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	selectedNode  = "volume.kubernetes.io/selected-node"
)

// folderName is the shape of a claim's UID, the only name a folder may have.
var folderName = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// provisioner turns claims into folders and removes the folders of released
// volumes. The size of a claim is recorded, not enforced.
type provisioner struct {
	node    *Node
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
	queue   workqueue.TypedRateLimitingInterface[string] // "claim NAMESPACE/NAME" or "volume NAME"
}

// provision serves claims until ctx ends.
func (n *Node) provision(ctx context.Context) error {
	shared := informers.NewSharedInformerFactory(n.client, 0)
	core := shared.Core().V1()
	p := &provisioner{
		node:    n,
		claims:  core.PersistentVolumeClaims().Lister(),
		volumes: core.PersistentVolumes().Lister(),
		classes: shared.Storage().V1().StorageClasses().Lister(),
		queue:   workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]()),
	}
	claims, volumes := core.PersistentVolumeClaims().Informer(), core.PersistentVolumes().Informer()
	classes := shared.Storage().V1().StorageClasses().Informer()
	if err := errors.Join(p.follow(claims, claimKey), p.follow(volumes, volumeKey)); err != nil {
		return fmt.Errorf("watching claims: %w", err)
	}
	shared.Start(ctx.Done())
	defer shared.Shutdown()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer p.queue.ShutDown()
	if !cache.WaitForCacheSync(ctx.Done(), claims.HasSynced, volumes.HasSynced, classes.HasSynced) {
		return nil
	}
	wg.Go(func() {
		for p.next(ctx) {
		}
	})
	<-ctx.Done()
	return nil
}

// follow queues objects as they change.
func (p *provisioner) follow(informer cache.SharedIndexInformer, key func(name string) string) error {
	add := func(obj any) {
		if name, err := cache.MetaNamespaceKeyFunc(obj); err == nil {
			p.queue.Add(key(name))
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    add,
		UpdateFunc: func(_, obj any) { add(obj) },
	})
	return err
}

func claimKey(name string) string  { return "claim " + name }
func volumeKey(name string) string { return "volume " + name }

// next does one piece of work and reports whether there will be more.
func (p *provisioner) next(ctx context.Context) bool {
	key, shutdown := p.queue.Get()
	if shutdown {
		return false
	}
	defer p.queue.Done(key)
	if err := p.reconcile(ctx, key); err != nil {
		p.node.log.Debug("provisioning", "what", key, "err", err)
		p.queue.AddRateLimited(key)
		return true
	}
	p.queue.Forget(key)
	return true
}

// classOf returns the class of a claim when this provisioner serves it.
func (p *provisioner) classOf(claim *corev1.PersistentVolumeClaim) *storagev1.StorageClass {
	if claim.Spec.StorageClassName == nil || *claim.Spec.StorageClassName == "" {
		return nil
	}
	class, err := p.classes.Get(*claim.Spec.StorageClassName)
	if err != nil || class.Provisioner != provisionerName {
		return nil
	}
	if mode := class.VolumeBindingMode; mode != nil && *mode == storagev1.VolumeBindingWaitForFirstConsumer &&
		claim.Annotations[selectedNode] != p.node.cfg.Name {
		return nil
	}
	return class
}

// create makes the folder and the volume of a claim.
func (p *provisioner) create(ctx context.Context, claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) error {
	events := p.node.events
	if mode := claim.Spec.VolumeMode; mode != nil && *mode == corev1.PersistentVolumeBlock {
		events.Event(claim, corev1.EventTypeWarning, "ProvisioningFailed", "a sandbox has folders, not block devices")
		return nil
	}
	name := string(claim.UID)
	if !folderName.MatchString(name) {
		return fmt.Errorf("the claim's UID %q cannot be a folder's name", name)
	}
	if _, err := p.volumes.Get("pvc-" + name); err == nil {
		return nil // made; the volume controller binds it
	}
	events.Eventf(claim, corev1.EventTypeNormal, "Provisioning", "External provisioner is provisioning volume for claim %q", claim.Namespace+"/"+claim.Name)
	if err := os.MkdirAll(filepath.Join(p.node.cfg.VolumeDir, name), 0o700); err != nil {
		events.Eventf(claim, corev1.EventTypeWarning, "ProvisioningFailed", "failed to make the folder: %v", err)
		return fmt.Errorf("making a claim's folder: %w", err)
	}
	volume := p.volumeFor(claim, class)
	_, err := p.node.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		events.Eventf(claim, corev1.EventTypeWarning, "ProvisioningFailed", "failed to create the volume: %v", err)
		return fmt.Errorf("creating a volume: %w", err)
	}
	events.Eventf(claim, corev1.EventTypeNormal, "ProvisioningSucceeded", "Successfully provisioned volume %s", volume.Name)
	return nil
}

// volumeFor describes the volume of a claim.
func (p *provisioner) volumeFor(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) *corev1.PersistentVolume {
	reclaim := corev1.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		reclaim = *class.ReclaimPolicy
	}
	kind := corev1.HostPathDirectoryOrCreate
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "pvc-" + string(claim.UID),
			Annotations: map[string]string{provisionedBy: provisionerName},
		},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: reclaim,
			StorageClassName:              class.Name,
			VolumeMode:                    claim.Spec.VolumeMode,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID, ResourceVersion: claim.ResourceVersion,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{
				Path: filepath.Join(p.node.cfg.VolumeDir, string(claim.UID)), Type: &kind,
			}},
		},
	}
}
