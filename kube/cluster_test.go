package kube_test

// Everything in package kube_test that talks to a cluster uses a real API
// server: the one that BERTH_TEST_KUBECONFIG names, which `make test` starts
// once for the whole run.

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// options returns how to reach the test cluster; it fails the test where there
// is none, and skips it under -short.
func options(t testing.TB) kube.Options {
	t.Helper()
	path := os.Getenv("BERTH_TEST_KUBECONFIG")
	switch {
	case path != "":
	case testing.Short():
		t.Skip("needs a cluster: BERTH_TEST_KUBECONFIG is not set")
	default:
		t.Fatal("needs a cluster: set BERTH_TEST_KUBECONFIG, or run make test, or pass -short")
	}
	return kube.Options{Kubeconfig: path, NonInteractive: true}
}

// client connects as the cluster's administrator, with adjust applied.
func client(t testing.TB, adjust func(*rest.Config)) *kube.Client {
	t.Helper()
	o := options(t)
	o.Adjust = adjust
	c, err := kube.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// namespace makes one for this test and removes it at its end.
func namespace(t testing.TB, c *kube.Client, labels map[string]string) string {
	t.Helper()
	ns, err := c.Interface().CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "kube-test-", Labels: labels},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := c.Interface().CoreV1().Namespaces().Delete(ctx, ns.Name, metav1.DeleteOptions{}); err != nil {
			t.Logf("removing namespace %s: %v", ns.Name, err)
		}
	})
	return ns.Name
}

// identity makes a host key and one key that may log in.
func identity(t *testing.T) kube.Identity {
	t.Helper()
	user, err := kube.NewIdentity(nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := kube.NewIdentity([]string{user.HostPublic + " somebody"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// request returns a create of workspace api that the sandbox can run.
func request(t *testing.T, ns string) kube.Request {
	t.Helper()
	spec, err := workspace.Spec{Profile: workspace.Standard, CPU: "100m", Memory: "64Mi", Disk: "1Gi"}.Complete(workspace.Installation{})
	if err != nil {
		t.Fatal(err)
	}
	return kube.Request{Ref: workspace.Ref{Namespace: ns, Name: "api"}, Spec: spec, Identity: identity(t)}
}

// create makes a workspace or fails the test.
func create(t *testing.T, c *kube.Client, req kube.Request) kube.Created {
	t.Helper()
	made, err := c.Create(t.Context(), req, nil)
	if err != nil {
		t.Fatalf("creating %s: %v", req.Ref, err)
	}
	return made
}

// eventually polls until ok, for at most a minute.
func eventually(t *testing.T, what string, ok func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("not within a minute: %s", what)
		case <-tick.C:
		}
	}
}

// ready waits until the workspace's pod is ready.
func ready(t *testing.T, c *kube.Client, ref workspace.Ref) {
	t.Helper()
	eventually(t, ref.Name+" is ready", func(ctx context.Context) bool {
		d, err := c.Interface().AppsV1().Deployments(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		return err == nil && d.Status.ReadyReplicas == 1 && d.Status.UpdatedReplicas == 1 && d.Status.ObservedGeneration == d.Generation
	})
}

// gone waits until no pod is left in the namespace.
func gone(t *testing.T, c *kube.Client, ns string) {
	t.Helper()
	eventually(t, "no pod is left", func(ctx context.Context) bool {
		pods, err := c.Interface().CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
		return err == nil && len(pods.Items) == 0
	})
}

// owners returns which field managers have written a path of the object's
// managed fields, for example `"f:replicas"`.
func owners(entries []metav1.ManagedFieldsEntry, field string) string {
	var out []string
	for _, e := range entries {
		if e.FieldsV1 != nil && strings.Contains(e.FieldsV1.GetRawString(), field) && e.Subresource != "status" {
			out = append(out, e.Manager+"/"+string(e.Operation))
		}
	}
	return strings.Join(out, " ")
}
