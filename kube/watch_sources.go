package kube

// What is watched. Deployments, pods and claims make the list; namespaces and
// nodes only explain it, and are often not readable. Services are watched only
// where they are load balancers. ReplicaSets are read for a closer look alone: a
// Deployment repeats what admission told its own. Secrets are never listed.

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
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

// newSource makes a source of a typed client; narrow restricts every request,
// and request begins the same one by hand.
func newSource[L runtime.Object](w *Watcher, resource string, example func() message, request func() *rest.Request, api lister[L], narrow func(*metav1.ListOptions)) *source {
	s := &source{
		w: w, resource: resource, example: example(),
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			narrow(&o)
			return api.Watch(ctx, o)
		},
		keys: map[string]bool{}, denied: map[string]workspace.Access{},
		retry: map[string]time.Time{}, refused: map[string]int{},
	}
	s.list = func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		narrow(&o)
		list, err := s.readList(ctx, request(), o, example)
		if errors.Is(err, errNoProtobuf) {
			return api.List(ctx, o)
		}
		if err != nil {
			return nil, err
		}
		return list, nil
	}
	return s
}

func (w *Watcher) allSources() []*source {
	ns := w.config.Namespace
	own := func(o *metav1.ListOptions) { o.LabelSelector = ownSelector() }
	core, apps := w.client.CoreV1(), w.client.AppsV1()
	from := func(client rest.Interface, namespace, resource string) func() *rest.Request {
		return func() *rest.Request {
			return client.Get().NamespaceIfScoped(namespace, namespace != "").Resource(resource)
		}
	}
	sources := []*source{
		w.deploymentSource(newSource(w, "deployments.apps", func() message { return &appsv1.Deployment{} },
			from(apps.RESTClient(), ns, "deployments"), apps.Deployments(ns), own)),
		w.claimSource(newSource(w, "persistentvolumeclaims", func() message { return &corev1.PersistentVolumeClaim{} },
			from(core.RESTClient(), ns, "persistentvolumeclaims"), core.PersistentVolumeClaims(ns), own)),
		w.podSource(newSource(w, "pods", func() message { return &corev1.Pod{} }, from(core.RESTClient(), ns, "pods"), core.Pods(ns), own)),
		w.namespaceSource(newSource(w, "namespaces", func() message { return &corev1.Namespace{} },
			from(core.RESTClient(), "", "namespaces"), core.Namespaces(), func(o *metav1.ListOptions) {
				if ns != "" {
					o.FieldSelector = "metadata.name=" + ns
				}
			})),
		w.nodeSource(newSource(w, "nodes", func() message { return &corev1.Node{} },
			from(core.RESTClient(), "", "nodes"), core.Nodes(), func(*metav1.ListOptions) {})),
	}
	for _, s := range sources[3:] {
		s.optional = true
	}
	if w.config.Installation.Gateway.Kind == route.KindLoadBalancer {
		// Not optional: without it a list would show every address as missing.
		sources = append(sources, w.balancerSource(newSource(w, "services", func() message { return &corev1.Service{} },
			from(core.RESTClient(), ns, "services"), core.Services(ns), func(o *metav1.ListOptions) { o.LabelSelector = route.BalancerSelector() })))
	}
	return sources
}

// refOf returns the workspace that an object belongs to.
func refOf(m metav1.Object) workspace.Ref {
	return workspace.Ref{Namespace: workspace.Safe(m.GetNamespace()), Name: workspace.Safe(m.GetLabels()[workspace.LabelWorkspace])}
}

// joined makes a source whose objects belong to rows. see takes an object down
// to what is kept of it, outside any lock. An object keeps the row it first
// joined, so that its end finds it again.
func joined[T metav1.Object, S any](w *Watcher, s *source, see func(T) S, put func(r *row, name string, o S), drop func(r *row, name string)) *source {
	refs := map[string]workspace.Ref{} // guarded by w.mu
	leave := func(key string) {
		if ref, ok := refs[key]; ok {
			_, name, _ := cache.SplitMetaNamespaceKey(key) // the key was made by the same package
			drop(w.at(ref), name)
			delete(refs, key)
		}
	}
	s.see = func(obj runtime.Object) any {
		o, ok := obj.(T)
		if !ok {
			return nil
		}
		return joint[S]{refOf(o), see(o)}
	}
	s.put = func(o seen) {
		key := o.key()
		j, ok := o.what.(joint[S])
		if !ok {
			return
		}
		if old, ok := refs[key]; ok && old != j.ref {
			leave(key)
		}
		if workspace.ValidateRef(j.ref) != nil {
			return
		}
		refs[key] = j.ref
		put(w.at(j.ref), o.Name, j.object)
	}
	s.drop = leave
	return s
}

// joint is what was seen of an object, and the workspace that it belongs to.
type joint[S any] struct {
	ref    workspace.Ref
	object S
}

func (w *Watcher) deploymentSource(s *source) *source {
	return joined(w, s, w.specs.seeDeployment, func(r *row, name string, seen deploymentSeen) {
		if seen.own {
			r.deployment = &seen
		}
	}, func(r *row, name string) {
		if r.deployment != nil && r.deployment.observed.Name == name {
			r.deployment = nil
		}
	})
}

func (w *Watcher) claimSource(s *source) *source {
	return joined(w, s, w.specs.seeClaim, func(r *row, name string, seen claimSeen) {
		if seen.own {
			r.claim = &seen
		}
	}, func(r *row, name string) {
		if r.claim != nil && r.claim.observed.Name == name {
			r.claim = nil
		}
	})
}

func (w *Watcher) podSource(s *source) *source {
	return joined(w, s, seePod, func(r *row, name string, seen podSeen) { r.pods[name] = seen },
		func(r *row, name string) { delete(r.pods, name) })
}

func (w *Watcher) balancerSource(s *source) *source {
	return joined(w, s, seeBalancer, func(r *row, name string, seen balancerSeen) {
		if seen.own {
			r.balancer = &seen.observed
		}
	}, func(r *row, name string) {
		if r.balancer != nil && r.balancer.Name == name {
			r.balancer = nil
		}
	})
}

func (w *Watcher) namespaceSource(s *source) *source {
	s.see = func(obj runtime.Object) any {
		ns, ok := obj.(*corev1.Namespace)
		return ok && ns.DeletionTimestamp != nil
	}
	flag := func(name string, going bool) {
		w.flag(w.going, name, going, func(ref workspace.Ref, _ *row) bool { return ref.Namespace == name })
	}
	s.put = func(o seen) { flag(o.Name, o.what == true) }
	s.drop = func(name string) { flag(name, false) }
	return s
}

func (w *Watcher) nodeSource(s *source) *source {
	s.see = func(obj runtime.Object) any {
		n, ok := obj.(*corev1.Node)
		if !ok {
			return false
		}
		return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue
		})
	}
	s.put = func(o seen) { w.flagNode(o.Name, o.what == true) }
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
