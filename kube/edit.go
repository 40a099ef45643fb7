package kube

// Changing a workspace. A plan is made first, by the API server itself in a
// dry run, so that the diff shown is what will happen and a refusal comes
// before anything is written.

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/workspace"
)

// Edit is a planned change of one workspace.
type Edit struct {
	Before, After workspace.Spec
	Diff          string   // of the objects as YAML, "" when nothing changes
	Restarts      bool     // a running workspace gets a new pod
	Notes         []string // what the change means beyond the diff

	c       *Client
	ref     workspace.Ref
	changes []objectChange
	ports   portPlan
}

// objectChange is one object before and after; live is nil for one to create,
// want for one to remove.
type objectChange struct{ live, want *unstructured.Unstructured }

// Plan computes what changing the workspace's spec does to its objects.
// change gets the present spec. Replicas are not part of it: a stopped
// workspace stays stopped. uid is the Deployment's; "" takes whichever is
// there. A field that another manager owns is a conflict that names both.
func (c *Client) Plan(ctx context.Context, ref workspace.Ref, uid string, inst workspace.Installation, change func(*workspace.Spec) error) (*Edit, error) {
	deployment, err := c.deployment(ctx, ref, uid)
	if err != nil {
		return nil, err
	}
	claim, err := c.find(ctx, claimOf(ref))
	if err != nil {
		return nil, err
	}
	if claim == nil {
		return nil, workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("%s does not exist", title(claimOf(ref))))
	}
	if err := c.meant(claim, ref, ""); err != nil {
		return nil, err
	}
	e := &Edit{c: c, ref: ref}
	if e.Before, err = specOf(deployment, claim); err != nil {
		return nil, err
	}
	e.After = e.Before
	if err := change(&e.After); err != nil {
		return nil, err
	}
	if err := c.changeProfile(ctx, e); err != nil {
		return nil, err
	}
	if err := checkChange(e.Before, e.After); err != nil {
		return nil, err
	}
	if err := e.collect(ctx, deployment, claim, inst); err != nil {
		return nil, err
	}
	return e, e.preview(ctx)
}

// checkChange refuses what cannot be changed in place.
func checkChange(before, after workspace.Spec) error {
	if err := after.Validate(); err != nil {
		return err
	}
	switch {
	case before.StorageClass != after.StorageClass:
		return workspace.WithHint(workspace.Usagef("the storage class of a home cannot be changed"), "create a new workspace and copy the files")
	case before.User != after.User:
		return workspace.Usagef("the login name cannot be changed: the home is named after it")
	}
	was, err := quantity("disk", before.Disk)
	if err != nil {
		return err
	}
	will, err := quantity("disk", after.Disk)
	if err != nil {
		return err
	}
	if will.Cmp(was) < 0 {
		return workspace.WithHint(workspace.Usagef("disk cannot shrink from %s to %s", before.Disk, after.Disk),
			"create a smaller workspace and copy the files")
	}
	return nil
}

// collect pairs the live objects with what they are to become. The Secret is
// not among them: keys have their own verb.
func (e *Edit) collect(ctx context.Context, deployment, claim *unstructured.Unstructured, inst workspace.Installation) error {
	built, err := Build(e.ref, e.After, Identity{HostPublic: deployment.GetAnnotations()[workspace.AnnotationHostKey]}, inst)
	if err != nil {
		return err
	}
	var live corev1.PersistentVolumeClaim
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(claim.Object, &live); err != nil {
		return fmt.Errorf("reading %s: %w", title(claim), err)
	}
	// What a claim was made with cannot change.
	built.Claim.Spec.AccessModes = live.Spec.AccessModes
	if e.ports, err = e.c.planPort(ctx, e.ref, deployment, claim, inst); err != nil {
		return err
	}
	if err := built.On(e.ref, inst, e.ports.port); err != nil {
		return err
	}
	list, err := built.list()
	if err != nil {
		return err
	}
	for _, want := range list[1:] {
		now, err := e.c.find(ctx, want)
		if err != nil {
			return err
		}
		if now != nil && !isOurs(now, e.ref) {
			return foreign(now)
		}
		e.changes = append(e.changes, objectChange{now, want})
	}
	old, err := e.c.oldBalancer(ctx, e.ref, inst)
	if err != nil {
		return err
	}
	if old != nil {
		e.changes = append(e.changes, objectChange{old, nil})
	}
	if built.PDB == nil {
		budget, err := e.c.find(ctx, named("policy/v1", "PodDisruptionBudget", e.ref.Namespace, e.ref.Name))
		if err != nil {
			return err
		}
		if budget != nil && isOurs(budget, e.ref) {
			e.changes = append(e.changes, objectChange{budget, nil})
		}
	}
	return nil
}

// preview fills Diff and Restarts by a dry run of every write.
func (e *Edit) preview(ctx context.Context) error {
	var out strings.Builder
	for _, ch := range e.changes {
		after := ch.want
		if ch.live != nil && ch.want != nil {
			var err error
			if after, err = e.c.apply(ctx, ch.live, ch.want, true); err != nil {
				return err
			}
			if ch.want.GetKind() == "Deployment" {
				e.Restarts = podHash(ch.live) != podHash(after)
			}
		}
		before, err := shownYAML(ch.live)
		if err != nil {
			return err
		}
		then, err := shownYAML(after)
		if err != nil {
			return err
		}
		name := ch.live
		if name == nil {
			name = ch.want
		}
		out.WriteString(diffLines(title(name), before, then))
	}
	e.Diff = out.String()
	return nil
}

// shownYAML is an object as a diff shows it: without the kept spec, which says
// all that changes a second time.
func shownYAML(o *unstructured.Unstructured) (string, error) {
	if o == nil {
		return "", nil
	}
	o = o.DeepCopy()
	unstructured.RemoveNestedField(o.Object, "metadata", "annotations", workspace.AnnotationSpec)
	return plainYAML(o)
}

// Apply writes the planned change. It can be repeated after a failure.
func (e *Edit) Apply(ctx context.Context, progress ProgressFunc) error {
	report := e.c.report(progress)
	if err := e.takePort(ctx, report); err != nil {
		return err
	}
	for _, ch := range e.changes {
		name := ch.want
		if name == nil {
			name = ch.live
		}
		if err := report.step("changing "+title(name), func() error { return e.write(ctx, ch) }); err != nil {
			return err
		}
	}
	return nil
}

func (e *Edit) write(ctx context.Context, ch objectChange) error {
	switch {
	case ch.want == nil:
		return e.c.remove(ctx, ch.live, metav1.Preconditions{})
	case ch.live == nil:
		m := &maker{c: e.c, ref: e.ref, spec: e.After}
		_, err := m.ensure(ctx, ch.want)
		return err
	}
	_, err := e.c.apply(ctx, ch.live, ch.want, false)
	var gone *explained
	if errors.As(err, &gone) && errors.Is(err, workspace.ErrNotFound) {
		return replaced(ch.live)
	}
	return err
}

// podHash is the pod template's text.
func podHash(o *unstructured.Unstructured) string {
	template, _, _ := unstructured.NestedMap(o.Object, "spec", "template")
	text, err := yaml.Marshal(template)
	if err != nil {
		return ""
	}
	return string(text)
}
