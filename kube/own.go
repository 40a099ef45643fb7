package kube

// Who owns which field.
//
// The first write of an object is a POST: only that refuses an object that is
// already there. A POST leaves its fields to an "Update" entry, though, which
// server-side apply can neither change without conflict nor remove. So right
// after it, and again before every apply, such entries of field manager
// "berth" are turned into its "Apply" entry. spec.replicas is left out of it:
// the next apply, which never names the field, would otherwise reset it and
// start a stopped workspace.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/berth-sh/berth/workspace"
)

// ownAttempts bounds how often the conversion is tried while controllers write
// to the same object.
const ownAttempts = 8

// own converts what field manager "berth" holds on a live object to
// server-side apply. It returns the object as it then is, and does nothing to
// one that is converted.
func (c *Client) own(ctx context.Context, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	for range ownAttempts {
		patch, err := ownershipPatch(live)
		if err != nil || patch == nil {
			return live, err
		}
		next, err := c.resource(live).Patch(ctx, live.GetName(), types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: workspace.FieldManager})
		if err == nil {
			return next, nil
		}
		if !apierrors.IsConflict(err) {
			return nil, c.explain(err)
		}
		uid := live.GetUID()
		if live, err = c.resource(live).Get(ctx, live.GetName(), metav1.GetOptions{}); err != nil {
			return nil, c.explain(err)
		}
		if live.GetUID() != uid {
			return nil, replaced(live)
		}
	}
	return nil, workspace.WithKind(workspace.ErrConflict, fmt.Errorf("%s changes all the time", title(live)))
}

// ownershipPatch returns the JSON patch that converts the object's managed
// fields, or nil when there is nothing to convert.
func ownershipPatch(live *unstructured.Unstructured) ([]byte, error) {
	before := live.GetManagedFields()
	converted := live.DeepCopy()
	if err := csaupgrade.UpgradeManagedFields(converted, sets.New(workspace.FieldManager), workspace.FieldManager); err != nil {
		return nil, fmt.Errorf("reading who owns %s: %w", title(live), err)
	}
	after := converted.GetManagedFields()
	changed, err := dropReplicas(after)
	if err != nil {
		return nil, fmt.Errorf("reading who owns %s: %w", title(live), err)
	}
	if !changed && len(before) == len(after) && !heldByUpdate(before) {
		return nil, nil
	}
	return json.Marshal([]map[string]any{
		{"op": "replace", "path": "/metadata/managedFields", "value": after},
		// The server answers a stale version with a conflict.
		{"op": "replace", "path": "/metadata/resourceVersion", "value": live.GetResourceVersion()},
	})
}

// heldByUpdate reports whether "berth" still has an Update entry.
func heldByUpdate(entries []metav1.ManagedFieldsEntry) bool {
	for _, e := range entries {
		if e.Manager == workspace.FieldManager && e.Operation == metav1.ManagedFieldsOperationUpdate && e.Subresource == "" {
			return true
		}
	}
	return false
}

// dropReplicas takes spec.replicas out of the entry of "berth".
func dropReplicas(entries []metav1.ManagedFieldsEntry) (changed bool, err error) {
	replicas := fieldpath.NewSet(fieldpath.MakePathOrDie("spec", "replicas"))
	for i, e := range entries {
		if e.Manager != workspace.FieldManager || e.Subresource != "" || e.FieldsV1 == nil {
			continue
		}
		var fields fieldpath.Set
		if err := fields.FromJSON(bytes.NewReader(e.FieldsV1.GetRawBytes())); err != nil {
			return false, err
		}
		if fields.Intersection(replicas).Empty() {
			continue
		}
		raw, err := fields.Difference(replicas).ToJSON()
		if err != nil {
			return false, err
		}
		entries[i].FieldsV1 = metav1.NewFieldsV1(string(raw))
		changed = true
	}
	return changed, nil
}

// manages reports whether a field manager has ever written to the object.
func manages(o *unstructured.Unstructured, manager string) bool {
	for _, e := range o.GetManagedFields() {
		if e.Manager == manager {
			return true
		}
	}
	return false
}
