package kube_test

import (
	"context"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// developer is somebody who may have workspaces in one namespace, and claims.
func developer(t *testing.T, admin *kube.Client, ns string) *kube.Client {
	t.Helper()
	user := "developer-of-" + ns
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: user, Namespace: workspace.GatewayNamespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "berth-ports"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}
	bindings := admin.Interface().RbacV1().RoleBindings(workspace.GatewayNamespace)
	if _, err := bindings.Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bindings.Delete(context.Background(), user, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	more := []permission{{"", "resourcequotas", "list"}, {"", "limitranges", "list"}}
	for _, verb := range []string{"get", "create", "patch", "delete"} {
		more = append(more, permission{"networking.istio.io", "virtualservices", verb})
	}
	c := as(t, admin, ns, user, append(permissions(), more...))
	eventually(t, "the role for claims is in force", func(ctx context.Context) bool {
		ok, err := c.Can(ctx, workspace.Access{Verb: "create", Resource: "leases.coordination.k8s.io", Namespace: workspace.GatewayNamespace})
		return err == nil && ok
	})
	return c
}

// TestADeveloperNeedsNoMoreForAPort creates, edits and deletes a workspace with
// exactly the roles of the manifest.
func TestADeveloperNeedsNoMoreForAPort(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	inst := ports(t, admin, 41110, 41111)
	ns := namespace(t, admin, nil)
	c := developer(t, admin, ns)
	req := ported(t, ns, "api", inst)
	if _, err := c.Preflight(t.Context(), req.Ref, req.Spec, inst); err != nil {
		t.Errorf("preflight: %v", err)
	}
	if err := life(t, c, req); err != nil {
		t.Fatal(err)
	}
	unclaimed(t, admin, inst, req.Ref)
	stranger := as(t, admin, ns, "without-ports-of-"+ns, permissions())
	if _, err := stranger.Preflight(t.Context(), req.Ref, req.Spec, inst); !contains(err, "create leases.coordination.k8s.io in namespace berth-gateway") {
		t.Errorf("preflight without the role: %v", err)
	}
}

// TestNobodyTouchesAStrangersClaim tries what the role alone would allow.
func TestNobodyTouchesAStrangersClaim(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	inst := ports(t, admin, 41114, 41119)
	mine, theirs := namespace(t, admin, nil), namespace(t, admin, nil)
	c := developer(t, admin, mine)
	held := ported(t, theirs, "api", inst)
	create(t, admin, held)
	port := consistent(t, admin, inst, held.Ref)
	age(t, admin, port, metav1.NewMicroTime(time.Now().Add(-time.Hour)))
	own := route.Claim{Port: 41119, Ref: workspace.Ref{Namespace: mine, Name: "web"}, UID: "d-1", Since: time.Now()}
	if port == own.Port {
		own.Port--
	}
	foreign := own
	foreign.Ref.Namespace = theirs
	for name, tc := range map[string]struct {
		do      func() error
		refusal string // "" is allowed
	}{
		"claims for a stranger": {func() error {
			_, err := leasesOf(c).Create(t.Context(), foreign.Lease(), metav1.CreateOptions{})
			return err
		}, "you may have no workspace " + theirs + "/web"},
		"writes another Lease": {func() error {
			lease := own.Lease()
			lease.Name = "istio-leader"
			_, err := leasesOf(c).Create(t.Context(), lease, metav1.CreateOptions{})
			return err
		}, "is a claim on a port"},
		"claims for nobody": {func() error {
			lease := own.Lease()
			lease.Spec.HolderIdentity = nil
			_, err := leasesOf(c).Create(t.Context(), lease, metav1.CreateOptions{})
			return err
		}, "is a claim on a port"},
		"takes it over": {func() error {
			lease, err := leasesOf(c).Get(t.Context(), route.ClaimName(port), metav1.GetOptions{})
			if err != nil {
				return err
			}
			next := own
			next.Port = port
			stolen := next.Lease()
			stolen.UID, stolen.ResourceVersion = lease.UID, lease.ResourceVersion
			_, err = leasesOf(c).Update(t.Context(), stolen, metav1.UpdateOptions{})
			return err
		}, "which is not yours to delete"},
		"frees it": {func() error {
			return leasesOf(c).Delete(t.Context(), route.ClaimName(port), metav1.DeleteOptions{})
		}, "which is not yours to delete"},
		"claims for itself and frees": {func() error {
			if _, err := leasesOf(c).Create(t.Context(), own.Lease(), metav1.CreateOptions{}); err != nil {
				return err
			}
			return leasesOf(c).Delete(t.Context(), route.ClaimName(own.Port), metav1.DeleteOptions{})
		}, ""},
	} {
		err := tc.do()
		if (err == nil) != (tc.refusal == "") || tc.refusal != "" && !contains(err, tc.refusal) {
			t.Errorf("%s: %v, want %q", name, err, tc.refusal)
		}
	}
	if claim := claimsOn(t, admin, inst)[port]; claim.Ref != held.Ref {
		t.Errorf("the port is held by %+v", claim)
	}
	// And berth itself leaves alone what it may not see.
	full := ported(t, mine, "web", inst)
	full.Installation.Gateway.Ports = inst.Gateway.Ports
	first := inst.Gateway.PortRange().First
	for i := range 6 {
		if p := first + i; p != port {
			lease := route.Claim{Port: p, Ref: workspace.Ref{Namespace: theirs, Name: "x"}, UID: "d-0", Since: time.Now().Add(-time.Hour)}.Lease()
			if _, err := leasesOf(admin).Create(t.Context(), lease, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := c.Create(t.Context(), full, nil); !contains(err, "all 6 (41114-41119) are held") {
		t.Errorf("with only void claims of strangers: %v", err)
	}
}

// TestRoutesThatTheFenceRefuses tries routes that are not berth's.
func TestRoutesThatTheFenceRefuses(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	inst := ports(t, admin, 41122, 41123)
	ns := namespace(t, admin, nil)
	other := workspace.Ref{Namespace: namespace(t, admin, nil), Name: "other"}
	if _, err := leasesOf(admin).Create(t.Context(), route.Claim{Port: 41123, Ref: other, UID: "d-1"}.Lease(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ref := workspace.Ref{Namespace: ns, Name: "api"}
	good := virtualService(t, ref, inst, 41122)
	rule := func(o *unstructured.Unstructured) map[string]any {
		list, _, _ := unstructured.NestedSlice(o.Object, "spec", "tcp")
		first, _ := list[0].(map[string]any)
		return first
	}
	set := func(o *unstructured.Unstructured, r map[string]any) {
		if err := unstructured.SetNestedSlice(o.Object, []any{r}, "spec", "tcp"); err != nil {
			t.Fatal(err)
		}
	}
	to := func(host string, port int64) func(*unstructured.Unstructured) {
		return func(o *unstructured.Unstructured) {
			r := rule(o)
			r["route"] = []any{map[string]any{"destination": map[string]any{"host": host, "port": map[string]any{"number": port}}}}
			set(o, r)
		}
	}
	from := func(matches ...any) func(*unstructured.Unstructured) {
		return func(o *unstructured.Unstructured) {
			r := rule(o)
			r["match"] = matches
			set(o, r)
		}
	}
	at := func(port int64) map[string]any { return map[string]any{"port": port} }
	hosts := func(h ...any) func(*unstructured.Unstructured) {
		return func(o *unstructured.Unstructured) {
			if err := unstructured.SetNestedSlice(o.Object, h, "spec", "hosts"); err != nil {
				t.Fatal(err)
			}
		}
	}
	service := "api." + ns + ".svc.cluster.local"
	for name, tc := range map[string]struct {
		spoil   func(*unstructured.Unstructured)
		refusal string
	}{
		"its own":             {func(*unstructured.Unstructured) {}, ""},
		"another's host":      {hosts("api--" + other.Namespace + "." + portsDomain), "hosts must be"},
		"every host":          {hosts("*"), "hosts must be"},
		"a second host":       {hosts("api--"+ns+"."+portsDomain, "x--"+other.Namespace+"."+portsDomain), "hosts must be"},
		"another's Service":   {to("other."+other.Namespace+".svc.cluster.local", 22), "destinations must be"},
		"the API server":      {to("kubernetes.default.svc.cluster.local", 443), "destinations must be"},
		"a short name":        {to("api", 22), "destinations must be"},
		"another port of it":  {to(service, 443), "destinations must be"},
		"a port out of range": {from(at(80)), "the gateway's ports for workspaces are"},
		"every port":          {from(map[string]any{}), "one TCP port to one Service"},
		"two ports":           {from(at(41122), at(41124)), "one TCP port to one Service"},
		"a port that is held": {from(at(41123)), "berth-port-41123 is held by another workspace"},
		"a held port besides": {from(at(41122), at(41123)), ""}, // refused by either policy
		"HTTP beside it":      {func(o *unstructured.Unstructured) { _ = unstructured.SetNestedSlice(o.Object, []any{}, "spec", "http") }, "one TCP port to one Service"},
		"another gateway too": {func(o *unstructured.Unstructured) {
			_ = unstructured.SetNestedStringSlice(o.Object, []string{"berth-gateway/berth", "mesh"}, "spec", "gateways")
		}, "may be on no other gateway"},
		"nothing at all": {func(o *unstructured.Unstructured) { unstructured.RemoveNestedField(o.Object, "spec", "tcp") }, "one TCP port to one Service"},
		"not this gateway": {func(o *unstructured.Unstructured) {
			_ = unstructured.SetNestedStringSlice(o.Object, []string{"other/gateway"}, "spec", "gateways")
		}, ""},
		"a name that is longer": {hosts("x--api--" + ns + "." + portsDomain), "hosts must be"},
	} {
		o := good.DeepCopy()
		tc.spoil(o)
		eventually(t, name, func(ctx context.Context) bool { // a claim takes a moment to reach the policy
			_, err := objects(t, admin).Resource(vs).Namespace(ns).Create(ctx, o, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			switch {
			case ctx.Err() != nil:
				return false
			case tc.refusal != "":
				return contains(err, tc.refusal)
			case strings.HasPrefix(name, "a held port"):
				return apierrors.IsForbidden(err) || apierrors.IsInvalid(err)
			}
			return err == nil
		})
	}
}
