package kube_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

func TestEditGrowsTheDiskOfARunningWorkspace(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	made := create(t, c, req)
	ready(t, c, req.Ref)
	resize := func(to string) (*kube.Edit, error) {
		return c.Plan(t.Context(), req.Ref, made.UID, workspace.Installation{}, func(s *workspace.Spec) error {
			s.Disk = to
			return nil
		})
	}
	plan, err := resize("2Gi")
	if err != nil {
		t.Fatal(err)
	}
	if plan.Restarts {
		t.Error("the plan says that a bigger disk needs a new pod")
	}
	if err := plan.Apply(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var claim *corev1.PersistentVolumeClaim
	eventually(t, "the claim has its new size", func(ctx context.Context) bool {
		claim, err = c.Interface().CoreV1().PersistentVolumeClaims(req.Ref.Namespace).Get(ctx, "api-home", metav1.GetOptions{})
		return err == nil && claim.Status.Capacity.Storage().String() == "2Gi"
	})
	var kept workspace.Spec
	if err := json.Unmarshal([]byte(claim.Annotations[workspace.AnnotationSpec]), &kept); err != nil || kept.Disk != "2Gi" {
		t.Errorf("the kept settings say %q, %v", kept.Disk, err)
	}
	if _, err := resize("1Gi"); !errors.Is(err, workspace.ErrUsage) || !contains(err, "cannot shrink from 2Gi to 1Gi") {
		t.Errorf("shrinking it: %v", err)
	}
	// The size comes back with the home.
	if err := c.Delete(t.Context(), req.Ref, made.UID, workspace.Installation{}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Restore(t.Context(), kube.RestoreRequest{Ref: req.Ref}, nil); err != nil {
		t.Fatal(err)
	}
	made.UID = ""
	again, err := resize("2Gi")
	if err != nil || again.Diff != "" {
		t.Errorf("asking for the size that it has: %v\n%s", err, again.Diff)
	}
}

func TestPreflightRefusesANamespaceThatGoesAway(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	ns := namespace(t, c, nil)
	maps := c.Interface().CoreV1().ConfigMaps(ns)
	anchor := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "anchor", Finalizers: []string{"berth.sh/test"}}}
	if _, err := maps.Create(t.Context(), anchor, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		anchor.Finalizers = nil
		if _, err := maps.Update(context.Background(), anchor, metav1.UpdateOptions{}); err != nil {
			t.Errorf("letting the namespace go: %v", err)
		}
	})
	if err := c.Interface().CoreV1().Namespaces().Delete(t.Context(), ns, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	req := request(t, ns)
	_, err := c.Preflight(t.Context(), req.Ref, req.Spec, workspace.Installation{})
	if !errors.Is(err, workspace.ErrConflict) || !contains(err, ns, "being deleted") || workspace.HintOf(err) == "" {
		t.Errorf("the preflight says %v with hint %q", err, workspace.HintOf(err))
	}
	// Whoever goes on all the same is told so by the first write.
	_, err = c.Create(t.Context(), req, nil)
	if !errors.Is(err, workspace.ErrConflict) || !contains(err, "secret api-ssh", "being deleted") || workspace.HintOf(err) == "" {
		t.Errorf("the create says %v with hint %q", err, workspace.HintOf(err))
	}
}

func TestPreflightChoosesTheAccessMode(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	ns := namespace(t, c, nil)
	storage := c.Interface().StorageV1()
	wait := storagev1.VolumeBindingWaitForFirstConsumer
	for _, name := range []string{ns + "-plain", ns + "-csi"} {
		class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: name + ".example.com", VolumeBindingMode: &wait}
		if _, err := storage.StorageClasses().Create(t.Context(), class, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := storage.StorageClasses().Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	driver := ns + "-csi.example.com"
	if _, err := storage.CSIDrivers().Create(t.Context(), &storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: driver}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := storage.CSIDrivers().Delete(context.Background(), driver, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	for class, want := range map[string]corev1.PersistentVolumeAccessMode{
		ns + "-plain": corev1.ReadWriteOnce,
		ns + "-csi":   corev1.ReadWriteOncePod,
		"":            corev1.ReadWriteOnce, // the sandbox's own class is of no CSI driver
	} {
		req := unscheduled(t, ns)
		req.Ref.Name, req.Spec.StorageClass = "none", class
		if class != "" {
			req.Ref.Name = class[len(ns)+1:]
		}
		p, err := c.Preflight(t.Context(), req.Ref, req.Spec, workspace.Installation{})
		if err != nil || p.AccessMode != want {
			t.Errorf("class %q: %q, %v, want %q", class, p.AccessMode, err, want)
			continue
		}
		req.AccessMode = p.AccessMode
		create(t, c, req)
		claim, err := c.Interface().CoreV1().PersistentVolumeClaims(ns).Get(t.Context(), req.Ref.ClaimName(), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]corev1.PersistentVolumeAccessMode{want}, claim.Spec.AccessModes); diff != "" {
			t.Errorf("class %q (-want +got):\n%s", class, diff)
		}
	}
}
