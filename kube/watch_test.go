package kube_test

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// ownLabels are those of a workspace's objects.
func ownLabels(name string) map[string]string {
	return map[string]string{
		workspace.LabelManagedBy: workspace.ManagedBy, workspace.LabelComponent: workspace.Component, workspace.LabelWorkspace: name,
	}
}

// bareDeployment is a stopped workspace as far as the list is concerned.
func bareDeployment(name string) *appsv1.Deployment {
	none := int32(0)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: ownLabels(name)},
		Spec: appsv1.DeploymentSpec{
			Replicas: &none, Selector: &metav1.LabelSelector{MatchLabels: ownLabels(name)},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: ownLabels(name)},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: kube.ContainerName, Image: "image:0"}}},
			},
		},
	}
}

func bareClaim(name string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name + "-home", Labels: ownLabels(name)},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
}

// bare makes stopped workspaces.
func bare(t testing.TB, c *kube.Client, ns string, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := c.Interface().CoreV1().PersistentVolumeClaims(ns).Create(t.Context(), bareClaim(name), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Interface().AppsV1().Deployments(ns).Create(t.Context(), bareDeployment(name), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

func names(s workspace.Snapshot) []string {
	var out []string
	for _, w := range s.Workspaces {
		out = append(out, w.Name)
	}
	slices.Sort(out)
	return out
}

func TestWatchKeepsTheListThroughAnOutage(t *testing.T) {
	direct := client(t, nil)
	ns := namespace(t, direct, nil)
	bare(t, direct, ns, "stays", "goes")
	way := &network{conns: map[net.Conn]bool{}}
	l := watching(t, client(t, way.adjust), ns)
	l.await("both rows", func(s workspace.Snapshot) bool {
		return s.Live() && find(s, "stays").Status.Phase == workspace.Stopped && find(s, "goes").Status.Phase == workspace.Stopped
	})

	l.seen = nil
	cut := time.Now()
	way.cut()
	s := l.await("a stale list", func(s workspace.Snapshot) bool { return !s.StaleSince.IsZero() })
	t.Logf("stale %s after the cut: %s", time.Since(cut).Round(time.Millisecond), s.Problem)
	if len(s.Workspaces) != 2 || !strings.Contains(s.Problem, "API server") || s.Hint == "" {
		t.Errorf("while the server is away: %s, hint %q", show(s), s.Hint)
	}
	if err := direct.Interface().AppsV1().Deployments(ns).Delete(t.Context(), "goes", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := direct.Interface().CoreV1().PersistentVolumeClaims(ns).Delete(t.Context(), "goes-home", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	bare(t, direct, ns, "comes")

	mended := time.Now()
	way.mend()
	l.await("the list as it is now", func(s workspace.Snapshot) bool {
		return s.Live() && s.Problem == "" && slices.Equal(names(s), []string{"comes", "stays"})
	})
	t.Logf("correct %s after the server's return", time.Since(mended).Round(time.Millisecond))
	for _, s := range l.seen {
		if find(s, "stays").Name == "" {
			t.Errorf("the list flickered: %s", show(s))
		}
	}
}

func TestWatchSaysThatTheServerIsAwayFromTheStart(t *testing.T) {
	way := &network{conns: map[net.Conn]bool{}}
	way.cut()
	l := watching(t, client(t, way.adjust), "default")
	s := l.await("a problem", func(s workspace.Snapshot) bool { return s.Problem != "" })
	if !strings.Contains(s.Problem, "refuses connections") || s.Synced || !s.StaleSince.IsZero() || len(s.Workspaces) != 0 || s.Hint == "" {
		t.Errorf("nothing has ever arrived, but: %s", show(s))
	}
}

func TestWatchNamesWhatMayNotBeSeen(t *testing.T) {
	admin := client(t, nil)
	ns := namespace(t, admin, nil)
	bare(t, admin, ns, "api")
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "half"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"get", "list", "watch"}},
		{APIGroups: []string{""}, Resources: []string{"persistentvolumeclaims"}, Verbs: []string{"get", "list", "watch"}},
	}}
	if _, err := admin.Interface().RbacV1().Roles(ns).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "half"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "half"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "reader"}},
	}
	if _, err := admin.Interface().RbacV1().RoleBindings(ns).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	l := watching(t, client(t, func(c *rest.Config) { c.Impersonate.UserName = "reader" }), ns)
	s := l.await("a list without pods", func(s workspace.Snapshot) bool {
		return s.Synced && len(s.Denied) == 1 && len(s.Workspaces) == 1
	})
	if want := (workspace.Access{Verb: "list", Resource: "pods", Namespace: ns}); s.Denied[0] != want {
		t.Errorf("denied %v, want %v", s.Denied[0], want)
	}
	if !s.Live() || s.Problem != "" {
		t.Errorf("a missing permission is no outage: %s", show(s))
	}
}

func TestWatchIgnoresForeignObjects(t *testing.T) {
	c := client(t, nil)
	ns := namespace(t, c, nil)
	bare(t, c, ns, "api")
	impostor := bareDeployment("impostor")
	impostor.Labels[workspace.LabelWorkspace] = "api"
	if _, err := c.Interface().AppsV1().Deployments(ns).Create(t.Context(), impostor, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	l := watching(t, c, ns)
	s := l.await("the list", func(s workspace.Snapshot) bool { return s.Live() && len(s.Workspaces) > 0 })
	if !slices.Equal(names(s), []string{"api"}) {
		t.Errorf("rows %v, want only api", names(s))
	}
}

// BenchmarkWatchLatency measures from the end of a write until the snapshot shows
// it; that may be before the answer arrives.
func BenchmarkWatchLatency(b *testing.B) {
	c := client(b, nil)
	ns := namespace(b, c, nil)
	bare(b, c, ns, "api")
	l := watching(b, c, ns)
	l.await("the row", func(s workspace.Snapshot) bool { return s.Live() && len(s.Workspaces) == 1 })
	var took []time.Duration
	for b.Loop() {
		image := "image:" + time.Now().Format("150405.000000000")
		patch := []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"` + kube.ContainerName + `","image":"` + image + `"}]}}}}`)
		if _, err := c.Interface().AppsV1().Deployments(ns).Patch(b.Context(), "api", types.StrategicMergePatchType, patch, metav1.PatchOptions{}); err != nil {
			b.Fatal(err)
		}
		written := time.Now()
		l.await("the image", func(s workspace.Snapshot) bool { return find(s, "api").Spec.Image == image })
		took = append(took, time.Since(written))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "ms-p95")
}
