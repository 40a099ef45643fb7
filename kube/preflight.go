package kube

// What can be known before anything is written: permissions, the namespace,
// quota, storage, the profile that the namespace admits, and the name.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// Preflight is what a create will do and what it found.
type Preflight struct {
	Spec       workspace.Spec                    // complete, with a profile that the namespace admits
	AccessMode corev1.PersistentVolumeAccessMode // for the claim
	Notes      []string                          // what was decided and why, and what may stand in the way
	Port       int                               // of the gateway, that a create would get now; 0 with kinds that have none
}

// createAccess lists what creating a workspace needs.
func createAccess(namespace string) []workspace.Access {
	var out []workspace.Access
	add := func(resource string, verbs ...string) {
		for _, verb := range verbs {
			out = append(out, workspace.Access{Verb: verb, Resource: resource, Namespace: namespace})
		}
	}
	add("secrets", "get", "create", "patch")
	add("persistentvolumeclaims", "get", "create", "patch")
	add("configmaps", "get", "create", "patch")
	add("services", "get", "create", "patch")
	add("poddisruptionbudgets.policy", "get", "create", "patch")
	add("deployments.apps", "get", "create", "patch")
	add("deployments.apps/scale", "patch")
	return out
}

// Preflight completes a spec and checks that it can be created. It fails with
// every missing permission at once, with a namespace that is missing or going
// away, a name that is taken, and a profile that the namespace refuses. What
// it may not read is noted, not refused.
func (c *Client) Preflight(ctx context.Context, ref workspace.Ref, spec workspace.Spec, inst workspace.Installation) (Preflight, error) {
	var p Preflight
	if err := workspace.ValidateRef(ref); err != nil {
		return p, err
	}
	full, err := spec.Complete(inst)
	if err != nil {
		return p, err
	}
	if err := full.Validate(); err != nil {
		return p, err
	}
	p.Spec, p.AccessMode = full, corev1.ReadWriteOnce
	way, err := routeObjects(ref, inst)
	if err != nil {
		return p, err
	}
	if err := c.checkAccess(ctx, ref.Namespace, way, inst); err != nil {
		return p, err
	}
	if err := c.checkRoute(ctx, way, inst.Gateway.Kind); err != nil {
		return p, err
	}
	if err := c.checkNamespace(ctx, ref.Namespace, &p); err != nil {
		return p, err
	}
	if err := c.checkFull(ctx, &p); err != nil {
		return p, err
	}
	built, err := Build(ref, p.Spec, Identity{}, inst)
	if err != nil {
		return p, err
	}
	m := &maker{c: c, ref: ref, spec: p.Spec, inst: inst}
	if err := m.examine(ctx); err != nil {
		return p, err
	}
	if err := c.checkOwnRoute(ctx, ref, built, inst, &p); err != nil {
		return p, err
	}
	if m.done.Resumed {
		return p, nil // what it needs is counted already
	}
	if err := c.checkQuota(ctx, ref.Namespace, built, &p); err != nil {
		return p, err
	}
	if err := c.checkLimits(ctx, ref.Namespace, built, &p); err != nil {
		return p, err
	}
	return p, c.checkStorage(ctx, &p)
}

// checkAccess asks the API server for each permission, at the same time.
func (c *Client) checkAccess(ctx context.Context, namespace string, way []runtime.Object, inst workspace.Installation) error {
	ofRoute, err := routeAccess(way)
	if err != nil {
		return err
	}
	wanted := slices.Concat(createAccess(namespace), ofRoute, portAccess(inst))
	allowed := make([]bool, len(wanted))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, access := range wanted {
		group.Go(func() error {
			ok, err := c.Can(ctx, access)
			allowed[i] = ok
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("asking what is allowed: %w", err)
	}
	var missing []workspace.Access
	for i, ok := range allowed {
		if !ok {
			missing = append(missing, wanted[i])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return workspace.WithHint(&workspace.AccessError{Missing: missing}, roleFor(missing))
}

// Can reports whether the user may do something.
func (c *Client) Can(ctx context.Context, access workspace.Access) (bool, error) {
	resource, sub, _ := strings.Cut(access.Resource, "/")
	resource, group, _ := strings.Cut(resource, ".")
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: access.Namespace, Verb: access.Verb, Group: group, Resource: resource, Subresource: sub,
		},
	}}
	answer, err := c.clientset.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, c.explain(err)
	}
	return answer.Status.Allowed, nil
}

func (p *Preflight) note(text string) { p.Notes = append(p.Notes, text) }

// checkQuota refuses what no headroom is left for, naming resource, amount
// asked, used and limit. What may not be read is left to the API server.
func (c *Client) checkQuota(ctx context.Context, namespace string, built Objects, p *Preflight) error {
	quotas, err := c.clientset.CoreV1().ResourceQuotas(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		if apierrors.IsForbidden(err) {
			p.note("quotas may not be read; the cluster may still refuse")
			return nil
		}
		return fmt.Errorf("reading quotas: %w", c.explain(err))
	}
	asked := demands(built)
	var over []string
	for _, quota := range quotas.Items {
		if len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil {
			continue // counts only some pods; the API server knows which
		}
		for _, name := range slices.Sorted(resourceNames(quota.Status.Hard)) {
			want, counts := asked[name]
			hard, used := quota.Status.Hard[name], quota.Status.Used[name]
			sum := used.DeepCopy()
			sum.Add(want)
			if counts && !want.IsZero() && sum.Cmp(hard) > 0 {
				over = append(over, fmt.Sprintf("%s: asked for %s, used %s of %s", name, want.String(), used.String(), hard.String()))
			}
		}
	}
	if len(over) == 0 {
		return nil
	}
	return workspace.WithHint(fmt.Errorf("quota of namespace %s leaves no room: %s", namespace, strings.Join(over, "; ")),
		"ask for less, stop or purge another workspace, or have the quota raised")
}

// checkStorage refuses a storage class that does not exist and the lack of a
// default, and chooses the access mode.
func (c *Client) checkStorage(ctx context.Context, p *Preflight) error {
	classes, err := c.clientset.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if err != nil {
		if apierrors.IsForbidden(err) {
			return nil // the claim says later what is wrong
		}
		return fmt.Errorf("reading storage classes: %w", c.explain(err))
	}
	class := pickClass(classes.Items, p.Spec.StorageClass)
	if class == nil {
		names := make([]string, len(classes.Items))
		for i, sc := range classes.Items {
			names[i] = workspace.Safe(sc.Name)
		}
		hint := "classes: " + strings.Join(names, ", ")
		if p.Spec.StorageClass != "" {
			return workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("storage class %s does not exist", p.Spec.StorageClass)), hint)
		}
		return workspace.WithHint(workspace.WithKind(workspace.ErrUsage, errors.New("the cluster has no default storage class")), "name one with --storage-class; "+hint)
	}
	// Only CSI drivers know ReadWriteOncePod, which keeps a second pod on the
	// same node from mounting the home.
	if _, err := c.clientset.StorageV1().CSIDrivers().Get(ctx, class.Provisioner, metav1.GetOptions{}); err == nil {
		p.AccessMode = corev1.ReadWriteOncePod
	}
	return nil
}

// pickClass returns the class of that name, or the newest default one for "".
func pickClass(classes []storagev1.StorageClass, name string) *storagev1.StorageClass {
	var best *storagev1.StorageClass
	for i, sc := range classes {
		if name != "" {
			if sc.Name == name {
				return &classes[i]
			}
			continue
		}
		if sc.Annotations["storageclass.kubernetes.io/is-default-class"] != "true" {
			continue
		}
		if best == nil || best.CreationTimestamp.Before(&sc.CreationTimestamp) {
			best = &classes[i]
		}
	}
	return best
}
