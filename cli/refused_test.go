package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// TestForeignObjectsAreNeverAdopted holds that what berth has not made keeps
// its content, and is named.
func TestForeignObjectsAreNeverAdopted(t *testing.T) {
	b := newBed(t, "foreign")
	ctx, core := t.Context(), b.api.CoreV1()
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }
	for _, test := range []struct {
		name, names string
		make        func() error
	}{
		{"service", "taken-1", func() error {
			_, err := core.Services(b.namespace).Create(ctx, &corev1.Service{
				ObjectMeta: meta("taken-1"), Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
			}, metav1.CreateOptions{})
			return err
		}},
		{"secret", "taken-2-ssh", func() error {
			_, err := core.Secrets(b.namespace).Create(ctx, &corev1.Secret{ObjectMeta: meta("taken-2-ssh")}, metav1.CreateOptions{})
			return err
		}},
		{"configmap", "taken-3-boot", func() error {
			_, err := core.ConfigMaps(b.namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: meta("taken-3-boot")}, metav1.CreateOptions{})
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.make(); err != nil {
				t.Fatal(err)
			}
			name := strings.Join(strings.Split(test.names, "-")[:2], "-")
			bed := *b
			bed.t = t
			bed.want(exitConflict, []string{test.names}, "create", name)
		})
	}
}

// permissions is all that the commands of the table below need.
func permissions(namespace string) []workspace.Access {
	var all []workspace.Access
	for resource, verbs := range map[string]string{
		"secrets": "get create patch delete", "persistentvolumeclaims": "get list watch create patch delete", "configmaps": "get create patch delete",
		"services": "get list watch create patch delete", "poddisruptionbudgets.policy": "get create patch delete",
		"deployments.apps": "get list watch create patch delete", "deployments.apps/scale": "get patch update",
		"replicasets.apps": "list watch", "pods": "get list watch delete", "pods/log": "get", "pods/portforward": "get create",
		"events": "list watch", "resourcequotas": "list", "limitranges": "list",
	} {
		for verb := range strings.FieldsSeq(verbs) {
			all = append(all, workspace.Access{Verb: verb, Resource: resource, Namespace: namespace})
		}
	}
	return all
}

// asUser makes a user who may do everything but one thing, and returns the
// bed with a kubeconfig that acts as that user.
func (b *bed) asUser(t *testing.T, user string, lacks workspace.Access) *bed {
	t.Helper()
	var rules []rbacv1.PolicyRule
	for _, p := range permissions(b.namespace) {
		if p == lacks || lacks.Verb == "list" && p.Verb == "watch" && p.Resource == lacks.Resource {
			continue // what may be watched can be listed by watching
		}
		resource, sub, _ := strings.Cut(p.Resource, "/")
		resource, group, _ := strings.Cut(resource, ".")
		if sub != "" {
			resource += "/" + sub
		}
		rules = append(rules, rbacv1.PolicyRule{Verbs: []string{p.Verb}, APIGroups: []string{group}, Resources: []string{resource}})
	}
	rbac := b.api.RbacV1()
	if _, err := rbac.Roles(b.namespace).Create(t.Context(), &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: user}, Rules: rules}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := rbac.RoleBindings(b.namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: user},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	other := *b
	other.t = t
	other.env = slices.Clone(b.env)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	for i, e := range other.env {
		if admin, ok := strings.CutPrefix(e, "KUBECONFIG="); ok {
			data, err := os.ReadFile(admin)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Replace(string(data), "  user:\n    client", "  user:\n    as: "+user+"\n    client", 1)
			if !strings.Contains(text, "as: "+user) {
				t.Fatalf("the kubeconfig has another form than this test knows:\n%s", data)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			other.env[i] = "KUBECONFIG=" + path
		}
	}
	awaitAccess(t, path, b.namespace, lacks)
	return &other
}

// awaitAccess waits until the API server knows the user's role: permissions
// reach it through a cache of its own.
func awaitAccess(t *testing.T, kubeconfig, namespace string, lacks workspace.Access) {
	t.Helper()
	client, err := kube.New(kube.Options{Kubeconfig: kubeconfig})
	if err != nil {
		t.Fatal(err)
	}
	probe := workspace.Access{Verb: "list", Resource: "limitranges", Namespace: namespace}
	if probe == lacks {
		t.Fatal("the probe is what the user lacks")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		ok, err := client.Can(ctx, probe)
		if ok {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("the role does not take effect")
		}
	}
}

// TestMissingPermissionsAreNamed denies one thing after another: the message
// names verb, resource and namespace.
func TestMissingPermissionsAreNamed(t *testing.T) {
	b := newBed(t, "denied")
	b.want(exitOK, nil, "create", "up")
	b.want(exitOK, nil, "create", "gone")
	b.want(exitOK, nil, "delete", "gone", "--yes", "--wait")
	for user, test := range map[string]struct {
		verb, resource string
		args           []string
	}{
		"ls":               {"list", "deployments.apps", []string{"ls"}},
		"create-secret":    {"create", "secrets", []string{"create", "new"}},
		"create-claim":     {"create", "persistentvolumeclaims", []string{"create", "new"}},
		"create-configmap": {"patch", "configmaps", []string{"create", "new"}},
		"create-service":   {"create", "services", []string{"create", "new"}},
		"create-pdb":       {"create", "poddisruptionbudgets.policy", []string{"create", "new"}},
		"create-deploy":    {"create", "deployments.apps", []string{"create", "new"}},
		"create-scale":     {"patch", "deployments.apps/scale", []string{"create", "new"}},
		"stop":             {"patch", "deployments.apps/scale", []string{"stop", "up"}},
		"start":            {"patch", "deployments.apps/scale", []string{"start", "up"}},
		"restart":          {"patch", "deployments.apps", []string{"restart", "up"}},
		"edit":             {"patch", "deployments.apps", []string{"edit", "up", "--memory", "5Gi", "--yes"}},
		"delete":           {"delete", "deployments.apps", []string{"delete", "up", "--yes"}},
		"restore":          {"create", "deployments.apps", []string{"restore", "gone"}},
		"purge":            {"delete", "persistentvolumeclaims", []string{"purge", "gone", "--yes"}},
		"logs":             {"get", "pods/log", []string{"logs", "up"}},
	} {
		t.Run(user, func(t *testing.T) {
			lacks := workspace.Access{Verb: test.verb, Resource: test.resource, Namespace: b.namespace}
			b.asUser(t, "lacks-"+user, lacks).want(exitForbidden, []string{lacks.String()}, test.args...)
		})
	}
}
