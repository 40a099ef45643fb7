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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// saboteur fails the at-th write that passes through it, and all after it when
// it is to look like a killed program.
type saboteur struct {
	next http.RoundTripper
	mode string
	at   int

	mu     sync.Mutex // guards writes
	writes int
}

// modes are how a write can fail.
var modes = []string{"403", "409", "500", "lost answer", "killed"}

func (s *saboteur) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet || strings.Contains(req.URL.Path, "selfsubjectaccessreviews") {
		return s.next.RoundTrip(req)
	}
	s.mu.Lock()
	s.writes++
	n := s.writes
	s.mu.Unlock()
	if n < s.at || (n > s.at && s.mode != "killed") || s.at == 0 {
		return s.next.RoundTrip(req)
	}
	switch s.mode {
	case "killed":
		return nil, context.Canceled
	case "lost answer":
		resp, err := s.next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		_ = resp.Body.Close()
		return nil, fmt.Errorf("the answer is lost: %w", io.ErrUnexpectedEOF)
	}
	return refusal(req, s.mode), nil
}

// refusal is an answer as the API server gives it.
func refusal(req *http.Request, code string) *http.Response {
	status := map[string]string{"403": "Forbidden", "409": "Conflict", "500": "InternalError"}
	number := map[string]int{"403": 403, "409": 409, "500": 500}
	body := fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"injected","reason":%q,"code":%d}`, status[code], number[code])
	return &http.Response{
		StatusCode: number[code], Status: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// sabotaged returns a client whose at-th write fails.
func sabotaged(t *testing.T, mode string, at int) (*kube.Client, *saboteur) {
	t.Helper()
	s := &saboteur{mode: mode, at: at}
	return client(t, func(config *rest.Config) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			s.next = next
			return s
		})
	}), s
}

// countWrites returns how many writes a create takes.
func countWrites(t *testing.T, admin *kube.Client) int {
	t.Helper()
	c, s := sabotaged(t, "", 0)
	create(t, c, request(t, namespace(t, admin, nil)))
	return s.writes
}

// TestCreateAfterAnyFailure fails each write of a create in each way, then
// runs it again, which completes it, or undoes it, which leaves nothing.
func TestCreateAfterAnyFailure(t *testing.T) {
	admin := client(t, nil)
	writes := countWrites(t, admin)
	if writes < 8 {
		t.Fatalf("a create takes %d writes, which is less than one for each object", writes)
	}
	for _, mode := range modes {
		for at := 1; at <= writes; at++ {
			t.Run(fmt.Sprintf("%s at write %d", mode, at), func(t *testing.T) {
				t.Parallel()
				resumeAfter(t, admin, mode, at)
				if mode == "killed" || mode == "lost answer" {
					undoAfter(t, admin, mode, at) // the others stop at the same place
				}
			})
		}
	}
}

// unscheduled is a request whose pod no node takes: these tests are about
// objects, and a hundred SSH servers would only slow them down.
func unscheduled(t *testing.T, ns string) kube.Request {
	t.Helper()
	req := request(t, ns)
	req.Spec.NodeSelector = map[string]string{"nowhere": "true"}
	return req
}

func resumeAfter(t *testing.T, admin *kube.Client, mode string, at int) {
	t.Helper()
	ns := namespace(t, admin, nil)
	req := unscheduled(t, ns)
	broken, _ := sabotaged(t, mode, at)
	first, err := broken.Create(t.Context(), req, nil)
	if err == nil {
		return // a conflict or a lost answer that the create looked into and survived
	}
	var step *kube.StepError
	if !errors.As(err, &step) || step.Step == "" {
		t.Errorf("the error names no step: %v", err)
	}
	req.Identity = identity(t) // another run makes another key, and must not use it
	second, err := admin.Create(t.Context(), req, nil)
	if err != nil {
		t.Fatalf("running it again: %v (first: %+v)", err, first)
	}
	complete(t, admin, req.Ref, second)
}

func undoAfter(t *testing.T, admin *kube.Client, mode string, at int) {
	t.Helper()
	ns := namespace(t, admin, nil)
	req := unscheduled(t, ns)
	broken, _ := sabotaged(t, mode, at)
	made, err := broken.Create(t.Context(), req, nil)
	if err == nil {
		return
	}
	kept, err := admin.Undo(t.Context(), req.Ref, made.Operation, workspace.Installation{}, nil)
	if err != nil {
		t.Fatalf("undoing: %v", err)
	}
	if left := ownObjects(t, admin, ns); len(left) != len(kept) {
		t.Errorf("undo left %v and says %v", left, kept)
	}
}

// complete checks that a workspace has all its objects, one identity, and the
// owners that a create leaves.
func complete(t *testing.T, c *kube.Client, ref workspace.Ref, made kube.Created) {
	t.Helper()
	if got := ownObjects(t, c, ref.Namespace); len(got) != 6 {
		t.Errorf("objects are %v", got)
	}
	d, err := c.Interface().AppsV1().Deployments(ref.Namespace).Get(t.Context(), ref.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if *d.Spec.Replicas != 1 || owners(d.ManagedFields, `"f:replicas"`) != "berth-scale/Apply" {
		t.Errorf("replicas is %d and belongs to %q", *d.Spec.Replicas, owners(d.ManagedFields, `"f:replicas"`))
	}
	if got := owners(d.ManagedFields, `"f:template"`); got != "berth/Apply" {
		t.Errorf("the template belongs to %q", got)
	}
	key, err := c.HostKey(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	claim, err := c.Interface().CoreV1().PersistentVolumeClaims(ref.Namespace).Get(t.Context(), ref.ClaimName(), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if made.HostKey != key || d.Annotations[workspace.AnnotationHostKey] != key || claim.Annotations[workspace.AnnotationHostKey] != key {
		t.Errorf("host keys differ:\nsecret     %s\ncreated    %s\ndeployment %s\nclaim      %s",
			key, made.HostKey, d.Annotations[workspace.AnnotationHostKey], claim.Annotations[workspace.AnnotationHostKey])
	}
}

// ownObjects lists what berth has made in a namespace, by kind.
func ownObjects(t *testing.T, c *kube.Client, ns string) []string {
	t.Helper()
	var out []string
	ours := metav1.ListOptions{LabelSelector: workspace.LabelManagedBy + "=" + workspace.ManagedBy}
	add := func(kind string, n int, err error) {
		if err != nil {
			t.Fatalf("listing %s: %v", kind, err)
		}
		for range n {
			out = append(out, kind)
		}
	}
	core, ctx := c.Interface().CoreV1(), t.Context()
	secrets, err := core.Secrets(ns).List(ctx, ours)
	add("secret", len(secrets.Items), err)
	claims, err := core.PersistentVolumeClaims(ns).List(ctx, ours)
	live := 0
	for _, claim := range claims.Items {
		if claim.DeletionTimestamp == nil {
			live++ // the others wait for the volume controller only
		}
	}
	add("claim", live, err)
	maps, err := core.ConfigMaps(ns).List(ctx, ours)
	add("configmap", len(maps.Items), err)
	services, err := core.Services(ns).List(ctx, ours)
	add("service", len(services.Items), err)
	budgets, err := c.Interface().PolicyV1().PodDisruptionBudgets(ns).List(ctx, ours)
	add("budget", len(budgets.Items), err)
	deployments, err := c.Interface().AppsV1().Deployments(ns).List(ctx, ours)
	add("deployment", len(deployments.Items), err)
	return out
}

// contains reports whether the error's text has every part.
func contains(err error, parts ...string) bool {
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			return false
		}
	}
	return true
}
