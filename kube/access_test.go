package kube_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// permission is one verb on one resource, as a Role names them.
type permission struct{ group, resource, verb string }

// permissions are what the verbs of this package use.
func permissions() []permission {
	var out []permission
	add := func(group, resource string, verbs ...string) {
		for _, verb := range verbs {
			out = append(out, permission{group, resource, verb})
		}
	}
	add("", "secrets", "get", "create", "patch")
	add("", "persistentvolumeclaims", "get", "create", "patch")
	add("", "configmaps", "get", "create", "patch", "delete")
	add("", "services", "get", "create", "patch", "delete")
	add("policy", "poddisruptionbudgets", "get", "create", "patch", "delete")
	add("apps", "deployments", "get", "create", "patch", "delete")
	add("apps", "deployments/scale", "patch")
	return out
}

// as returns a client of a user who has exactly these permissions.
func as(t *testing.T, admin *kube.Client, ns, user string, allowed []permission) *kube.Client {
	t.Helper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: user}}
	for _, p := range allowed {
		role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: []string{p.group}, Resources: []string{p.resource}, Verbs: []string{p.verb}})
	}
	if _, err := admin.Interface().RbacV1().Roles(ns).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: user},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}
	if _, err := admin.Interface().RbacV1().RoleBindings(ns).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c := client(t, func(config *rest.Config) { config.Impersonate = rest.ImpersonationConfig{UserName: user} })
	if len(allowed) > 0 {
		last := allowed[len(allowed)-1]
		access := workspace.Access{Verb: last.verb, Resource: resourceOf(last), Namespace: ns}
		eventually(t, "the role is in force", func(ctx context.Context) bool {
			ok, err := c.Can(ctx, access)
			return err == nil && ok
		})
	}
	return c
}

func resourceOf(p permission) string {
	resource, sub, _ := strings.Cut(p.resource, "/")
	if p.group != "" {
		resource += "." + p.group
	}
	if sub != "" {
		resource += "/" + sub
	}
	return resource
}

// TestEachDeniedVerbIsNamed takes one permission away at a time and runs the
// life of a workspace until it is refused.
func TestEachDeniedVerbIsNamed(t *testing.T) {
	admin := client(t, nil)
	all := permissions()
	for i, denied := range all {
		t.Run(denied.verb+" "+denied.resource, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t, admin, nil)
			user := "user-of-" + ns
			c := as(t, admin, ns, user, slices.Delete(slices.Clone(all), i, i+1))
			err := life(t, c, unscheduled(t, ns))
			var access *workspace.AccessError
			if !errors.As(err, &access) || !errors.Is(err, workspace.ErrForbidden) {
				t.Fatalf("error is %v, want a missing permission", err)
			}
			want := workspace.Access{Verb: denied.verb, Resource: resourceOf(denied), Namespace: ns}
			if !slices.Contains(access.Missing, want) {
				t.Errorf("missing is %v, want %v", access.Missing, want)
			}
		})
	}
}

// life creates, edits, stops and deletes a workspace.
func life(t *testing.T, c *kube.Client, req kube.Request) error {
	t.Helper()
	made, err := c.Create(t.Context(), req, nil)
	if err != nil {
		return err
	}
	plan, err := c.Plan(t.Context(), req.Ref, made.UID, req.Installation, func(s *workspace.Spec) error { s.Image = "debian:13"; return nil })
	if err != nil {
		return err
	}
	if err := plan.Apply(t.Context(), nil); err != nil {
		return err
	}
	return c.Delete(t.Context(), req.Ref, made.UID, req.Installation, nil)
}

func TestPreflightListsEveryMissingPermission(t *testing.T) {
	admin := client(t, nil)
	ns := namespace(t, admin, nil)
	c := as(t, admin, ns, "nobody-of-"+ns, nil)
	_, err := c.Preflight(t.Context(), workspace.Ref{Namespace: ns, Name: "api"}, workspace.Spec{}, workspace.Installation{})
	var access *workspace.AccessError
	if !errors.As(err, &access) {
		t.Fatalf("error is %v, want missing permissions", err)
	}
	for _, want := range []string{"create deployments.apps in namespace " + ns, "patch deployments.apps/scale in namespace " + ns, "create secrets in namespace " + ns} {
		if !contains(err, want) {
			t.Errorf("the error does not name %q: %v", want, err)
		}
	}
}

func TestPurgeWithoutPermissionSaysWhatIsLeft(t *testing.T) {
	admin := client(t, nil)
	ns := namespace(t, admin, nil)
	req := request(t, ns)
	create(t, admin, req)
	if err := admin.Delete(t.Context(), req.Ref, "", workspace.Installation{}, nil); err != nil {
		t.Fatal(err)
	}
	gone(t, admin, ns)
	home, err := admin.Interface().CoreV1().PersistentVolumeClaims(ns).Get(t.Context(), "api-home", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := as(t, admin, ns, "developer-of-"+ns, append(permissions(), permission{"", "pods", "list"}))
	err = c.Purge(t.Context(), req.Ref, string(home.UID), nil)
	if !errors.Is(err, workspace.ErrForbidden) || !strings.Contains(workspace.HintOf(err), "claim api-home, secret api-ssh") {
		t.Errorf("error is %v with hint %q", err, workspace.HintOf(err))
	}
}
