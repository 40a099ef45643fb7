package kube_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/workspace"
)

func TestPreflightChoosesTheProfile(t *testing.T) {
	c := client(t, nil)
	for _, tc := range []struct {
		level       string
		asked, want workspace.Profile
		note        string
		kind        error
		form        workspace.Form
	}{
		{"", "", workspace.Standard, "", nil, ""},
		{"baseline", "", workspace.Standard, "", nil, ""},
		{"restricted", "", workspace.Restricted, "profile restricted because", nil, ""},
		{"restricted", workspace.Restricted, workspace.Restricted, "", nil, ""},
		{"restricted", workspace.Standard, "", "", workspace.ErrForbidden, ""},
		{"restricted", workspace.Full, "", "", workspace.ErrForbidden, ""},
		{"", workspace.Full, workspace.Full, "", nil, workspace.FormPrivileged},
		{"privileged", workspace.Full, workspace.Full, "", nil, workspace.FormPrivileged},
		{"baseline", workspace.Full, workspace.Full, "without capabilities", nil, workspace.FormBaseline},
	} {
		t.Run(tc.level+" "+string(tc.asked), func(t *testing.T) {
			labels := map[string]string{}
			if tc.level != "" {
				labels["pod-security.kubernetes.io/enforce"] = tc.level
			}
			ref := workspace.Ref{Namespace: namespace(t, c, labels), Name: "api"}
			p, err := c.Preflight(t.Context(), ref, workspace.Spec{Profile: tc.asked}, workspace.Installation{})
			if !errors.Is(err, tc.kind) {
				t.Fatalf("error is %v, want %v", err, tc.kind)
			}
			if tc.kind != nil {
				if workspace.HintOf(err) == "" {
					t.Error("the refusal names no profile to use")
				}
				return
			}
			if p.Spec.Profile != tc.want || p.Spec.Form != tc.form || !strings.Contains(strings.Join(p.Notes, "\n"), tc.note) {
				t.Errorf("profile is %q with notes %q", p.Spec.Profile, p.Notes)
			}
		})
	}
}

func TestPreflightRefusesWhatCannotWork(t *testing.T) {
	c := client(t, nil)
	ns := namespace(t, c, nil)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "small"}, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"limits.memory": resource.MustParse("5Gi")}}}
	if _, err := c.Interface().CoreV1().ResourceQuotas(ns).Create(t.Context(), quota, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	limits := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "limits"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{
		{Type: corev1.LimitTypePersistentVolumeClaim, Max: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("20Gi")}},
	}}}
	if _, err := c.Interface().CoreV1().LimitRanges(ns).Create(t.Context(), limits, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the quota counts", func(ctx context.Context) bool {
		q, err := c.Interface().CoreV1().ResourceQuotas(ns).Get(ctx, "small", metav1.GetOptions{})
		return err == nil && len(q.Status.Hard) > 0
	})
	for name, tc := range map[string]struct {
		ref  workspace.Ref
		spec workspace.Spec
		want []string
	}{
		"quota":         {workspace.Ref{Namespace: ns, Name: "api"}, workspace.Spec{Memory: "6Gi"}, []string{"limits.memory", "6Gi", "5Gi"}},
		"limit range":   {workspace.Ref{Namespace: ns, Name: "api"}, workspace.Spec{Disk: "30Gi"}, []string{"storage 30Gi", "20Gi"}},
		"storage class": {workspace.Ref{Namespace: ns, Name: "api"}, workspace.Spec{StorageClass: "nowhere"}, []string{"storage class nowhere does not exist"}},
		"namespace":     {workspace.Ref{Namespace: "not-there", Name: "api"}, workspace.Spec{}, []string{"namespace not-there does not exist"}},
		"name":          {workspace.Ref{Namespace: ns, Name: "Api"}, workspace.Spec{}, []string{"workspace name"}},
		"template":      {workspace.Ref{Namespace: ns, Name: "api"}, workspace.Spec{Template: "huge"}, []string{`template "huge" is not known`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Preflight(t.Context(), tc.ref, tc.spec, workspace.Installation{})
			if !contains(err, tc.want...) {
				t.Errorf("error is %v, want it to say %q", err, tc.want)
			}
		})
	}
}
