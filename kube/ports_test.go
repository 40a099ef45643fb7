package kube_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// TestPortsAfterAnyFailure fails each write of a create with a port, the one
// between the claim and the route included, then runs it again or undoes it.
func TestPortsAfterAnyFailure(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	const first = 41060
	inst := ports(t, admin, first, first+15)
	counting, s := sabotaged(t, "", 0)
	whole := ported(t, namespace(t, admin, nil), "api", inst)
	create(t, counting, whole)
	consistent(t, admin, inst, whole.Ref)
	for _, mode := range []string{"500", "lost answer", "killed"} {
		// From the Deployment on; what comes before knows nothing of ports.
		for at := s.writes - 8; at <= s.writes; at++ {
			t.Run(fmt.Sprintf("%s at write %d", mode, at), func(t *testing.T) {
				t.Parallel()
				broken, _ := sabotaged(t, mode, at)
				req := ported(t, namespace(t, admin, nil), "api", inst)
				made, err := broken.Create(t.Context(), req, nil)
				if err != nil {
					if made, err = admin.Create(t.Context(), req, nil); err != nil {
						t.Fatalf("running it again: %v", err)
					}
				}
				consistent(t, admin, inst, req.Ref)
				if _, err := admin.Undo(t.Context(), req.Ref, made.Operation, inst, nil); err != nil {
					t.Errorf("undoing: %v", err)
				}
				unclaimed(t, admin, inst, req.Ref)

				broken, _ = sabotaged(t, mode, at)
				req = ported(t, namespace(t, admin, nil), "api", inst)
				if made, err = broken.Create(t.Context(), req, nil); err == nil {
					err = admin.Delete(t.Context(), req.Ref, made.UID, inst, nil)
				} else {
					_, err = admin.Undo(t.Context(), req.Ref, made.Operation, inst, nil)
				}
				if err != nil {
					t.Error(err)
				}
				unclaimed(t, admin, inst, req.Ref)
			})
		}
	}
}

// unclaimed checks that a workspace holds no port and has no route.
func unclaimed(t *testing.T, c *kube.Client, inst workspace.Installation, ref workspace.Ref) {
	t.Helper()
	for port, claim := range claimsOn(t, c, inst) {
		if claim.Ref == ref {
			t.Errorf("%s still holds port %d", ref, port)
		}
	}
	if port := routedPort(t, c, ref); port != 0 {
		t.Errorf("port %d still leads to %s", port, ref)
	}
}

// TestAPortStaysWithItsWorkspace follows one through its life: stop keeps the
// port, delete frees it, restore takes the same again unless somebody has it.
func TestAPortStaysWithItsWorkspace(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	inst := ports(t, c, 41080, 41082)
	ns := namespace(t, c, nil)
	api := ported(t, ns, "api", inst)
	made := create(t, c, api)
	port := consistent(t, c, inst, api.Ref)
	for _, do := range []func() error{
		func() error { return c.Stop(t.Context(), api.Ref, made.UID) },
		func() error { return c.Start(t.Context(), api.Ref, made.UID) },
		func() error { return c.Restart(t.Context(), api.Ref, made.UID) },
		func() error {
			e, err := c.Plan(t.Context(), api.Ref, made.UID, inst, func(s *workspace.Spec) error { s.Image = "debian:13"; return nil })
			if err != nil {
				return err
			}
			if strings.Contains(e.Diff, "virtualservice") {
				return fmt.Errorf("an edit of the image changes the route:\n%s", e.Diff)
			}
			return e.Apply(t.Context(), nil)
		},
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
		if now := consistent(t, c, inst, api.Ref); now != port {
			t.Errorf("the port was %d and is %d", port, now)
		}
	}
	remove := func() {
		t.Helper()
		if err := c.Delete(t.Context(), api.Ref, "", inst, nil); err != nil {
			t.Fatal(err)
		}
		unclaimed(t, c, inst, api.Ref)
	}
	back := func() int {
		t.Helper()
		if _, err := c.Restore(t.Context(), kube.RestoreRequest{Ref: api.Ref, Installation: inst}, nil); err != nil {
			t.Fatal(err)
		}
		return consistent(t, c, inst, api.Ref)
	}
	remove()
	if now := back(); now != port {
		t.Errorf("restored with port %d, was %d", now, port)
	}
	remove()
	others := map[int]workspace.Ref{}
	for _, name := range []string{"b", "c", "d"} {
		req := ported(t, ns, name, inst)
		create(t, c, req)
		others[consistent(t, c, inst, req.Ref)] = req.Ref
	}
	// Nothing is written where there is no port.
	if _, err := c.Restore(t.Context(), kube.RestoreRequest{Ref: api.Ref, Installation: inst}, nil); !errors.Is(err, kube.ErrNoPort) || !strings.Contains(workspace.HintOf(err), "berth gateway check") {
		t.Errorf("restoring without a port: %v with hint %q", err, workspace.HintOf(err))
	}
	if _, err := c.Preflight(t.Context(), workspace.Ref{Namespace: ns, Name: "e"}, api.Spec, inst); !errors.Is(err, kube.ErrNoPort) {
		t.Errorf("preflight without a port: %v", err)
	}
	if d, err := c.Interface().AppsV1().Deployments(ns).Get(t.Context(), "api", metav1.GetOptions{}); err == nil {
		t.Errorf("Deployment %s was made", d.Name)
	}
	for other, ref := range others {
		if other == port {
			continue
		}
		if err := c.Delete(t.Context(), ref, "", inst, nil); err != nil {
			t.Fatal(err)
		}
		if now := back(); now != other {
			t.Errorf("restored with port %d, only %d was free", now, other)
		}
		return
	}
}

// TestAVoidClaimIsTakenOver removes a workspace by other means: its claim is
// taken over when it is old, known to be void, and nothing leads from its port.
func TestAVoidClaimIsTakenOver(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	const port = 41090
	inst := ports(t, c, port, port)
	old := ported(t, namespace(t, c, nil), "old", inst)
	create(t, c, old)
	next := ported(t, namespace(t, c, nil), "next", inst)
	refused := func(c *kube.Client, when string) {
		t.Helper()
		if _, err := c.Create(t.Context(), next, nil); !errors.Is(err, kube.ErrNoPort) {
			t.Fatalf("%s: %v", when, err)
		}
		if claim := claimsOn(t, c, inst)[port]; claim.Ref != old.Ref {
			t.Fatalf("%s: it is held by %+v", when, claim)
		}
	}
	long := metav1.NewMicroTime(time.Now().Add(-time.Hour))
	age(t, c, port, long)
	refused(c, "the workspace is there")
	if err := c.Interface().AppsV1().Deployments(old.Ref.Namespace).Delete(t.Context(), "old", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	refused(c, "its route is there")
	if err := objects(t, c).Resource(vs).Namespace(old.Ref.Namespace).Delete(t.Context(), "old", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	age(t, c, port, metav1.NewMicroTime(time.Now()))
	refused(c, "the claim is young")
	age(t, c, port, long)
	before, err := leasesOf(c).Get(t.Context(), route.ClaimName(port), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(t.Context(), next, nil); err != nil {
		t.Fatal(err)
	}
	consistent(t, c, inst, next.Ref)
	after, err := leasesOf(c).Get(t.Context(), route.ClaimName(port), metav1.GetOptions{})
	if err != nil || after.UID != before.UID {
		t.Errorf("the port was free for a moment: %v, Lease %s, was %s", err, after.UID, before.UID)
	}
	// Who was away comes back to find the port taken, and frees nobody's.
	if err := c.Delete(t.Context(), old.Ref, "", inst, nil); err != nil {
		t.Fatal(err)
	}
	consistent(t, c, inst, next.Ref)
}

// TestAPredecessorsPortIsTakenOverAtOnce makes a workspace again whose
// Deployment somebody has removed.
func TestAPredecessorsPortIsTakenOverAtOnce(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	inst := ports(t, c, 41092, 41099)
	req := ported(t, namespace(t, c, nil), "api", inst)
	create(t, c, req)
	port := consistent(t, c, inst, req.Ref)
	if err := c.Interface().AppsV1().Deployments(req.Ref.Namespace).Delete(t.Context(), "api", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Restore(t.Context(), kube.RestoreRequest{Ref: req.Ref, Installation: inst}, nil); err != nil {
		t.Fatal(err)
	}
	if now := consistent(t, c, inst, req.Ref); now != port {
		t.Errorf("the port was %d and is %d", port, now)
	}
}

// TestAClaimTakenOverMeanwhileIsNotFreed hands a claim on between the look and
// the delete.
func TestAClaimTakenOverMeanwhileIsNotFreed(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	const port = 41100
	inst := ports(t, admin, port, port)
	req := ported(t, namespace(t, admin, nil), "api", inst)
	create(t, admin, req)
	other := workspace.Ref{Namespace: namespace(t, admin, nil), Name: "other"}
	m := &meddler{path: "/leases/", meddle: func(int32) {
		lease, err := leasesOf(admin).Get(context.Background(), route.ClaimName(port), metav1.GetOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		next := route.Claim{Port: port, Ref: other, UID: "d-2", Since: time.Now()}.Lease()
		next.UID, next.ResourceVersion = lease.UID, lease.ResourceVersion
		if _, err := leasesOf(admin).Update(context.Background(), next, metav1.UpdateOptions{}); err != nil {
			t.Error(err)
		}
	}}
	c := client(t, func(config *rest.Config) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			m.next = next
			return m
		})
	})
	if err := c.Delete(t.Context(), req.Ref, "", inst, nil); err != nil {
		t.Fatal(err)
	}
	if claim := claimsOn(t, admin, inst)[port]; claim.Ref != other || m.count.Load() != 1 {
		t.Errorf("after %d deletes the port is held by %+v", m.count.Load(), claim)
	}
}

// TestARouteWaitsForThePolicy has the policy know a port's last holder only,
// as it does until its cache has the new claim.
func TestARouteWaitsForThePolicy(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	inst := ports(t, admin, 41106, 41107)
	req := ported(t, namespace(t, admin, nil), "api", inst)
	s := &stalePolicy{times: 3}
	c := client(t, func(config *rest.Config) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			s.next = next
			return s
		})
	})
	create(t, c, req)
	consistent(t, admin, inst, req.Ref)
	if s.times != 0 {
		t.Errorf("%d refusals are left", s.times)
	}
}

// stalePolicy refuses routes some times.
type stalePolicy struct {
	next  http.RoundTripper
	times int
}

// RoundTrip implements http.RoundTripper; requests of one create come one by
// one.
func (s *stalePolicy) RoundTrip(req *http.Request) (*http.Response, error) {
	if s.times == 0 || req.Method != http.MethodPost || !strings.Contains(req.URL.Path, "/virtualservices") {
		return s.next.RoundTrip(req)
	}
	s.times--
	resp := refusal(req, "403")
	body := strings.Replace(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"berth-port-41106 HELD"}`, "HELD", route.PortHeld, 1)
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return resp, nil
}

// TestAnEditHealsARoute gives a port to a workspace that was made before the
// gateway had any, and another to one whose port was taken away.
func TestAnEditHealsARoute(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	inst := ports(t, c, 41102, 41103)
	req := ported(t, namespace(t, c, nil), "api", workspace.Installation{})
	made := create(t, c, req)
	edit := func() {
		t.Helper()
		e, err := c.Plan(t.Context(), req.Ref, made.UID, inst, func(*workspace.Spec) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Apply(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	edit()
	port := consistent(t, c, inst, req.Ref)
	lease, err := leasesOf(c).Get(t.Context(), route.ClaimName(port), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	thief := route.Claim{Port: port, Ref: workspace.Ref{Namespace: req.Ref.Namespace, Name: "thief"}, UID: "d-3", Since: time.Now()}.Lease()
	thief.UID, thief.ResourceVersion = lease.UID, lease.ResourceVersion
	if _, err := leasesOf(c).Update(t.Context(), thief, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	edit()
	if now := consistent(t, c, inst, req.Ref); now == port {
		t.Errorf("it still goes by port %d", port)
	}
}
