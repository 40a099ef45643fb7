package cli

import (
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// TestAFailedCreateIsUndoneOrContinued: a create that the cluster refuses half
// way leaves everything for the next run, or nothing.
func TestAFailedCreateIsUndoneOrContinued(t *testing.T) {
	b := newBed(t, "half-way")
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "no-budgets"}, Spec: corev1.ResourceQuotaSpec{
		Hard: corev1.ResourceList{"count/poddisruptionbudgets.policy": resource.MustParse("0")},
	}}
	quotas := b.api.CoreV1().ResourceQuotas(b.namespace)
	if _, err := quotas.Create(t.Context(), quota, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	left := func() int {
		secrets, err := b.api.CoreV1().Secrets(b.namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		claims, err := b.api.CoreV1().PersistentVolumeClaims(b.namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		services, err := b.api.CoreV1().Services(b.namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, c := range claims.Items {
			if c.DeletionTimestamp == nil {
				n++
			}
		}
		return n + len(secrets.Items) + len(services.Items)
	}
	b.want(1, []string{"poddisruptionbudget", "the same command continues", "--on-failure undo"}, "create", "api")
	if left() != 3 {
		t.Errorf("a failed create left %d of secret, claim and service", left())
	}
	b.want(1, []string{"poddisruptionbudget", "what was made has been removed"}, "create", "api", "--on-failure", "undo")
	if left() != 0 {
		t.Errorf("after an undo there are %d of secret, claim and service", left())
	}
	b.want(2, []string{"must be ask, keep or undo"}, "create", "api", "--on-failure", "panic")
	for claims := []corev1.PersistentVolumeClaim{{}}; len(claims) > 0; { // one on its way out still has the name
		list, err := b.api.CoreV1().PersistentVolumeClaims(b.namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		claims = list.Items
	}
	b.want(1, nil, "create", "api", "--on-failure", "keep")
	if err := quotas.Delete(t.Context(), "no-budgets", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for b.run("create", "api").code != 0 { // the quota goes on for a moment
		if t.Context().Err() != nil {
			t.Fatal("the create is never continued")
		}
	}
}

// Somebody else may take the last port between the look and the claim: it is a
// conflict, and what was made by then is this create's own.
func TestACreateWithoutAPortCanBeUndone(t *testing.T) {
	taken := workspace.WithKind(workspace.ErrConflict, fmt.Errorf("%w: all 16 are held", kube.ErrNoPort))
	foreign := workspace.WithKind(workspace.ErrConflict, errors.New("service api exists and is not this workspace's"))
	for _, tc := range []struct {
		cause error
		undo  bool
	}{{taken, true}, {foreign, false}} {
		err := (&cluster{}).unfinishedCreate(workspace.Ref{}, workspace.Installation{}, kube.Created{Operation: "x"}, &kube.StepError{Step: "x", Err: tc.cause})
		var u *unfinished
		if errors.As(err, &u) != tc.undo || !errors.Is(err, workspace.ErrConflict) {
			t.Errorf("%v: to be undone: %v", tc.cause, !tc.undo)
		}
	}
}
