// Package volume serves claims of one storage class with folders of this
// machine, and removes the folders of released volumes.
package volume

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
)

// Annotations of the contract between the volume controller and provisioners.
const (
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	selectedNode  = "volume.kubernetes.io/selected-node"
)

// folderName is the shape of a claim's UID, the only name a folder may have.
var folderName = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Config says whose claims are served, and how.
type Config struct {
	Client kubernetes.Interface
	Events record.EventRecorder
	Log    *slog.Logger
	// Provisioner is what the storage classes to serve call it.
	Provisioner string
	// Node is the node whose folders they are.
	Node string
	// Dir holds the folders, one for each claim, named by the claim's UID.
	Dir string
	// Local makes volumes of type local, bound to the node: a kubelet sees to
	// their owner as it does for a disk. Otherwise they are of type hostPath.
	Local bool
	// Prepare, where it is set, is called with the new folder of a claim before
	// the volume is created, and Release before the folder is removed.
	Prepare func(ctx context.Context, class *storagev1.StorageClass, dir string) error
	Release func(dir string) error
}

// provisioner turns claims into folders and removes the folders of released
// volumes. The size of a claim is recorded, not enforced.
type provisioner struct {
	cfg     Config
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
	queue   workqueue.TypedRateLimitingInterface[string] // "claim NAMESPACE/NAME" or "volume NAME"
}

// Provision serves claims until ctx ends.
func Provision(ctx context.Context, cfg Config) error {
	shared := informers.NewSharedInformerFactory(cfg.Client, 0)
	core := shared.Core().V1()
	p := &provisioner{
		cfg:     cfg,
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
		p.cfg.Log.Debug("provisioning", "what", key, "err", err)
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
	if err != nil || class.Provisioner != p.cfg.Provisioner {
		return nil
	}
	if mode := class.VolumeBindingMode; mode != nil && *mode == storagev1.VolumeBindingWaitForFirstConsumer &&
		claim.Annotations[selectedNode] != p.cfg.Node {
		return nil
	}
	return class
}

// create makes the folder and the volume of a claim.
func (p *provisioner) create(ctx context.Context, claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) error {
	events := p.cfg.Events
	if mode := claim.Spec.VolumeMode; mode != nil && *mode == corev1.PersistentVolumeBlock {
		events.Event(claim, corev1.EventTypeWarning, "ProvisioningFailed", "there are folders here, not block devices")
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
	if err := os.MkdirAll(filepath.Join(p.cfg.Dir, name), 0o700); err != nil {
		events.Eventf(claim, corev1.EventTypeWarning, "ProvisioningFailed", "failed to make the folder: %v", err)
		return fmt.Errorf("making a claim's folder: %w", err)
	}
	if p.cfg.Prepare != nil {
		if err := p.cfg.Prepare(ctx, class, filepath.Join(p.cfg.Dir, name)); err != nil {
			events.Eventf(claim, corev1.EventTypeWarning, "ProvisioningFailed", "failed to prepare the folder: %v", err)
			return fmt.Errorf("preparing a claim's folder: %w", err)
		}
	}
	volume := p.volumeFor(claim, class)
	_, err := p.cfg.Client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
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
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "pvc-" + string(claim.UID),
			Annotations: map[string]string{provisionedBy: p.cfg.Provisioner},
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
		},
	}
	path := filepath.Join(p.cfg.Dir, string(claim.UID))
	if !p.cfg.Local {
		kind := corev1.HostPathDirectoryOrCreate
		volume.Spec.HostPath = &corev1.HostPathVolumeSource{Path: path, Type: &kind}
		return volume
	}
	volume.Spec.Local = &corev1.LocalVolumeSource{Path: path}
	volume.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{p.cfg.Node}}},
	}}}}
	return volume
}
