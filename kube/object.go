package kube

// One object at a time: fetch it, tell whether it is ours, write it, remove
// it. Everything here works for any kind, because routes are of kinds that the
// typed client does not know.

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/berth-sh/berth/workspace"
)

// annotationOperation marks what one create or restore has made, so that undo
// finds it, and so that a write whose answer got lost is recognised.
const annotationOperation = "berth.sh/operation"

// stateManager is the field manager of marks that are neither part of what was
// asked for nor the number of replicas: deleted-at and restarted-at.
const stateManager = "berth-state"

// resource returns the client for the object's kind and namespace.
func (c *Client) resource(o *unstructured.Unstructured) dynamic.ResourceInterface {
	gvr, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	return c.dynamic.Resource(gvr).Namespace(o.GetNamespace())
}

// title names an object: "deployment api".
func title(o *unstructured.Unstructured) string {
	kind := strings.ToLower(o.GetKind())
	if kind == "persistentvolumeclaim" {
		kind = "claim"
	}
	return workspace.Safe(kind + " " + o.GetName())
}

// toUnstructured drops the status, which is never ours to write.
func toUnstructured(o runtime.Object) (*unstructured.Unstructured, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, fmt.Errorf("encoding an object: %w", err)
	}
	delete(fields, "status")
	return &unstructured.Unstructured{Object: fields}, nil
}

// list returns the objects in the order of creation.
func (o Objects) list() ([]*unstructured.Unstructured, error) {
	typed := []runtime.Object{o.Secret, o.Claim, o.Boot, o.Service}
	if o.PDB != nil {
		typed = append(typed, o.PDB)
	}
	typed = append(typed, o.Deployment)
	typed = append(typed, o.Route...)
	out := make([]*unstructured.Unstructured, len(typed))
	for i, t := range typed {
		u, err := toUnstructured(t)
		if err != nil {
			return nil, err
		}
		out[i] = u
	}
	return out, nil
}

// named returns an empty object that says only what and where it is.
func named(apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}

func deploymentOf(ref workspace.Ref) *unstructured.Unstructured {
	return named("apps/v1", "Deployment", ref.Namespace, ref.Name)
}

func claimOf(ref workspace.Ref) *unstructured.Unstructured {
	return named("v1", "PersistentVolumeClaim", ref.Namespace, ref.ClaimName())
}

func secretOf(ref workspace.Ref) *unstructured.Unstructured {
	return named("v1", "Secret", ref.Namespace, ref.SecretName())
}

// find returns the live object, or nil when there is none.
func (c *Client) find(ctx context.Context, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	live, err := c.resource(o).Get(ctx, o.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", title(o), c.explain(err))
	}
	return live, nil
}

// isOurs reports whether the object belongs to the workspace.
func isOurs(o *unstructured.Unstructured, ref workspace.Ref) bool {
	for key, value := range ownLabels(ref) {
		if o.GetLabels()[key] != value {
			return false
		}
	}
	return true
}

// foreign is the refusal to touch an object that berth has not made; it names
// who has.
func foreign(o *unstructured.Unstructured) error {
	owner := o.GetLabels()[workspace.LabelManagedBy]
	if owner == "" {
		owner = "somebody else"
		if entries := o.GetManagedFields(); len(entries) > 0 {
			owner = entries[0].Manager
		}
	}
	return workspace.WithHint(workspace.WithKind(workspace.ErrConflict,
		fmt.Errorf("%s exists and is not this workspace's: it belongs to %s", title(o), workspace.Safe(owner))),
		"choose another name; berth never takes over what it has not made")
}

// replaced is the refusal to act on another object of the same name.
func replaced(o *unstructured.Unstructured) error {
	return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("%s was replaced by another one of the same name", title(o))),
		"look at the list again")
}

// leaving is the refusal to build on an object that is going away.
func leaving(o *unstructured.Unstructured) error {
	return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("%s is still being deleted", title(o))),
		"wait until it is gone, then repeat")
}

func isDeleted(o *unstructured.Unstructured) bool {
	return o != nil && o.GetLabels()[workspace.LabelDeleted] == "true"
}

// apply is server-side apply as "berth", without force: a field that somebody
// else owns is a conflict that names field and owner. live is the object as it
// was last seen; its UID is a precondition.
func (c *Client) apply(ctx context.Context, live, want *unstructured.Unstructured, dryRun bool) (*unstructured.Unstructured, error) {
	ctx, cancel := c.write(ctx)
	defer cancel()
	live, err := c.own(ctx, live)
	if err != nil {
		return nil, err
	}
	want = want.DeepCopy()
	want.SetUID(live.GetUID())
	if op := live.GetAnnotations()[annotationOperation]; op != "" {
		setAnnotation(want, annotationOperation, op)
	}
	options := metav1.ApplyOptions{FieldManager: workspace.FieldManager}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	out, err := c.resource(want).Apply(ctx, want.GetName(), want, options)
	if err != nil {
		return nil, fmt.Errorf("changing %s: %w", title(want), c.explain(err))
	}
	return out, nil
}

func setAnnotation(o *unstructured.Unstructured, key, value string) {
	annotations := o.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	o.SetAnnotations(annotations)
}

// merge sends a JSON merge patch as the given field manager; a UID that no
// longer fits is a conflict.
func (c *Client) merge(ctx context.Context, live *unstructured.Unstructured, patch []byte, manager string) error {
	ctx, cancel := c.write(ctx)
	defer cancel()
	_, err := c.resource(live).Patch(ctx, live.GetName(), types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager})
	switch {
	case err == nil:
		return nil
	case apierrors.IsInvalid(err) && strings.Contains(err.Error(), "metadata.uid"):
		return replaced(live)
	}
	return fmt.Errorf("changing %s: %w", title(live), c.explain(err))
}

// remove deletes exactly the object that was seen; one that is gone is fine.
func (c *Client) remove(ctx context.Context, live *unstructured.Unstructured, pre metav1.Preconditions) error {
	ctx, cancel := c.write(ctx)
	defer cancel()
	uid, background := live.GetUID(), metav1.DeletePropagationBackground
	pre.UID = &uid
	err := c.resource(live).Delete(ctx, live.GetName(), metav1.DeleteOptions{Preconditions: &pre, PropagationPolicy: &background})
	if err == nil || apierrors.IsNotFound(err) {
		return nil
	}
	return fmt.Errorf("deleting %s: %w", title(live), c.explain(err))
}
