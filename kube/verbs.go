package kube

// Start, stop and restart: what changes whether a pod runs, and nothing else.

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berth-sh/berth/workspace"
)

// annotationRestarted on the pod template makes a new pod; its value is when.
const annotationRestarted = "berth.sh/restarted-at"

// Start runs the workspace's pod. It does nothing to one that runs. uid is the
// Deployment's, so that another workspace that took the name meanwhile is not
// started; "" takes whichever is there.
func (c *Client) Start(ctx context.Context, ref workspace.Ref, uid string) error {
	live, err := c.deployment(ctx, ref, uid)
	if err != nil {
		return err
	}
	return c.scale(ctx, ref, string(live.GetUID()), 1)
}

// Stop ends the workspace's pod; home and identity stay. It does nothing to
// one that is stopped. uid is as for Start.
func (c *Client) Stop(ctx context.Context, ref workspace.Ref, uid string) error {
	live, err := c.deployment(ctx, ref, uid)
	if err != nil {
		return err
	}
	return c.scale(ctx, ref, string(live.GetUID()), 0)
}

// Restart replaces the workspace's pod; home and host key stay. A stopped
// workspace is a conflict. uid is as for Start.
func (c *Client) Restart(ctx context.Context, ref workspace.Ref, uid string) error {
	live, err := c.deployment(ctx, ref, uid)
	if err != nil {
		return err
	}
	if stopped(live) {
		return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s is stopped", ref.Name)),
			"start it: berth start "+ref.Name)
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": live.GetUID()},
		"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
			"annotations": map[string]string{annotationRestarted: c.now().UTC().Format(time.RFC3339Nano)},
		}}},
	})
	if err != nil {
		return fmt.Errorf("encoding the restart: %w", err)
	}
	return c.merge(ctx, live, patch, stateManager)
}

// stopped reports whether nobody wants a pod.
func stopped(deployment *unstructured.Unstructured) bool {
	replicas, _, _ := unstructured.NestedInt64(deployment.Object, "spec", "replicas")
	return replicas == 0
}

// deployment returns the workspace's live Deployment and checks that it is the
// one that was meant.
func (c *Client) deployment(ctx context.Context, ref workspace.Ref, uid string) (*unstructured.Unstructured, error) {
	live, err := c.find(ctx, deploymentOf(ref))
	if err != nil {
		return nil, err
	}
	if live == nil {
		return nil, c.absent(ctx, ref)
	}
	return live, c.meant(live, ref, uid)
}

// meant refuses a foreign object and one with another UID than asked for.
func (c *Client) meant(live *unstructured.Unstructured, ref workspace.Ref, uid string) error {
	if !isOurs(live, ref) {
		return foreign(live)
	}
	if uid != "" && string(live.GetUID()) != uid {
		return replaced(live)
	}
	return nil
}

// absent says that there is no workspace of the name, or that it is deleted.
func (c *Client) absent(ctx context.Context, ref workspace.Ref) error {
	err := workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("workspace %s does not exist in namespace %s", ref.Name, ref.Namespace))
	claim, findErr := c.find(ctx, claimOf(ref))
	if findErr != nil || claim == nil || !isOurs(claim, ref) {
		return workspace.WithHint(err, "see what there is: berth ls")
	}
	return workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("workspace %s in namespace %s is deleted", ref.Name, ref.Namespace)),
		"its home is kept; bring it back: berth restore "+ref.Name)
}

// scale sets the number of replicas through the scale subresource, as the
// field manager that alone owns it. It is an apply, because the server does
// not record who updates a field that nobody owns; and it is forced, because
// whoever scaled by other means meanwhile has not asked to keep the number.
func (c *Client) scale(ctx context.Context, ref workspace.Ref, uid string, replicas int) error {
	want := named("autoscaling/v1", "Scale", ref.Namespace, ref.Name)
	want.SetUID(types.UID(uid))
	if err := unstructured.SetNestedField(want.Object, int64(replicas), "spec", "replicas"); err != nil {
		return fmt.Errorf("encoding the scale: %w", err)
	}
	ctx, cancel := c.write(ctx)
	defer cancel()
	_, err := c.resource(deploymentOf(ref)).Apply(ctx, ref.Name, want, metav1.ApplyOptions{FieldManager: workspace.ScaleManager, Force: true}, "scale")
	switch {
	case err == nil:
		return nil
	case apierrors.IsConflict(err) && strings.Contains(err.Error(), "UID"):
		return replaced(deploymentOf(ref))
	}
	return fmt.Errorf("scaling %s: %w", ref.Name, c.explain(err))
}
