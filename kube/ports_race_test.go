package kube_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// TestManySeekersNeverShareAPort has forty laptops create workspaces on sixteen
// ports at once, delete them and create them again. At no moment do two routes
// lead from one port, or one from a port that its workspace does not hold.
func TestManySeekersNeverShareAPort(t *testing.T) {
	t.Parallel()
	const seekers, first, last = 40, 41000, 41015
	admin := client(t, nil)
	inst := ports(t, admin, first, last)
	ns := namespace(t, admin, nil)
	var working, looking sync.WaitGroup
	done := make(chan struct{})
	looking.Go(func() { neverTwice(t, admin, ns, done) })
	var mu sync.Mutex // guards full
	full := 0
	for i := range seekers {
		req := ported(t, ns, fmt.Sprintf("w%d", i), inst)
		c := orderly(t, admin, ns)
		working.Go(func() {
			for round := range 2 {
				_, err := c.Create(t.Context(), req, nil)
				switch {
				case errors.Is(err, kube.ErrNoPort) && errors.Is(err, workspace.ErrConflict):
					mu.Lock()
					full++
					mu.Unlock()
				case err != nil:
					t.Errorf("%s: %v", req.Ref, err)
					return
				case round == 0 && i%2 == 0:
					if err := c.Delete(t.Context(), req.Ref, "", inst, nil); err != nil {
						t.Errorf("deleting %s: %v", req.Ref, err)
						return
					}
				default:
					return
				}
				if round == 0 && err == nil { // what is deleted is restored
					if _, err := c.Restore(t.Context(), kube.RestoreRequest{Ref: req.Ref, Installation: inst}, nil); err != nil && !errors.Is(err, kube.ErrNoPort) {
						t.Errorf("restoring %s: %v", req.Ref, err)
					}
					return
				}
			}
		})
	}
	working.Wait()
	close(done)
	looking.Wait()
	held := claimsOn(t, admin, inst)
	if len(held) != last-first+1 || full == 0 {
		t.Errorf("%d ports are held and %d seekers found none", len(held), full)
	}
	for _, claim := range held {
		consistent(t, admin, inst, claim.Ref)
	}
}

// neverTwice looks at all routes of a namespace again and again: a list is one
// moment.
func neverTwice(t *testing.T, c *kube.Client, ns string, done <-chan struct{}) {
	t.Helper()
	for looks := 0; ; looks++ {
		list, err := objects(t, c).Resource(vs).Namespace(ns).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		by := map[int]string{}
		for i := range list.Items {
			for _, port := range route.RoutedPorts(&list.Items[i]) {
				if by[port] != "" {
					t.Errorf("port %d leads to %s and to %s", port, by[port], list.Items[i].GetName())
				}
				by[port] = list.Items[i].GetName()
			}
		}
		select {
		case <-done:
			t.Logf("looked %d times", looks)
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// order checks each write of a client before it happens.
type order struct {
	t     *testing.T
	next  http.RoundTripper
	admin *kube.Client
	ns    string
}

// orderly returns a client whose every route leads from a port that its
// workspace holds at that moment, and which frees no port that still leads
// somewhere.
func orderly(t *testing.T, admin *kube.Client, ns string) *kube.Client {
	t.Helper()
	return client(t, func(config *rest.Config) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &order{t, next, admin, ns} })
	})
}

// RoundTrip implements http.RoundTripper.
func (o *order) RoundTrip(req *http.Request) (*http.Response, error) {
	_, name, isLease := strings.Cut(req.URL.Path, "/leases/")
	switch {
	case isLease && req.Method == http.MethodDelete:
		o.frees(name)
	case strings.Contains(req.URL.Path, "/virtualservices") && (req.Method == http.MethodPost || req.Method == http.MethodPatch):
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		o.leads(text)
	}
	return o.next.RoundTrip(req)
}

// frees checks that nothing leads from the port of a Lease.
func (o *order) frees(lease string) {
	list, err := objects(o.t, o.admin).Resource(vs).Namespace(o.ns).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		o.t.Error(err)
		return
	}
	for i := range list.Items {
		for _, port := range route.RoutedPorts(&list.Items[i]) {
			if route.ClaimName(port) == lease {
				o.t.Errorf("%s is freed while it leads to %s", lease, list.Items[i].GetName())
			}
		}
	}
}

// leads checks that the workspace of a route holds its port.
func (o *order) leads(text []byte) {
	way := &unstructured.Unstructured{}
	if err := way.UnmarshalJSON(text); err != nil {
		return // a patch of managed fields only
	}
	for _, port := range route.RoutedPorts(way) {
		lease, err := leasesOf(o.admin).Get(context.Background(), route.ClaimName(port), metav1.GetOptions{})
		if err != nil {
			o.t.Errorf("%s is to lead from port %d: %v", way.GetName(), port, err)
			continue
		}
		if claim, ok := route.ParseClaim(lease); !ok || claim.Ref.Name != way.GetName() {
			o.t.Errorf("%s is to lead from port %d, which %s holds", way.GetName(), port, claim.Ref)
		}
	}
}

// TestRunsOfOneCreateAgreeOnAPort continues the same create from many laptops.
func TestRunsOfOneCreateAgreeOnAPort(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	inst := ports(t, admin, 41020, 41051)
	req := ported(t, namespace(t, admin, nil), "api", inst)
	var running sync.WaitGroup
	for range 8 {
		c := client(t, nil)
		running.Go(func() {
			if _, err := c.Create(t.Context(), req, nil); err != nil && !errors.Is(err, workspace.ErrConflict) {
				t.Error(err)
			}
		})
	}
	running.Wait()
	consistent(t, admin, inst, req.Ref)
}
