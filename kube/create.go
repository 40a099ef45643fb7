package kube

// Creating a workspace: Secret, claim, ConfigMap, Service, disruption budget,
// Deployment, the gateway's port where the kind gives one, route, and at last
// the number of replicas.
//
// A create that ended half way is continued by running it again. It is
// recognised by what is there: our own objects of this name, the same kept
// spec on the claim, and a Deployment that is missing, or was never scaled, or
// has no ready pod yet. Anything else of that name is a conflict: a workspace
// that is complete, one that is deleted and can be restored, or objects that
// berth has not made.

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/workspace"
)

// Request is what Create makes.
type Request struct {
	Ref          workspace.Ref
	Spec         workspace.Spec // complete, profile included; Preflight makes it so
	Identity     Identity       // ignored where an unfinished create has left one
	Installation workspace.Installation
	AccessMode   corev1.PersistentVolumeAccessMode // "" is ReadWriteOnce
}

// Created is what a create or restore has made.
type Created struct {
	UID       string // of the Deployment
	HostKey   string // public key line
	Operation string // for Undo; empty until something was written
	Resumed   bool   // continued an unfinished create
}

// StepError says which step of an operation failed. Running the operation
// again continues there.
type StepError struct {
	Step string // "claim api-home"
	Err  error
}

// Error gives "step: cause".
func (e *StepError) Error() string { return e.Step + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// ProgressFunc hears about each step when it begins and when it is done. It is
// called from the goroutine that does the work; nil hears nothing.
type ProgressFunc func(workspace.Progress)

// reporter tells a ProgressFunc about steps.
type reporter struct {
	to    ProgressFunc
	now   func() time.Time
	begun time.Time
}

func (c *Client) report(to ProgressFunc) reporter { return reporter{to, c.now, c.now()} }

// step runs one step; its failure carries the step's name.
func (r reporter) step(name string, do func() error) error {
	if r.to != nil {
		r.to(workspace.Progress{Step: name, Elapsed: r.now().Sub(r.begun)})
	}
	if err := do(); err != nil {
		return &StepError{name, err}
	}
	if r.to != nil {
		r.to(workspace.Progress{Step: name, Done: true, Elapsed: r.now().Sub(r.begun)})
	}
	return nil
}

// Create makes a workspace and starts it, or continues a create that was cut
// off. A failure is a *StepError; what is there by then stays, for the next
// run or for Undo. The result is useful beside an error: it names the
// operation to undo.
func (c *Client) Create(ctx context.Context, req Request, progress ProgressFunc) (Created, error) {
	m := &maker{c: c, ref: req.Ref, spec: req.Spec, inst: req.Installation, mode: req.AccessMode, id: req.Identity, report: c.report(progress)}
	if _, err := m.objects(); err != nil {
		return Created{}, err
	}
	err := m.report.step("checking "+req.Ref.Name, func() error { return m.examine(ctx) })
	if err == nil {
		err = m.make(ctx)
	}
	return m.done, err
}

// maker carries one create or restore.
type maker struct {
	c      *Client
	ref    workspace.Ref
	spec   workspace.Spec
	inst   workspace.Installation
	mode   corev1.PersistentVolumeAccessMode
	id     Identity
	port   int // of the gateway, once it is claimed
	report reporter
	done   Created

	portBefore int  // of a workspace that is restored; 0 when it had none
	restoring  bool // objects with the label of a deleted workspace are expected
}

// objects builds what is to be there, marked with the operation.
func (m *maker) objects() ([]*unstructured.Unstructured, error) {
	built, err := Build(m.ref, m.spec, m.id, m.inst)
	if err != nil {
		return nil, err
	}
	if m.mode != "" {
		built.Claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{m.mode}
	}
	if err := built.On(m.ref, m.inst, m.port); err != nil {
		return nil, err
	}
	list, err := built.list()
	for _, o := range list {
		setAnnotation(o, annotationOperation, m.done.Operation)
	}
	return list, err
}

// examine decides between a new create, one to continue, and a conflict.
func (m *maker) examine(ctx context.Context) error {
	secret, err := m.c.find(ctx, secretOf(m.ref))
	if err != nil {
		return err
	}
	claim, err := m.c.find(ctx, claimOf(m.ref))
	if err != nil {
		return err
	}
	deployment, err := m.c.find(ctx, deploymentOf(m.ref))
	if err != nil {
		return err
	}
	if deployment != nil && isOurs(deployment, m.ref) && !unfinished(deployment) {
		return taken(m.ref)
	}
	m.done.Operation = rand.Text()
	for _, o := range []*unstructured.Unstructured{secret, claim, deployment} {
		if o == nil {
			continue
		}
		if err := m.usable(o); err != nil {
			return err
		}
		m.done.Resumed = true
		if op := o.GetAnnotations()[annotationOperation]; op != "" {
			m.done.Operation = op
		}
	}
	return nil
}

// usable refuses an object that this operation may not build on.
func (m *maker) usable(o *unstructured.Unstructured) error {
	switch {
	case !isOurs(o, m.ref):
		return foreign(o)
	case o.GetDeletionTimestamp() != nil:
		return leaving(o)
	case isDeleted(o) && !m.restoring:
		return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("%s of a deleted workspace of that name is still there", title(o))),
			fmt.Sprintf("bring it back: berth restore %s; or give it up for good: berth purge %s", m.ref.Name, m.ref.Name))
	case o.GetKind() == "PersistentVolumeClaim" && !m.restoring:
		return m.sameSpec(o)
	}
	return nil
}

// sameSpec refuses to continue a create that was asked for differently.
func (m *maker) sameSpec(claim *unstructured.Unstructured) error {
	want, err := m.spec.Keep()
	if err != nil {
		return err
	}
	if claim.GetAnnotations()[workspace.AnnotationSpec] == want {
		return nil
	}
	return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s exists already, or was begun with other settings", m.ref.Name)),
		fmt.Sprintf("repeat it with the same settings, choose another name, or remove what is there: berth delete %s", m.ref.Name))
}

func taken(ref workspace.Ref) error {
	return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s exists already in namespace %s", ref.Name, ref.Namespace)),
		"choose another name, or use it: berth ssh "+ref.Name)
}

// unfinished reports whether a Deployment comes from a create that has not
// ended: never scaled, or scaled up without a pod that was ready.
func unfinished(deployment *unstructured.Unstructured) bool {
	if !manages(deployment, workspace.ScaleManager) {
		return true
	}
	// The first number of replicas is our own 0; whoever stopped it since has
	// a finished workspace.
	replicas, _, _ := unstructured.NestedInt64(deployment.Object, "spec", "replicas")
	ready, _, _ := unstructured.NestedInt64(deployment.Object, "status", "readyReplicas")
	generation := int64(2) // made, scaled
	if portOf(deployment) != 0 {
		generation++ // a Deployment's annotations count too
	}
	return replicas == 1 && ready == 0 && deployment.GetGeneration() <= generation
}

// make writes all objects and starts the workspace.
func (m *maker) make(ctx context.Context) error {
	list, err := m.objects()
	if err != nil {
		return err
	}
	for i := range list {
		want := list[i]
		var live *unstructured.Unstructured
		err := m.report.step(title(want), func() error {
			live, err = m.ensureAdmitted(ctx, want)
			return err
		})
		if err != nil {
			return err
		}
		switch want.GetKind() {
		case "Secret":
			// A Secret that was there decides the host key of all that follows.
			if err := m.adopt(live); err != nil {
				return err
			}
			if list, err = m.objects(); err != nil {
				return err
			}
		case "Deployment":
			m.done.UID = string(live.GetUID())
			if list, err = m.takePort(ctx, list); err != nil {
				return err
			}
		}
	}
	m.done.HostKey = m.id.HostPublic
	if m.restoring {
		if err := m.report.step("taking the home back", func() error { return m.unmark(ctx) }); err != nil {
			return err
		}
	}
	return m.report.step("starting "+m.ref.Name, func() error {
		return m.c.scale(ctx, m.ref, m.done.UID, 1)
	})
}

// adopt takes the identity from a live Secret.
func (m *maker) adopt(live *unstructured.Unstructured) error {
	var secret corev1.Secret
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, &secret); err != nil {
		return fmt.Errorf("reading %s: %w", title(live), err)
	}
	id, err := identityOf(&secret)
	if err != nil {
		return err
	}
	m.id = id
	return nil
}

// ensure makes one object, or accepts the one that an earlier run has made.
func (m *maker) ensure(ctx context.Context, want *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	bounded, cancel := m.c.write(ctx)
	defer cancel()
	post := want.DeepCopy()
	if post.GetKind() == "Deployment" {
		// Nothing runs until everything is there; the default would be 1.
		if err := unstructured.SetNestedField(post.Object, int64(0), "spec", "replicas"); err != nil {
			return nil, err
		}
	}
	live, err := m.c.resource(post).Create(bounded, post, metav1.CreateOptions{FieldManager: workspace.FieldManager})
	if err == nil {
		return m.c.own(bounded, live)
	}
	if !apierrors.IsAlreadyExists(err) && !unknownOutcome(err) {
		return nil, m.c.explain(err)
	}
	found, findErr := m.c.find(ctx, want)
	if findErr != nil || found == nil {
		return nil, m.c.explain(err)
	}
	if err := m.usable(found); err != nil {
		return nil, err
	}
	if want.GetKind() == "Secret" || want.GetKind() == "PersistentVolumeClaim" {
		// The keys in the one and the size of the other are as they were made.
		return m.keep(ctx, found, want)
	}
	return m.c.apply(ctx, found, want, false)
}

// keep leaves Secret and claim as they are, but for the claim's copy of the
// host key: a restore may have had to make a new one.
func (m *maker) keep(ctx context.Context, found, want *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	key := want.GetAnnotations()[workspace.AnnotationHostKey]
	if key != found.GetAnnotations()[workspace.AnnotationHostKey] {
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
			"uid": found.GetUID(), "annotations": map[string]string{workspace.AnnotationHostKey: key},
		}})
		if err != nil {
			return nil, fmt.Errorf("encoding the host key: %w", err)
		}
		if err := m.c.merge(ctx, found, patch, workspace.FieldManager); err != nil {
			return nil, err
		}
		if found, err = m.c.find(ctx, want); err != nil {
			return nil, err
		}
		if found == nil {
			return nil, replaced(want)
		}
	}
	ctx, cancel := m.c.write(ctx)
	defer cancel()
	return m.c.own(ctx, found)
}

// unknownOutcome reports whether a write may have happened although it failed.
func unknownOutcome(err error) bool {
	if apierrors.ReasonForError(err) == metav1.StatusReasonUnknown {
		return true // no answer of the API server at all
	}
	return apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsInternalError(err)
}
