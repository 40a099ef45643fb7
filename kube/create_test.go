package kube_test

import (
	"errors"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

func TestCreateLeavesOwnershipToApply(t *testing.T) {
	c := client(t, nil)
	ns := namespace(t, c, nil)
	req := request(t, ns)
	var steps []string
	made, err := c.Create(t.Context(), req, func(p workspace.Progress) {
		if p.Done {
			steps = append(steps, p.Step)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"checking api", "secret api-ssh", "claim api-home", "configmap api-boot", "service api",
		"poddisruptionbudget api", "deployment api", "starting api",
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	d, err := c.Interface().AppsV1().Deployments(ns).Get(t.Context(), "api", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if string(d.UID) != made.UID || made.HostKey != req.Identity.HostPublic || made.Resumed {
		t.Errorf("created is %+v, the Deployment's UID is %s", made, d.UID)
	}
	if *d.Spec.Replicas != 1 {
		t.Errorf("replicas is %d, want 1", *d.Spec.Replicas)
	}
	if got := owners(d.ManagedFields, `"f:replicas"`); got != "berth-scale/Apply" {
		t.Errorf("spec.replicas belongs to %q", got)
	}
	if got := owners(d.ManagedFields, `"f:template"`); got != "berth/Apply" {
		t.Errorf("spec.template belongs to %q", got)
	}
	ready(t, c, req.Ref)
}

func TestCreateRefusesForeignObjects(t *testing.T) {
	c := client(t, nil)
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: name, Labels: map[string]string{workspace.LabelManagedBy: "helm"}}
	}
	port := []corev1.ServicePort{{Port: 80}}
	for name, plant := range map[string]func(ns string) error{
		"secret api-ssh": func(ns string) error {
			_, err := c.Interface().CoreV1().Secrets(ns).Create(t.Context(), &corev1.Secret{ObjectMeta: meta("api-ssh")}, metav1.CreateOptions{})
			return err
		},
		"configmap api-boot": func(ns string) error {
			_, err := c.Interface().CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: meta("api-boot")}, metav1.CreateOptions{})
			return err
		},
		"service api": func(ns string) error {
			_, err := c.Interface().CoreV1().Services(ns).Create(t.Context(), &corev1.Service{ObjectMeta: meta("api"), Spec: corev1.ServiceSpec{Ports: port}}, metav1.CreateOptions{})
			return err
		},
		"poddisruptionbudget api": func(ns string) error {
			_, err := c.Interface().PolicyV1().PodDisruptionBudgets(ns).Create(t.Context(), &policyv1.PodDisruptionBudget{ObjectMeta: meta("api")}, metav1.CreateOptions{})
			return err
		},
		"claim api-home": func(ns string) error {
			built, err := kube.Build(workspace.Ref{Namespace: ns, Name: "api"}, request(t, ns).Spec, identity(t), workspace.Installation{})
			if err != nil {
				return err
			}
			built.Claim.ObjectMeta = meta("api-home")
			_, err = c.Interface().CoreV1().PersistentVolumeClaims(ns).Create(t.Context(), built.Claim, metav1.CreateOptions{})
			return err
		},
		"deployment api": func(ns string) error {
			built, err := kube.Build(workspace.Ref{Namespace: ns, Name: "api"}, request(t, ns).Spec, identity(t), workspace.Installation{})
			if err != nil {
				return err
			}
			none := int32(0)
			d := &appsv1.Deployment{ObjectMeta: meta("api"), Spec: built.Deployment.Spec}
			d.Spec.Replicas = &none
			_, err = c.Interface().AppsV1().Deployments(ns).Create(t.Context(), d, metav1.CreateOptions{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			ns := namespace(t, c, nil)
			if err := plant(ns); err != nil {
				t.Fatal(err)
			}
			made, err := c.Create(t.Context(), request(t, ns), nil)
			if !errors.Is(err, workspace.ErrConflict) || !contains(err, name, "belongs to helm") {
				t.Fatalf("error is %v, want a conflict that names %s and helm", err, name)
			}
			if _, err := c.Undo(t.Context(), workspace.Ref{Namespace: ns, Name: "api"}, made.Operation, workspace.Installation{}, nil); err != nil {
				t.Fatalf("undoing: %v", err)
			}
			if left := ownObjects(t, c, ns); len(left) != 0 {
				t.Errorf("undo left %v", left)
			}
		})
	}
}

func TestCreateOfATakenName(t *testing.T) {
	c := client(t, nil)
	ns := namespace(t, c, nil)
	req := request(t, ns)
	create(t, c, req)
	ready(t, c, req.Ref)
	_, err := c.Create(t.Context(), req, nil)
	if !errors.Is(err, workspace.ErrConflict) || !contains(err, "exists already") {
		t.Errorf("creating it twice: %v", err)
	}
	other := request(t, ns)
	other.Spec.Image = "debian:13"
	if _, err := c.Create(t.Context(), other, nil); !errors.Is(err, workspace.ErrConflict) {
		t.Errorf("creating another of the same name: %v", err)
	}
	if err := c.Delete(t.Context(), req.Ref, "", workspace.Installation{}, nil); err != nil {
		t.Fatal(err)
	}
	_, err = c.Create(t.Context(), req, nil)
	if !errors.Is(err, workspace.ErrConflict) || !contains(errors.New(workspace.HintOf(err)), "berth restore api", "berth purge api") {
		t.Errorf("creating over a deleted one: %v, hint %q", err, workspace.HintOf(err))
	}
}
