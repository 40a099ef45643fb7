package kube

// Deleting a workspace, which keeps home and identity.
//
// The order makes every interruption safe to repeat: first the claim's kept
// spec is brought up to date, because restore has nothing else to go by; then
// what runs is removed, in the reverse order of its creation; only then are
// home and Secret marked as a deleted workspace's.

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// annotationDeleting on the claim holds the UID of the Deployment that a
// delete has begun to remove, so that the delete can be finished, or repeated
// by somebody who knows only that UID.
const annotationDeleting = "berth.sh/deployment-uid"

// Delete removes what runs and keeps home and identity for Restore. It can be
// repeated after a failure, and does nothing to a workspace that is deleted.
// uid is the Deployment's; "" takes whichever is there.
func (c *Client) Delete(ctx context.Context, ref workspace.Ref, uid string, inst workspace.Installation, progress ProgressFunc) error {
	deployment, err := c.find(ctx, deploymentOf(ref))
	if err != nil {
		return err
	}
	claim, err := c.find(ctx, claimOf(ref))
	if err != nil {
		return err
	}
	if err := c.deletable(ref, uid, deployment, claim); err != nil {
		return err
	}
	report := c.report(progress)
	if deployment != nil && claim != nil {
		err := report.step("keeping the settings of "+ref.Name, func() error { return c.keepSpec(ctx, deployment, claim) })
		if err != nil {
			return err
		}
	}
	if err := c.removeCompute(ctx, ref, inst, report, nil); err != nil {
		return err
	}
	for _, o := range []*unstructured.Unstructured{secretOf(ref), claimOf(ref)} {
		if err := report.step("keeping "+title(o), func() error { return c.mark(ctx, o, ref, true) }); err != nil {
			return err
		}
	}
	return nil
}

// deletable checks that what is there is the workspace that was meant.
func (c *Client) deletable(ref workspace.Ref, uid string, deployment, claim *unstructured.Unstructured) error {
	notFound := workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("workspace %s does not exist in namespace %s", ref.Name, ref.Namespace)),
		"see what there is: berth ls")
	if deployment != nil {
		return c.meant(deployment, ref, uid)
	}
	switch {
	case claim == nil:
		return notFound
	case !isOurs(claim, ref):
		return foreign(claim)
	case uid == "", uid == string(claim.GetUID()), uid == claim.GetAnnotations()[annotationDeleting]:
		return nil
	}
	return replaced(deploymentOf(ref))
}

// keepSpec writes the Deployment's truth into the claim's annotation.
func (c *Client) keepSpec(ctx context.Context, deployment, claim *unstructured.Unstructured) error {
	annotations := map[string]any{annotationDeleting: string(deployment.GetUID())}
	if port := deployment.GetAnnotations()[workspace.AnnotationPort]; port != "" {
		annotations[workspace.AnnotationPort] = port
	}
	if spec, err := specOf(deployment, claim); err == nil {
		kept, err := spec.Keep()
		if err != nil {
			return err
		}
		annotations[workspace.AnnotationSpec] = kept
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": claim.GetUID(), "annotations": annotations}})
	if err != nil {
		return fmt.Errorf("encoding the settings: %w", err)
	}
	return c.merge(ctx, claim, patch, workspace.FieldManager)
}

// removeCompute removes everything but home and Secret, the last made first.
// A function limits it to the objects that it accepts; nil accepts all.
func (c *Client) removeCompute(ctx context.Context, ref workspace.Ref, inst workspace.Installation, report reporter, only func(*unstructured.Unstructured) bool) error {
	list := compute(ref, inst)
	old, err := c.oldBalancer(ctx, ref, inst)
	if err != nil {
		return err
	}
	if old != nil {
		list = append([]*unstructured.Unstructured{old}, list...)
	}
	for _, o := range list {
		err := report.step("removing "+title(o), func() error {
			live, err := c.find(ctx, o)
			if err != nil || live == nil || !isOurs(live, ref) || (only != nil && !only(live)) {
				return err
			}
			return c.remove(ctx, live, metav1.Preconditions{})
		})
		if err != nil {
			return err
		}
		if o.GetKind() == "Deployment" {
			// A claim outlives what it is for, never the other way round.
			if err := c.releasePorts(ctx, ref, inst, report, only); err != nil {
				return err
			}
		}
	}
	return nil
}

// oldBalancer finds a load balancer that an earlier kind of gateway has left,
// or returns nil: it costs money.
func (c *Client) oldBalancer(ctx context.Context, ref workspace.Ref, inst workspace.Installation) (*unstructured.Unstructured, error) {
	if inst.Gateway.Kind == route.KindLoadBalancer {
		return nil, nil
	}
	live, err := c.find(ctx, named("v1", "Service", ref.Namespace, ref.BalancerName()))
	if err != nil || live == nil || !isOurs(live, ref) {
		return nil, err
	}
	return live, nil
}

// compute lists what delete removes, in that order.
func compute(ref workspace.Ref, inst workspace.Installation) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	if way, err := route.For(inst); err == nil {
		if objects, err := way.Objects(ref, inst); err == nil {
			for _, o := range objects {
				if u, err := toUnstructured(o); err == nil {
					out = append(out, u)
				}
			}
		}
	}
	return append(out,
		deploymentOf(ref),
		named("policy/v1", "PodDisruptionBudget", ref.Namespace, ref.Name),
		named("v1", "Service", ref.Namespace, ref.Name),
		named("v1", "ConfigMap", ref.Namespace, ref.BootName()))
}

// mark puts the label of a deleted workspace on an object, or takes it away.
// An object that is not there needs none.
func (c *Client) mark(ctx context.Context, o *unstructured.Unstructured, ref workspace.Ref, deleted bool) error {
	live, err := c.find(ctx, o)
	if err != nil || live == nil || !isOurs(live, ref) || isDeleted(live) == deleted {
		return err
	}
	var label, at any // null removes
	if deleted {
		label, at = "true", c.now().UTC().Format(time.RFC3339)
	}
	annotations := map[string]any{workspace.AnnotationDeletedAt: at}
	if !deleted {
		annotations[annotationDeleting] = nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid":         live.GetUID(),
		"labels":      map[string]any{workspace.LabelDeleted: label},
		"annotations": annotations,
	}})
	if err != nil {
		return fmt.Errorf("encoding a mark: %w", err)
	}
	return c.merge(ctx, live, patch, stateManager)
}
