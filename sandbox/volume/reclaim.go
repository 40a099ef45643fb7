package volume

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// reconcile brings one claim or volume to where it should be.
func (p *provisioner) reconcile(ctx context.Context, key string) error {
	kind, name, _ := strings.Cut(key, " ")
	if kind == "volume" {
		volume, err := p.volumes.Get(name)
		if err != nil {
			return ignoreNotFound(err)
		}
		return p.reclaim(ctx, volume)
	}
	namespace, name, err := cache.SplitMetaNamespaceKey(name)
	if err != nil {
		return fmt.Errorf("reading a queue's key: %w", err)
	}
	claim, err := p.claims.PersistentVolumeClaims(namespace).Get(name)
	if err != nil {
		return ignoreNotFound(err)
	}
	class := p.classOf(claim)
	switch {
	case class == nil || claim.DeletionTimestamp != nil:
		return nil
	case claim.Spec.VolumeName == "":
		return p.create(ctx, claim, class)
	case claim.Status.Phase == corev1.ClaimBound:
		return p.expand(ctx, claim)
	}
	return nil
}

// ignoreNotFound takes an object that is gone for one that needs nothing.
func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// expand records that a claim has grown; a folder needs no growing.
func (p *provisioner) expand(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	want, have := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
	if want.Cmp(have) <= 0 {
		return nil
	}
	volume, err := p.volumes.Get(claim.Spec.VolumeName)
	if err != nil {
		return fmt.Errorf("finding a claim's volume: %w", err)
	}
	if volume.Annotations[provisionedBy] != p.cfg.Provisioner {
		return nil
	}
	if size := volume.Spec.Capacity[corev1.ResourceStorage]; size.Cmp(want) < 0 {
		patch, err := capacityPatch("spec", want)
		if err != nil {
			return err
		}
		if _, err := p.cfg.Client.CoreV1().PersistentVolumes().Patch(ctx, volume.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("growing a volume: %w", err)
		}
	}
	patch, err := capacityPatch("status", want)
	if err != nil {
		return err
	}
	_, err = p.cfg.Client.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(ctx, claim.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("growing a claim: %w", err)
	}
	p.cfg.Events.Eventf(claim, corev1.EventTypeNormal, "VolumeResizeSuccessful", "Resize volume succeeded: now %s", want.String())
	return nil
}

// capacityPatch sets the capacity in the spec of a volume or the status of a
// claim.
func capacityPatch(where string, size resource.Quantity) ([]byte, error) {
	patch, err := json.Marshal(map[string]any{where: map[string]any{
		"capacity": corev1.ResourceList{corev1.ResourceStorage: size},
	}})
	if err != nil {
		return nil, fmt.Errorf("encoding a capacity: %w", err)
	}
	return patch, nil
}

// reclaim removes a released volume and its folder, where the policy says so.
func (p *provisioner) reclaim(ctx context.Context, volume *corev1.PersistentVolume) error {
	if volume.Annotations[provisionedBy] != p.cfg.Provisioner || volume.Status.Phase != corev1.VolumeReleased ||
		volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete || volume.DeletionTimestamp != nil {
		return nil
	}
	if err := p.removeFolder(volume); err != nil {
		p.cfg.Events.Eventf(volume, corev1.EventTypeWarning, "VolumeFailedDelete", "%v", err)
		return err
	}
	uid := volume.UID
	err := p.cfg.Client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	if err := ignoreNotFound(err); err != nil {
		return fmt.Errorf("deleting a volume: %w", err)
	}
	return nil
}

// removeFolder removes the folder of a volume. Its path comes from an object
// that others can write, so only its last element is believed, that has to look
// like a claim's UID, and nothing outside the volumes' directory can be reached:
// links inside the folder are removed, not followed.
func (p *provisioner) removeFolder(volume *corev1.PersistentVolume) error {
	var path string
	switch {
	case volume.Spec.HostPath != nil:
		path = volume.Spec.HostPath.Path
	case volume.Spec.Local != nil:
		path = volume.Spec.Local.Path
	default:
		return errors.New("the volume names no folder")
	}
	name := filepath.Base(path)
	if !folderName.MatchString(name) || filepath.Clean(path) != filepath.Join(p.cfg.Dir, name) {
		return fmt.Errorf("%q is not a folder of this node", path)
	}
	if p.cfg.Release != nil {
		if err := p.cfg.Release(path); err != nil {
			return fmt.Errorf("releasing a volume's folder: %w", err)
		}
	}
	root, err := os.OpenRoot(p.cfg.Dir)
	if err != nil {
		return fmt.Errorf("opening the volumes' directory: %w", err)
	}
	defer func() { _ = root.Close() }() // nothing was written through it
	if err := root.RemoveAll(name); err != nil {
		// Tools leave read-only directories behind, module caches for example.
		_ = fs.WalkDir(root.FS(), name, func(path string, d fs.DirEntry, _ error) error {
			if d != nil && d.IsDir() {
				_ = root.Chmod(path, 0o700) // the second try reports what it cannot remove
			}
			return nil
		})
		if err := root.RemoveAll(name); err != nil {
			return fmt.Errorf("removing a volume's folder: %w", err)
		}
	}
	return nil
}
