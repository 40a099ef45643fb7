package kube_test

// A gateway with ports, as far as the API server is concerned: Istio's
// VirtualService, the role and both admission policies of the manifest.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/kube/gateway"
	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

const (
	portsDomain = "ssh.acme.test"
	allPorts    = "41000-42023" // what the policy lets through; each test has a part of them
	fencePort   = 42023         // is always held
)

const virtualServices = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: virtualservices.networking.istio.io}
spec:
  group: networking.istio.io
  scope: Namespaced
  names: {kind: VirtualService, listKind: VirtualServiceList, plural: virtualservices, singular: virtualservice}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

var vs = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "virtualservices"}

// objects is a client for any kind.
func objects(t *testing.T, c *kube.Client) dynamic.Interface {
	t.Helper()
	d, err := dynamic.NewForConfig(c.REST())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// ports returns an installation with these ports, and makes the cluster one
// where they are fenced. The range must be the test's own.
func ports(t *testing.T, c *kube.Client, first, last int) workspace.Installation {
	t.Helper()
	manifest, err := gateway.Manifest(gateway.Options{Kind: route.KindTCPPort, Domain: portsDomain, Ports: allPorts})
	if err != nil {
		t.Fatal(err)
	}
	apply(t, c, []byte(virtualServices), "CustomResourceDefinition")
	apply(t, c, manifest, "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "Role")
	inst := workspace.Installation{Version: 1, Gateway: workspace.Gateway{
		Kind: route.KindTCPPort, Address: portsDomain, Domain: portsDomain, Ports: fmt.Sprintf("%d-%d", first, last),
	}}
	fenced(t, c)
	t.Cleanup(func() {
		for port := first; port <= last; port++ {
			if err := leasesOf(c).Delete(context.Background(), route.ClaimName(port), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
				t.Error(err)
			}
		}
	})
	return inst
}

// leasesOf reads and writes claims.
func leasesOf(c *kube.Client) coordination.LeaseInterface {
	return c.Interface().CoordinationV1().Leases(workspace.GatewayNamespace)
}

// apply creates the documents of some kinds; what is there stays.
func apply(t *testing.T, c *kube.Client, text []byte, kinds ...string) {
	t.Helper()
	docs := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := docs.Decode(&o.Object); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		wanted := false
		for _, kind := range kinds {
			wanted = wanted || o.GetKind() == kind
		}
		if !wanted {
			continue
		}
		gvr, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
		_, err := objects(t, c).Resource(gvr).Namespace(o.GetNamespace()).Create(t.Context(), o, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatalf("%s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
}

// fenced waits until VirtualServices are served and both policies are in force.
func fenced(t *testing.T, c *kube.Client) {
	t.Helper()
	inst := workspace.Installation{Gateway: workspace.Gateway{Domain: portsDomain}}
	taken := virtualService(t, workspace.Ref{Namespace: "default", Name: "x"}, inst, fencePort)
	foreign := taken.DeepCopy()
	foreign.SetNamespace("kube-public")
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "nobody"}}
	dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	fence := route.Claim{Port: fencePort, Ref: workspace.Ref{Namespace: "nobody", Name: "nobody"}, UID: "nobody"}.Lease()
	if _, err := leasesOf(c).Create(t.Context(), fence, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	var answers []error
	defer func() {
		if t.Failed() {
			t.Logf("the answers were %v", answers)
		}
	}()
	eventually(t, "the policies are in force", func(ctx context.Context) bool {
		_, route := objects(t, c).Resource(vs).Namespace("kube-public").Create(ctx, foreign, dry)
		_, claim := leasesOf(c).Create(ctx, lease, dry)
		_, port := objects(t, c).Resource(vs).Namespace("default").Create(ctx, taken, dry)
		if ctx.Err() == nil {
			answers = []error{route, claim, port}
		}
		return contains(route, "berth-virtualservices") && contains(claim, "berth-ports") && contains(port, "berth-held-ports")
	})
}

// virtualService is the route of a workspace on a port.
func virtualService(t *testing.T, ref workspace.Ref, inst workspace.Installation, port int) *unstructured.Unstructured {
	t.Helper()
	made, err := route.TCPPort{}.On(port).Objects(ref, inst)
	if err != nil {
		t.Fatal(err)
	}
	o, ok := made[0].(*unstructured.Unstructured)
	if !ok {
		t.Fatalf("it is %T", made[0])
	}
	return o
}

// ported is a create with a port that no node runs.
func ported(t *testing.T, ns, name string, inst workspace.Installation) kube.Request {
	t.Helper()
	req := unscheduled(t, ns)
	req.Ref.Name, req.Installation, req.Spec.NoPDB = name, inst, true
	return req
}

// routedPort is the port that the workspace's VirtualService takes; 0 is none.
func routedPort(t *testing.T, c *kube.Client, ref workspace.Ref) int {
	t.Helper()
	o, err := objects(t, c).Resource(vs).Namespace(ref.Namespace).Get(t.Context(), ref.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := route.RoutedPorts(o); len(got) == 1 {
		return got[0]
	}
	t.Fatalf("%s routes %v", ref, route.RoutedPorts(o))
	return 0
}

// decidedPort is the port that the workspace's Deployment goes by.
func decidedPort(t *testing.T, c *kube.Client, ref workspace.Ref) int {
	t.Helper()
	d, err := c.Interface().AppsV1().Deployments(ref.Namespace).Get(t.Context(), ref.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(d.Annotations[workspace.AnnotationPort])
	if err != nil {
		return 0
	}
	return port
}

// claimsOn reads who holds the ports of an installation.
func claimsOn(t *testing.T, c *kube.Client, inst workspace.Installation) map[int]route.Claim {
	t.Helper()
	list, err := leasesOf(c).List(t.Context(), metav1.ListOptions{LabelSelector: route.ClaimSelector()})
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]route.Claim{}
	for i := range list.Items {
		if claim, ok := route.ParseClaim(&list.Items[i]); ok && inst.Gateway.PortRange().Has(claim.Port) {
			out[claim.Port] = claim
		}
	}
	return out
}

// consistent checks that route, Deployment and claim agree, and returns the
// port.
func consistent(t *testing.T, c *kube.Client, inst workspace.Installation, ref workspace.Ref) int {
	t.Helper()
	d, err := c.Interface().AppsV1().Deployments(ref.Namespace).Get(t.Context(), ref.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	port, decided := routedPort(t, c, ref), decidedPort(t, c, ref)
	claim := claimsOn(t, c, inst)[port]
	if port == 0 || port != decided || claim.Ref != ref || claim.UID != string(d.UID) {
		t.Errorf("%s: route %d, Deployment %d, claim %+v, UID %s", ref, port, decided, claim, d.UID)
	}
	n := 0
	for _, other := range claimsOn(t, c, inst) {
		if other.Ref == ref {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%s holds %d ports", ref, n)
	}
	return port
}

// age makes a claim older.
func age(t *testing.T, c *kube.Client, port int, since metav1.MicroTime) {
	t.Helper()
	lease, err := leasesOf(c).Get(t.Context(), route.ClaimName(port), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lease.Spec.AcquireTime = &since
	if _, err := leasesOf(c).Update(t.Context(), lease, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}
