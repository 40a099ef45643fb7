package kube

// Destroying a home for good. It is never done by name alone, never while any
// pod names the claim, and never by undoing something else.

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/berth-sh/berth/workspace"
)

// Purge destroys home and identity of a deleted workspace. claimUID is
// required: it is the home that the person saw. The caller has let them type
// the name. Without the permission the error says what is left.
func (c *Client) Purge(ctx context.Context, ref workspace.Ref, claimUID string, progress ProgressFunc) error {
	if claimUID == "" {
		return workspace.Usagef("purging %s: the home's UID is not given", ref.Name)
	}
	if err := c.undeployed(ctx, ref); err != nil {
		return err
	}
	report := c.report(progress)
	err := report.step("destroying "+title(claimOf(ref)), func() error { return c.purgeClaim(ctx, ref, claimUID) })
	if err != nil {
		return left(err, claimOf(ref), secretOf(ref))
	}
	err = report.step("destroying "+title(secretOf(ref)), func() error { return c.purgeSecret(ctx, ref) })
	if err != nil {
		return left(err, secretOf(ref))
	}
	return nil
}

// undeployed refuses while the workspace is there.
func (c *Client) undeployed(ctx context.Context, ref workspace.Ref) error {
	deployment, err := c.find(ctx, deploymentOf(ref))
	if err != nil || deployment == nil {
		return err
	}
	return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s still exists", ref.Name)),
		"delete it first: berth delete "+ref.Name)
}

// left adds to a missing permission what was not removed.
func left(err error, objects ...*unstructured.Unstructured) error {
	if !errors.Is(err, workspace.ErrForbidden) {
		return err
	}
	names := make([]string, len(objects))
	for i, o := range objects {
		names[i] = title(o)
	}
	return workspace.WithHint(err, "left in place: "+strings.Join(names, ", ")+"; the role berth-purger may remove homes")
}

// purgeAttempts bounds how often a purge looks again while controllers write
// to the claim, as they do right after a pod has left it.
const purgeAttempts = 5

// purgeClaim destroys the home unless a pod names it. The delete holds only
// for the claim as it was looked at; one that changed is looked at again, with
// every check, because what changed may be that somebody restores it.
func (c *Client) purgeClaim(ctx context.Context, ref workspace.Ref, uid string) error {
	for attempt := 1; ; attempt++ {
		changed, err := c.tryPurgeClaim(ctx, ref, uid)
		if !changed || attempt == purgeAttempts {
			return err
		}
		if err := c.undeployed(ctx, ref); err != nil {
			return err
		}
	}
}

// tryPurgeClaim is one attempt; changed says that the claim was written to
// between the look and the delete.
func (c *Client) tryPurgeClaim(ctx context.Context, ref workspace.Ref, uid string) (changed bool, err error) {
	claim, err := c.find(ctx, claimOf(ref))
	if err != nil {
		return false, err
	}
	if claim == nil {
		return false, c.purgedBefore(ctx, ref)
	}
	if err := c.meant(claim, ref, uid); err != nil {
		return false, err
	}
	if err := c.unused(ctx, ref); err != nil {
		return false, err
	}
	version := claim.GetResourceVersion()
	err = c.remove(ctx, claim, metav1.Preconditions{ResourceVersion: &version})
	return errors.Is(err, workspace.ErrConflict), err
}

// purgedBefore accepts a missing claim where a deleted workspace's Secret says
// that a purge was cut off.
func (c *Client) purgedBefore(ctx context.Context, ref workspace.Ref) error {
	secret, err := c.find(ctx, secretOf(ref))
	if err != nil {
		return err
	}
	if secret != nil && isOurs(secret, ref) && isDeleted(secret) {
		return nil
	}
	return workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("workspace %s has no kept home in namespace %s", ref.Name, ref.Namespace)),
		"see what is kept: berth ls --deleted")
}

func (c *Client) purgeSecret(ctx context.Context, ref workspace.Ref) error {
	secret, err := c.find(ctx, secretOf(ref))
	if err != nil || secret == nil {
		return err
	}
	if !isOurs(secret, ref) {
		return foreign(secret)
	}
	return c.remove(ctx, secret, metav1.Preconditions{})
}

// unused refuses while a pod, in any phase, names the claim. The server keeps
// a claim that a pod uses until the pod is gone, so a pod that comes between
// the look and the write loses nothing that it has mounted.
func (c *Client) unused(ctx context.Context, ref workspace.Ref) error {
	pods, err := c.clientset.CoreV1().Pods(ref.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("looking for pods that use the home: %w", c.explain(err))
	}
	for _, pod := range pods.Items {
		if mounts(&pod, ref.ClaimName()) {
			return workspace.WithHint(workspace.WithKind(workspace.ErrConflict,
				fmt.Errorf("pod %s (%s) still uses the home", workspace.Safe(pod.Name), workspace.Safe(strings.ToLower(string(pod.Status.Phase))))),
				"wait until it is gone, then repeat")
		}
	}
	return nil
}

// mounts reports whether the pod names the claim.
func mounts(pod *corev1.Pod, claim string) bool {
	for _, v := range pod.Spec.Volumes {
		if v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim {
			return true
		}
	}
	return false
}

// Undo removes what one create or restore has made, the last first, and
// returns what it leaves: a home that a pod uses or that another operation has
// made, and what may not be deleted. Operation is Created.Operation.
func (c *Client) Undo(ctx context.Context, ref workspace.Ref, operation string, inst workspace.Installation, progress ProgressFunc) (kept []string, err error) {
	if operation == "" {
		return nil, nil
	}
	made := func(o *unstructured.Unstructured) bool { return o.GetAnnotations()[annotationOperation] == operation }
	report := c.report(progress)
	if err := c.removeCompute(ctx, ref, inst, report, made); err != nil {
		return []string{title(claimOf(ref)), title(secretOf(ref))}, err
	}
	for _, o := range []*unstructured.Unstructured{claimOf(ref), secretOf(ref)} {
		var stays bool
		err := report.step("removing "+title(o), func() error {
			stays, err = c.undoKept(ctx, ref, o, made, len(kept) > 0)
			return err
		})
		if stays || err != nil {
			kept = append(kept, title(o))
		}
		if err != nil && !errors.Is(err, workspace.ErrForbidden) {
			return kept, err
		}
	}
	return kept, nil
}

// undoKept removes home or Secret of a create that did not end. The Secret
// stays with a home that stays.
func (c *Client) undoKept(ctx context.Context, ref workspace.Ref, o *unstructured.Unstructured, made func(*unstructured.Unstructured) bool, homeStays bool) (stays bool, err error) {
	live, err := c.find(ctx, o)
	if err != nil || live == nil || !isOurs(live, ref) {
		return false, err
	}
	if !made(live) || homeStays {
		return true, nil
	}
	if o.GetKind() == "PersistentVolumeClaim" {
		switch err := c.unused(ctx, ref); {
		case errors.Is(err, workspace.ErrConflict):
			return true, nil
		case err != nil:
			return true, err
		}
	}
	return false, c.remove(ctx, live, metav1.Preconditions{})
}
