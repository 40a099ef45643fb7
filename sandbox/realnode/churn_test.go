//go:build linux && realnode

package realnode_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/sandbox/realnode/image"
	"github.com/berth-sh/berth/workspace"
)

// What neighbours do to a session: nothing.
const (
	neighbours = 1000
	sessions   = 200
	crowd      = 3000 // workspaces that are there while routes are timed

	asAPodStarts = 2 * time.Second
)

// BenchmarkNeighbours holds sessions through each kind of gateway while other
// workspaces are created and deleted by the program's own code. Each session
// sends numbered lines and compares what comes back.
func BenchmarkNeighbours(b *testing.B) {
	for _, kind := range []string{"istio", "istio-static", "istio-envoyfilter", "envoy", "envoy-gateway"} {
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				holdThroughChurn(b, kind)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func holdThroughChurn(b *testing.B, kind string) {
	bed := meshed(b, kind)
	bed.create("w", image.SSHD, "--cpu", "1500m", "--memory", "4Gi")
	held := bed.hold("w", sessions)
	begun := time.Now()
	f := newFleet(bed)
	f.create(neighbours)
	f.remove(neighbours)
	took := time.Since(begun)
	time.Sleep((meshDrain + 2) * time.Second) // what a change of the listener would cut is cut by now
	dropped, lost, bytes := held.stop()
	b.ReportMetric(float64(dropped), "dropped")
	b.ReportMetric(float64(lost), "lost-bytes")
	b.ReportMetric(float64(bytes)/float64(1<<20), "echoed-MiB")
	b.ReportMetric(took.Seconds(), "churn-s")
	if dropped > 0 || lost > 0 {
		b.Errorf("%s: %d of %d sessions dropped, %d bytes lost", kind, dropped, sessions, lost)
	}
	last := bed.hold("w", 1)
	bed.berth("delete", "w", "--wait", "--yes")
	if !last.ended(40 * time.Second) {
		b.Error("a deleted workspace kept its session")
	}
}

// BenchmarkRoute is what a gateway takes until it answers 200 for a workspace,
// with many others in place: from when its pod is ready ("ready"), with Service
// and route written two seconds before, as a create writes them before the pod
// starts; and from when its route is written ("route"), where the pod runs
// already. The others are what a gateway sees of a workspace: a Service with an
// endpoint, and a route that its controller has taken.
func BenchmarkRoute(b *testing.B) {
	for _, kind := range []string{"istio", "istio-static", "istio-envoyfilter", "envoy", "envoy-gateway"} {
		b.Run(kind, func(b *testing.B) {
			bed := meshed(b, kind)
			bed.create("w", image.SSHD)
			f := newFleet(bed)
			f.lay(crowd)
			var ready, routed []float64
			for b.Loop() {
				for range 12 {
					n := strconv.Itoa(len(ready))
					ready = append(ready, f.ready("r"+n).Seconds())
					routed = append(routed, f.routed("x"+n).Seconds())
				}
			}
			for what, took := range map[string][]float64{"ready": ready, "route": routed} {
				b.ReportMetric(median(took), what+"-s")
				b.ReportMetric(took[len(took)-1], what+"-max-s") // median has sorted them
			}
			b.ReportMetric(0, "ns/op")
			f.clear(crowd)
		})
	}
}

var httpRoutes = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}

// fleet makes workspaces that never run: no node has their label.
type fleet struct {
	bed    *bed
	client *kube.Client
	raw    dynamic.Interface
	inst   workspace.Installation
	spec   workspace.Spec
	id     kube.Identity

	service corev1.ServiceSpec // workspace w's, for other names of its pod
}

func newFleet(b *bed) *fleet {
	b.t.Helper()
	client, err := kube.New(kube.Options{Kubeconfig: node.kubeconfig, Adjust: func(c *rest.Config) { c.QPS = -1 }})
	if err != nil {
		b.t.Fatal(err)
	}
	f := &fleet{bed: b, client: client}
	if f.inst, err = client.Installation(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if f.raw, err = dynamic.NewForConfig(client.REST()); err != nil {
		b.t.Fatal(err)
	}
	plan, err := client.Preflight(b.t.Context(), f.ref(0), workspace.Spec{
		Image: image.SSHD, CPU: "100m", Memory: "64Mi", Disk: "1Gi", NodeSelector: map[string]string{"berth.sh/nowhere": "yes"},
	}, f.inst)
	if err != nil {
		b.t.Fatal(err)
	}
	f.spec = plan.Spec
	if f.id, err = kube.NewIdentity([]string{b.mustCommand("cat", b.home+"/.ssh/id_ed25519.pub")}); err != nil {
		b.t.Fatal(err)
	}
	service, err := b.api.CoreV1().Services(b.namespace).Get(b.t.Context(), "w", metav1.GetOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	f.service = corev1.ServiceSpec{Selector: service.Spec.Selector, Ports: service.Spec.Ports}
	for i := range f.service.Ports {
		f.service.Ports[i].NodePort = 0
	}
	return f
}

func (f *fleet) ref(i int) workspace.Ref {
	return workspace.Ref{Namespace: f.bed.namespace, Name: "n" + strconv.Itoa(i)}
}

func (f *fleet) create(n int) {
	f.bed.t.Helper()
	f.each(n, func(ctx context.Context, ref workspace.Ref) error {
		_, err := f.client.Create(ctx, kube.Request{Ref: ref, Spec: f.spec, Identity: f.id, Installation: f.inst}, nil)
		return err
	})
}

func (f *fleet) remove(n int) {
	f.bed.t.Helper()
	f.each(n, func(ctx context.Context, ref workspace.Ref) error {
		return f.client.Delete(ctx, ref, "", f.inst, nil)
	})
}

// each does something to every workspace of the fleet, a few at a time.
func (f *fleet) each(n int, do func(context.Context, workspace.Ref) error) {
	f.bed.t.Helper()
	var next atomic.Int64
	var workers sync.WaitGroup
	failed := make(chan error, 16)
	for range cap(failed) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(f.bed.t.Context(), f.ref(i)); err != nil {
					failed <- fmt.Errorf("%s: %w", f.ref(i), err)
					return
				}
			}
		})
	}
	workers.Wait()
	close(failed)
	for err := range failed {
		f.bed.t.Fatal(err)
	}
}

// lay gives the pod of workspace w many other names, and waits until each has
// its endpoints and its route is taken: controllers work their way through them,
// and what comes after them waits.
func (f *fleet) lay(n int) {
	f.bed.t.Helper()
	f.each(n, f.write)
	f.bed.eventually(20*time.Minute, "every Service has its endpoints", func() error {
		list, err := f.bed.api.DiscoveryV1().EndpointSlices(f.bed.namespace).List(f.bed.t.Context(), metav1.ListOptions{})
		if err == nil && len(list.Items) < n {
			err = fmt.Errorf("%d of %d have", len(list.Items), n)
		}
		return err
	})
	if f.inst.Gateway.Kind == route.KindEnvoyGateway {
		f.bed.eventually(20*time.Minute, "every route is taken", f.taken)
	}
}

// taken reports the first HTTPRoute whose status has not been written.
func (f *fleet) taken() error {
	list, err := f.raw.Resource(httpRoutes).Namespace(f.bed.namespace).List(f.bed.t.Context(), metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, o := range list.Items {
		if parents, _, _ := unstructured.NestedSlice(o.Object, "status", "parents"); len(parents) == 0 {
			return fmt.Errorf("%s is not", o.GetName())
		}
	}
	return nil
}

// clear takes them away.
func (f *fleet) clear(n int) {
	f.bed.t.Helper()
	f.each(n, func(ctx context.Context, ref workspace.Ref) error {
		objects, err := f.routeOf(ref)
		if err != nil {
			return err
		}
		for _, o := range objects {
			if err := f.resource(o).Delete(ctx, o.GetName(), metav1.DeleteOptions{}); err != nil {
				return err
			}
		}
		return f.bed.api.CoreV1().Services(ref.Namespace).Delete(ctx, ref.Name, metav1.DeleteOptions{})
	})
}

// ready gives the pod of workspace w another name, as if it had just become
// ready, and returns how long the gateway took to reach it by that name.
func (f *fleet) ready(name string) time.Duration {
	f.bed.t.Helper()
	ctx, ref := f.bed.t.Context(), workspace.Ref{Namespace: f.bed.namespace, Name: name}
	early := f.service
	early.Selector = map[string]string{workspace.LabelWorkspace: "not-yet"}
	service, err := f.serve(ctx, ref, early)
	if err == nil {
		err = f.lead(ctx, ref)
	}
	if err != nil {
		f.bed.t.Fatal(err)
	}
	time.Sleep(asAPodStarts) // the measure begins only then
	service.Spec.Selector = f.service.Selector
	begun := time.Now()
	if _, err := f.bed.api.CoreV1().Services(ref.Namespace).Update(ctx, service, metav1.UpdateOptions{}); err != nil {
		f.bed.t.Fatal(err)
	}
	return f.reached(ref, begun)
}

// routed gives the pod another name too, and returns how long the gateway took
// from when the name's route was written.
func (f *fleet) routed(name string) time.Duration {
	f.bed.t.Helper()
	ctx, ref := f.bed.t.Context(), workspace.Ref{Namespace: f.bed.namespace, Name: name}
	if _, err := f.serve(ctx, ref, f.service); err != nil {
		f.bed.t.Fatal(err)
	}
	time.Sleep(asAPodStarts) // as above
	begun := time.Now()
	if err := f.lead(ctx, ref); err != nil {
		f.bed.t.Fatal(err)
	}
	return f.reached(ref, begun)
}

// reached waits for the gateway's 200, and returns how long it took since begun.
func (f *fleet) reached(ref workspace.Ref, begun time.Time) time.Duration {
	f.bed.t.Helper()
	way, err := route.For(f.inst)
	if err != nil {
		f.bed.t.Fatal(err)
	}
	for {
		status, err := connect(f.bed.gateway, way.Authority(ref, f.inst))
		if err == nil && strings.HasPrefix(status, "HTTP/1.1 200") {
			return time.Since(begun)
		}
		if time.Since(begun) > 30*time.Second {
			f.bed.t.Fatalf("%s is not reached: %s %v", ref, status, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// write makes the Service and the route of a name.
func (f *fleet) write(ctx context.Context, ref workspace.Ref) error {
	if _, err := f.serve(ctx, ref, f.service); err != nil {
		return err
	}
	return f.lead(ctx, ref)
}

// serve makes the Service of a name.
func (f *fleet) serve(ctx context.Context, ref workspace.Ref, spec corev1.ServiceSpec) (*corev1.Service, error) {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: ref.Name}, Spec: spec}
	return f.bed.api.CoreV1().Services(ref.Namespace).Create(ctx, service, metav1.CreateOptions{})
}

// lead makes the route of a name.
func (f *fleet) lead(ctx context.Context, ref workspace.Ref) error {
	objects, err := f.routeOf(ref)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if _, err := f.resource(o).Create(ctx, o, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// routeOf is what a name needs of its kind.
func (f *fleet) routeOf(ref workspace.Ref) (list []*unstructured.Unstructured, err error) {
	way, err := route.For(f.inst)
	if err != nil {
		return nil, err
	}
	objects, err := way.Objects(ref, f.inst)
	for _, o := range objects {
		list = append(list, o.(*unstructured.Unstructured))
	}
	return list, err
}

// resource is where an object of a route is written.
func (f *fleet) resource(o *unstructured.Unstructured) dynamic.ResourceInterface {
	resource, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	return f.raw.Resource(resource).Namespace(o.GetNamespace())
}
