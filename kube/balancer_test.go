package kube_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// balanced is an installation where each workspace has a load balancer.
func balanced() workspace.Installation {
	return workspace.Installation{Version: 1, Gateway: workspace.Gateway{
		Kind: "load-balancer", Annotations: map[string]string{"cloud.example/type": "external"}, SourceRanges: []string{"203.0.113.0/24"},
	}}
}

// assign does what a cloud's controller does when it has made a load balancer.
func assign(t *testing.T, c *kube.Client, ref workspace.Ref, status string) {
	t.Helper()
	_, err := c.Interface().CoreV1().Services(ref.Namespace).Patch(t.Context(), ref.BalancerName(), types.MergePatchType,
		[]byte(`{"status":{"loadBalancer":`+status+`}}`), metav1.PatchOptions{}, "status")
	if err != nil {
		t.Fatal(err)
	}
}

func states(t *testing.T, c *kube.Client, ref workspace.Ref) map[string]workspace.Object {
	t.Helper()
	list, err := c.Objects(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]workspace.Object{}
	for _, o := range list {
		out[o.Kind+"/"+o.Name] = o
	}
	return out
}

// TestALoadBalancerFollowsItsWorkspace goes from the Service that is pending,
// through its address, to the delete that takes it along.
func TestALoadBalancerFollowsItsWorkspace(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	req.Installation = balanced()
	made := create(t, c, req)
	services := c.Interface().CoreV1().Services(req.Ref.Namespace)
	lb, err := services.Get(t.Context(), "api-lb", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if lb.Spec.Type != corev1.ServiceTypeLoadBalancer || lb.Annotations["cloud.example/type"] != "external" || len(lb.Spec.LoadBalancerSourceRanges) != 1 ||
		lb.Spec.Ports[0].Port != 22 || lb.Spec.Ports[0].TargetPort.IntValue() != 2222 {
		t.Errorf("the Service is %+v %v", lb.Spec, lb.Annotations)
	}
	w := watchingAs(t, c, kube.WatchConfig{Namespace: req.Ref.Namespace, Cluster: "c-1", Installation: req.Installation})
	row := w.awaitRow("api", workspace.Running)
	if row.Route.Direct() != "" || row.Status.Reason != workspace.ReasonAddressPending {
		t.Errorf("pending: address %q, %s: %s", row.Route.Direct(), row.Status.Reason, row.Status.Sentence)
	}
	// What the cloud says about it becomes evidence, as long as it is pending.
	_, err = c.Interface().CoreV1().Events(req.Ref.Namespace).Create(t.Context(), &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{GenerateName: "api-lb."},
		InvolvedObject: corev1.ObjectReference{Kind: "Service", Namespace: req.Ref.Namespace, Name: "api-lb", UID: lb.UID, APIVersion: "v1"},
		Type:           "Warning", Reason: "SyncLoadBalancerFailed", Message: "Error syncing load balancer: no address is left",
		FirstTimestamp: metav1.Now(), LastTimestamp: metav1.Now(), Count: 1,
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.await("the cloud's words", func(s workspace.Snapshot) bool {
		return strings.Contains(find(s, "api").Status.Sentence, "no address is left")
	})
	events, err := c.Events(t.Context(), req.Ref)
	if err != nil || !slices.ContainsFunc(events, func(e workspace.Event) bool { return e.Object == "Service/api-lb" }) {
		t.Errorf("events are %v, %v", events, err)
	}
	for status, want := range map[string]string{
		`{"ingress":[{"hostname":"lb-7.cloud.example"}]}`:              "lb-7.cloud.example:22",
		`{"ingress":[{"ip":"203.0.113.7"},{"ip":"203.0.113.8"}]}`:      "203.0.113.7:22",
		`{"ingress":[{"ip":"2001:db8::7"}]}`:                           "[2001:db8::7]:22",
		`{"ingress":[{"ip":"203.0.113.9","hostname":"lb.cloud.org"}]}`: "203.0.113.9:22",
	} {
		assign(t, c, req.Ref, status)
		w.await("address "+want, func(s workspace.Snapshot) bool {
			row := find(s, "api")
			return row.Route.Direct() == want && row.Status.Reason == workspace.ReasonReady
		})
	}
	assign(t, c, req.Ref, `null`)
	w.await("no address", func(s workspace.Snapshot) bool { return find(s, "api").Route.Direct() == "" })
	for range 2 {
		if err := c.Delete(t.Context(), req.Ref, made.UID, req.Installation, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := services.Get(t.Context(), "api-lb", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the load balancer is still there: %v", err)
	}
	back, err := c.Restore(t.Context(), kube.RestoreRequest{Ref: req.Ref, Installation: req.Installation}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Undo(t.Context(), req.Ref, back.Operation, req.Installation, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := services.Get(t.Context(), "api-lb", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("undo left the load balancer: %v", err)
	}
}

// TestALoadBalancerOfAnEarlierKindGoesToo deletes a workspace after the
// administrator has changed the kind.
func TestALoadBalancerOfAnEarlierKindGoesToo(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	req := unscheduled(t, namespace(t, c, nil))
	req.Installation = balanced()
	made := create(t, c, req)
	anew := func(inst workspace.Installation) *kube.Edit {
		t.Helper()
		e, err := c.Plan(t.Context(), req.Ref, made.UID, inst, func(*workspace.Spec) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Apply(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		return e
	}
	services := c.Interface().CoreV1().Services(req.Ref.Namespace)
	if e := anew(workspace.Installation{}); !strings.Contains(e.Diff, "service api-lb") || e.Restarts {
		t.Errorf("without the kind an edit changes\n%s", e.Diff)
	}
	if _, err := services.Get(t.Context(), "api-lb", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("an edit leaves the load balancer: %v", err)
	}
	anew(balanced())
	if _, err := services.Get(t.Context(), "api-lb", metav1.GetOptions{}); err != nil {
		t.Errorf("an edit makes no load balancer: %v", err)
	}
	if err := c.Delete(t.Context(), req.Ref, made.UID, workspace.Installation{}, nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(ownObjects(t, c, req.Ref.Namespace), " "); got != "secret claim" {
		t.Errorf("delete left %q", got)
	}
}

// TestLoadBalancersTakeNobodysName refuses both ways round, before anything is
// written.
func TestLoadBalancersTakeNobodysName(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	for first, second := range map[string]string{"api": "api-lb", "web-lb": "web"} {
		ns := namespace(t, c, nil)
		req := unscheduled(t, ns)
		req.Ref.Name, req.Installation = first, balanced()
		create(t, c, req)
		_, err := c.Preflight(t.Context(), workspace.Ref{Namespace: ns, Name: second}, req.Spec, balanced())
		if !errors.Is(err, workspace.ErrConflict) || !contains(err, "-lb exists and is not this workspace's") {
			t.Errorf("%s beside %s: %v", second, first, err)
		}
	}
}

// TestQuotasCountLoadBalancers sees a quota without room for one.
func TestQuotasCountLoadBalancers(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	ns := namespace(t, c, nil)
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "q"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourceServicesLoadBalancers: resource.MustParse("0")}},
	}
	if _, err := c.Interface().CoreV1().ResourceQuotas(ns).Create(t.Context(), quota, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	req := unscheduled(t, ns)
	eventually(t, "the quota is counted", func(ctx context.Context) bool {
		q, err := c.Interface().CoreV1().ResourceQuotas(ns).Get(ctx, "q", metav1.GetOptions{})
		return err == nil && len(q.Status.Hard) > 0
	})
	if _, err := c.Preflight(t.Context(), req.Ref, req.Spec, balanced()); !contains(err, "services.loadbalancers: asked for 1, used 0 of 0") {
		t.Errorf("preflight: %v", err)
	}
	if _, err := c.Preflight(t.Context(), req.Ref, req.Spec, workspace.Installation{}); err != nil {
		t.Errorf("preflight of another kind: %v", err)
	}
}

// counter counts requests for Services.
type counter struct {
	next     http.RoundTripper
	services atomic.Int32
}

// RoundTrip implements http.RoundTripper.
func (c *counter) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/services") {
		c.services.Add(1)
		if got := req.URL.Query().Get("labelSelector"); !strings.Contains(got, "berth.sh/route=load-balancer") {
			return refusal(req, "500"), nil // others' Services are nobody's business
		}
	}
	return c.next.RoundTrip(req)
}

// TestServicesAreWatchedOnlyForLoadBalancers counts what a list asks for.
func TestServicesAreWatchedOnlyForLoadBalancers(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	ns := namespace(t, admin, nil)
	bare(t, admin, ns, "api")
	for kind, wants := range map[string]bool{"istio": false, "tcp-port": false, "load-balancer": true} {
		var count counter
		c := client(t, func(config *rest.Config) {
			config.Wrap(func(next http.RoundTripper) http.RoundTripper {
				count.next = next
				return &count
			})
		})
		w := watchingAs(t, c, kube.WatchConfig{Namespace: ns, Cluster: "c-1", Installation: workspace.Installation{Gateway: workspace.Gateway{Kind: kind}}})
		w.await("the list of kind "+kind, func(s workspace.Snapshot) bool { return s.Live() && len(s.Workspaces) == 1 })
		if got := count.services.Load() > 0; got != wants {
			t.Errorf("kind %s: Services are watched: %v", kind, got)
		}
	}
}

// TestAListWithoutServicesIsPartial keeps aliases as they are: addresses that
// cannot be seen are not addresses that are gone.
func TestAListWithoutServicesIsPartial(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	ns := namespace(t, admin, nil)
	bare(t, admin, ns, "api")
	c := as(t, admin, ns, "lister-of-"+ns, []permission{
		{"apps", "deployments", "list"},
		{"apps", "deployments", "watch"},
		{"", "persistentvolumeclaims", "list"},
		{"", "persistentvolumeclaims", "watch"},
		{"", "pods", "list"},
		{"", "pods", "watch"},
	})
	w := watchingAs(t, c, kube.WatchConfig{Namespace: ns, Cluster: "c-1", Installation: balanced()})
	w.await("a partial list", func(s workspace.Snapshot) bool {
		return s.Synced && len(s.Workspaces) == 1 && len(s.Denied) == 1 && s.Denied[0].Resource == "services"
	})
}

// publisher answers for the ConfigMap that the cluster publishes: other tests
// on this cluster live by the real one.
type publisher struct {
	next http.RoundTripper
	text *string
}

// RoundTrip implements http.RoundTripper.
func (p publisher) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/namespaces/"+workspace.GatewayNamespace+"/configmaps/"+workspace.InstallationName) {
		return p.next.RoundTrip(r)
	}
	body, err := json.Marshal(&corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Namespace: workspace.GatewayNamespace, Name: workspace.InstallationName},
		Data:       map[string]string{workspace.InstallationKey: *p.text},
	})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)),
	}, nil
}

// TestObjectsShowPortAndAddress reads the detail's list of objects, which goes
// by what the cluster publishes.
func TestObjectsShowPortAndAddress(t *testing.T) {
	t.Parallel()
	published := ""
	c := client(t, func(config *rest.Config) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return publisher{next, &published} })
	})
	publish := func(text string) { published = text }
	inst := ports(t, c, 41130, 41131)

	publish("version: 1\ngateway: {kind: tcp-port, address: " + portsDomain + ", domain: " + portsDomain + ", ports: " + inst.Gateway.Ports + "}\n")
	req := ported(t, namespace(t, c, nil), "api", inst)
	create(t, c, req)
	port := consistent(t, c, inst, req.Ref)
	got := states(t, c, req.Ref)
	number := strconv.Itoa(port)
	if got["Route/tcp-port"].Detail != portsDomain+":"+number || got["Lease/berth-port-"+number].State != "held" || got["VirtualService/api"].State != "present" {
		t.Errorf("objects are %+v", got)
	}
	if _, err := c.Interface().AppsV1().Deployments(req.Ref.Namespace).Patch(t.Context(), "api", types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"berth.sh/port":null}}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if got = states(t, c, req.Ref); got["Lease/berth-port"].State != "missing" || !strings.Contains(got["Route/tcp-port"].Detail, "no port yet") {
		t.Errorf("without a port, objects are %+v", got)
	}

	publish("version: 1\ngateway: {kind: load-balancer}\n")
	lb := unscheduled(t, namespace(t, c, nil))
	lb.Installation = balanced()
	create(t, c, lb)
	if got = states(t, c, lb.Ref); got["Service/api-lb"].State != "pending" || !strings.Contains(got["Route/load-balancer"].Detail, "no address yet") {
		t.Errorf("pending, objects are %+v", got)
	}
	assign(t, c, lb.Ref, `{"ingress":[{"hostname":"lb-7.cloud.example"}]}`)
	if got = states(t, c, lb.Ref); got["Service/api-lb"].Detail != "lb-7.cloud.example" || got["Route/load-balancer"].Detail != "lb-7.cloud.example:22" {
		t.Errorf("objects are %+v", got)
	}
}

// TestWatchShowsThePort gives another laptop the same address.
func TestWatchShowsThePort(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	inst := ports(t, c, 41134, 41135)
	req := ported(t, namespace(t, c, nil), "api", inst)
	begun := time.Now()
	create(t, c, req)
	port := consistent(t, c, inst, req.Ref)
	w := watchingAs(t, c, kube.WatchConfig{Namespace: req.Ref.Namespace, Cluster: "c-1", Installation: inst})
	want := portsDomain + ":" + strconv.Itoa(port)
	w.await("address "+want, func(s workspace.Snapshot) bool { return find(s, "api").Route.Direct() == want })
	if claim := claimsOn(t, c, inst)[port]; claim.Since.Before(begun.Add(-time.Minute)) || claim.Since.After(time.Now().Add(time.Minute)) {
		t.Errorf("claimed at %v", claim.Since)
	}
}
