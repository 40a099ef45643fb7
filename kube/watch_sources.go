package kube

// What is watched. Deployments, pods and claims make the list; ReplicaSets,
// namespaces and nodes only explain it, and are often not readable. Services
// are watched only where they are load balancers. Secrets are never listed.

import (
	"context"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// ownSelector selects what belongs to workspaces.
func ownSelector() string {
	return labels.Set{workspace.LabelManagedBy: workspace.ManagedBy, workspace.LabelComponent: workspace.Component}.String()
}

// lister is the part of a typed client that a source needs.
type lister[L runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// newSource makes a source of a typed client; narrow restricts every request.
func newSource[L runtime.Object](w *Watcher, resource string, example runtime.Object, api lister[L], narrow func(*metav1.ListOptions)) *source {
	return &source{
		w: w, resource: resource, example: example, client: w.client,
		list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			narrow(&o)
			return api.List(ctx, o)
		},
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			narrow(&o)
			return api.Watch(ctx, o)
		},
		keys: map[string]bool{}, denied: map[string]workspace.Access{},
		retry: map[string]time.Time{}, refused: map[string]int{},
	}
}

func (w *Watcher) allSources() []*source {
	ns := w.config.Namespace
	own := func(o *metav1.ListOptions) { o.LabelSelector = ownSelector() }
	sources := []*source{
		w.deploymentSource(newSource(w, "deployments.apps", &appsv1.Deployment{}, w.client.AppsV1().Deployments(ns), own)),
		w.claimSource(newSource(w, "persistentvolumeclaims", &corev1.PersistentVolumeClaim{}, w.client.CoreV1().PersistentVolumeClaims(ns), own)),
		w.podSource(newSource(w, "pods", &corev1.Pod{}, w.client.CoreV1().Pods(ns), own)),
		w.replicaSetSource(newSource(w, "replicasets.apps", &appsv1.ReplicaSet{}, w.client.AppsV1().ReplicaSets(ns), own)),
		w.namespaceSource(newSource(w, "namespaces", &corev1.Namespace{}, w.client.CoreV1().Namespaces(), func(o *metav1.ListOptions) {
			if ns != "" {
				o.FieldSelector = "metadata.name=" + ns
			}
		})),
		w.nodeSource(newSource(w, "nodes", &corev1.Node{}, w.client.CoreV1().Nodes(), func(*metav1.ListOptions) {})),
	}
	for _, s := range sources[3:] {
		s.optional = true
	}
	if w.config.Installation.Gateway.Kind == route.KindLoadBalancer {
		// Not optional: without it a list would show every address as missing.
		sources = append(sources, w.balancerSource(newSource(w, "services", &corev1.Service{}, w.client.CoreV1().Services(ns),
			func(o *metav1.ListOptions) { o.LabelSelector = route.BalancerSelector() })))
	}
	return sources
}

// refOf returns the workspace that an object belongs to.
func refOf(m metav1.Object) workspace.Ref {
	return workspace.Ref{Namespace: workspace.Safe(m.GetNamespace()), Name: workspace.Safe(m.GetLabels()[workspace.LabelWorkspace])}
}

// joined makes a source whose objects belong to rows. An object keeps the row
// it first joined, so that its end finds it again.
func joined[T metav1.Object](w *Watcher, s *source, put func(*row, T), drop func(r *row, name string)) *source {
	refs := map[string]workspace.Ref{} // guarded by w.mu
	leave := func(key string) {
		if ref, ok := refs[key]; ok {
			_, name, _ := cache.SplitMetaNamespaceKey(key) // the key was made by the same package
			drop(w.at(ref), name)
			delete(refs, key)
		}
	}
	s.put = func(obj runtime.Object) {
		o, ok := obj.(T)
		if !ok {
			return
		}
		key := cache.NewObjectName(o.GetNamespace(), o.GetName()).String()
		ref := refOf(o)
		if old, ok := refs[key]; ok && old != ref {
			leave(key)
		}
		if workspace.ValidateRef(ref) != nil {
			return
		}
		refs[key] = ref
		put(w.at(ref), o)
	}
	s.drop = leave
	return s
}

func (w *Watcher) deploymentSource(s *source) *source {
	return joined(w, s, func(r *row, d *appsv1.Deployment) {
		if d.Name == d.Labels[workspace.LabelWorkspace] {
			seen := seeDeployment(d)
			r.deployment = &seen
		}
	}, func(r *row, name string) {
		if r.deployment != nil && r.deployment.observed.Name == name {
			r.deployment = nil
		}
	})
}

func (w *Watcher) claimSource(s *source) *source {
	return joined(w, s, func(r *row, c *corev1.PersistentVolumeClaim) {
		if c.Name == refOf(c).ClaimName() {
			seen := seeClaim(c)
			r.claim = &seen
		}
	}, func(r *row, name string) {
		if r.claim != nil && r.claim.observed.Name == name {
			r.claim = nil
		}
	})
}

func (w *Watcher) podSource(s *source) *source {
	return joined(w, s, func(r *row, p *corev1.Pod) { r.pods[p.Name] = seePod(p) },
		func(r *row, name string) { delete(r.pods, name) })
}

func (w *Watcher) replicaSetSource(s *source) *source {
	return joined(w, s, func(r *row, rs *appsv1.ReplicaSet) { r.replicaSets[rs.Name] = seeReplicaSet(rs) },
		func(r *row, name string) { delete(r.replicaSets, name) })
}

func (w *Watcher) balancerSource(s *source) *source {
	return joined(w, s, func(r *row, service *corev1.Service) {
		if service.Name == refOf(service).BalancerName() {
			seen := seeBalancer(service)
			r.balancer = &seen
		}
	}, func(r *row, name string) {
		if r.balancer != nil && r.balancer.Name == name {
			r.balancer = nil
		}
	})
}

func (w *Watcher) namespaceSource(s *source) *source {
	s.put = func(obj runtime.Object) {
		if ns, ok := obj.(*corev1.Namespace); ok {
			w.flag(w.going, ns.Name, ns.DeletionTimestamp != nil, func(ref workspace.Ref, _ *row) bool { return ref.Namespace == ns.Name })
		}
	}
	s.drop = func(name string) {
		w.flag(w.going, name, false, func(ref workspace.Ref, _ *row) bool { return ref.Namespace == name })
	}
	return s
}

func (w *Watcher) nodeSource(s *source) *source {
	s.put = func(obj runtime.Object) {
		n, ok := obj.(*corev1.Node)
		if !ok {
			return
		}
		lost := false
		for _, c := range n.Status.Conditions {
			lost = lost || c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue
		}
		w.flagNode(n.Name, lost)
	}
	s.drop = func(name string) { w.flagNode(name, false) }
	return s
}

func (w *Watcher) flagNode(name string, lost bool) {
	w.flag(w.lost, name, lost, func(_ workspace.Ref, r *row) bool {
		for _, p := range r.pods {
			if strings.EqualFold(p.observed.Node, name) {
				return true
			}
		}
		return false
	})
}

// flag sets or clears a name in a set and has the rows that it is about folded
// again; called with w.mu held.
func (w *Watcher) flag(set map[string]bool, name string, value bool, about func(workspace.Ref, *row) bool) {
	if set[name] == value {
		return
	}
	delete(set, name)
	if value {
		set[name] = true
	}
	for ref, r := range w.rows {
		if about(ref, r) {
			w.dirty[ref] = true
		}
	}
}
