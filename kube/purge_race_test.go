package kube_test

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// meddler does something just before each delete of a claim, or of what else
// has path in its URL.
type meddler struct {
	next   http.RoundTripper
	path   string // "" is a claim's
	meddle func(attempt int32)
	count  atomic.Int32
}

func (m *meddler) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodDelete && strings.Contains(req.URL.Path, cmp.Or(m.path, "/persistentvolumeclaims/")) {
		m.meddle(m.count.Add(1))
	}
	return m.next.RoundTrip(req)
}

// TestPurgeLooksAgainAtAClaimThatChanges has others write between the look at
// the claim and its delete.
func TestPurgeLooksAgainAtAClaimThatChanges(t *testing.T) {
	for name, tc := range map[string]struct {
		meddle   func(t *testing.T, c *kube.Client, ns string, attempt int32)
		attempts int32
		says     string // "" when the purge succeeds
	}{
		"written to once": {func(t *testing.T, c *kube.Client, ns string, attempt int32) {
			if attempt == 1 {
				touch(t, c, ns)
			}
		}, 2, ""},
		"written to all the time": {func(t *testing.T, c *kube.Client, ns string, _ int32) { touch(t, c, ns) }, 5, "changed"},
		"taken by a pod": {func(t *testing.T, c *kube.Client, ns string, _ int32) {
			touch(t, c, ns)
			hold(t, c, ns)
		}, 1, "pod holder (pending) still uses the home"},
		"restored": {func(t *testing.T, c *kube.Client, ns string, _ int32) {
			if _, err := c.Restore(t.Context(), kube.RestoreRequest{Ref: workspace.Ref{Namespace: ns, Name: "api"}}, nil); err != nil {
				t.Error(err)
			}
		}, 1, "workspace api still exists"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client(t, nil)
			req := unscheduled(t, namespace(t, c, nil))
			ns := req.Ref.Namespace
			create(t, c, req)
			if err := c.Delete(t.Context(), req.Ref, "", workspace.Installation{}, nil); err != nil {
				t.Fatal(err)
			}
			gone(t, c, ns)
			claims := c.Interface().CoreV1().PersistentVolumeClaims(ns)
			home, err := claims.Get(t.Context(), "api-home", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			m := &meddler{meddle: func(attempt int32) { tc.meddle(t, c, ns, attempt) }}
			raced := client(t, func(config *rest.Config) {
				config.Wrap(func(next http.RoundTripper) http.RoundTripper {
					m.next = next
					return m
				})
			})
			err = raced.Purge(t.Context(), req.Ref, string(home.UID), nil)
			if got := m.count.Load(); got != tc.attempts {
				t.Errorf("%d attempts, want %d", got, tc.attempts)
			}
			if tc.says == "" {
				if left := ownObjects(t, c, ns); err != nil || len(left) != 0 {
					t.Errorf("purge: %v, left %v", err, left)
				}
				return
			}
			if !errors.Is(err, workspace.ErrConflict) || !contains(err, tc.says) || workspace.HintOf(err) == "" {
				t.Errorf("error is %v with hint %q, want a conflict that says %q", err, workspace.HintOf(err), tc.says)
			}
			kept, err := claims.Get(t.Context(), "api-home", metav1.GetOptions{})
			if err != nil || kept.UID != home.UID || kept.DeletionTimestamp != nil {
				t.Errorf("the home is not as it was: %v, %v", kept, err)
			}
			if _, err := c.HostKey(t.Context(), req.Ref); err != nil {
				t.Errorf("the host key is gone: %v", err)
			}
		})
	}
}

// touch writes to the claim, as controllers do.
func touch(t *testing.T, c *kube.Client, ns string) {
	t.Helper()
	patch := `[{"op":"add","path":"/metadata/annotations/touched","value":"` + identity(t).HostPublic + `"}]`
	if _, err := c.Interface().CoreV1().PersistentVolumeClaims(ns).Patch(t.Context(), "api-home", types.JSONPatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Error(err)
	}
}

// hold makes a pod that names the claim and never runs.
func hold(t *testing.T, c *kube.Client, ns string) {
	t.Helper()
	holder := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "holder"}, Spec: corev1.PodSpec{
		NodeSelector: map[string]string{"nowhere": "true"},
		Containers:   []corev1.Container{{Name: "c", Image: "none"}},
		Volumes: []corev1.Volume{{Name: "h", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "api-home"},
		}}},
	}}
	if _, err := c.Interface().CoreV1().Pods(ns).Create(t.Context(), holder, metav1.CreateOptions{}); err != nil {
		t.Error(err)
	}
}
