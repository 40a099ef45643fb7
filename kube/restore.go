package kube

// Bringing a deleted workspace back: from the kept spec, with the same home
// and the same host key.

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/berth-sh/berth/workspace"
)

// ErrIdentityGone is returned, wrapped, by Restore when the Secret with the
// host key no longer exists. The caller asks before it passes a new identity,
// because everybody's pinned key changes with it.
var ErrIdentityGone = errors.New("the workspace's host key is gone")

// RestoreRequest is what Restore brings back.
type RestoreRequest struct {
	Ref          workspace.Ref
	ClaimUID     string    // of the home that was meant; "" takes whichever is there
	NewIdentity  *Identity // used only where the Secret is gone
	Installation workspace.Installation
}

// Restore recreates a deleted workspace and starts it, or continues a restore
// that was cut off.
func (c *Client) Restore(ctx context.Context, req RestoreRequest, progress ProgressFunc) (Created, error) {
	m := &maker{c: c, ref: req.Ref, inst: req.Installation, report: c.report(progress), restoring: true}
	err := m.report.step("reading the kept settings of "+req.Ref.Name, func() error { return m.recall(ctx, req) })
	if err != nil {
		return m.done, err
	}
	err = m.make(ctx)
	return m.done, err
}

// recall finds home, settings and identity.
func (m *maker) recall(ctx context.Context, req RestoreRequest) error {
	claim, err := m.c.find(ctx, claimOf(m.ref))
	if err != nil {
		return err
	}
	if claim == nil {
		return workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("workspace %s has no kept home in namespace %s", m.ref.Name, m.ref.Namespace)),
			"see what can be restored: berth ls --deleted")
	}
	if err := m.c.meant(claim, m.ref, req.ClaimUID); err != nil {
		return err
	}
	deployment, err := m.c.find(ctx, deploymentOf(m.ref))
	if err != nil {
		return err
	}
	m.done.Operation = rand.Text()
	if deployment != nil {
		if err := m.continues(deployment); err != nil {
			return err
		}
	}
	if m.spec, err = workspace.ParseSpec(claim.GetAnnotations()[workspace.AnnotationSpec]); err != nil {
		return workspace.WithHint(fmt.Errorf("reading the settings kept on %s: %w", title(claim), safeError(err)), "update berth, or look at the claim's annotation "+workspace.AnnotationSpec)
	}
	m.portBefore = portOf(claim)
	if _, ok := ported(m.inst); ok {
		s := &seeker{c: m.c, ports: m.inst.Gateway.PortRange(), ref: m.ref, prefer: m.portBefore}
		if _, err := s.plan(ctx, 0); err != nil {
			return err // before anything is written
		}
	}
	return m.recallIdentity(ctx, req.NewIdentity)
}

// continues accepts only the Deployment of a restore that was cut off.
func (m *maker) continues(deployment *unstructured.Unstructured) error {
	if err := m.usable(deployment); err != nil {
		return err
	}
	if !unfinished(deployment) {
		return taken(m.ref)
	}
	m.done.Resumed = true
	if op := deployment.GetAnnotations()[annotationOperation]; op != "" {
		m.done.Operation = op
	}
	return nil
}

// recallIdentity takes the host key from the Secret, else the new one.
func (m *maker) recallIdentity(ctx context.Context, fresh *Identity) error {
	secret, err := m.c.find(ctx, secretOf(m.ref))
	if err != nil {
		return err
	}
	switch {
	case secret != nil:
		if err := m.usable(secret); err != nil {
			return err
		}
		return m.adopt(secret)
	case fresh == nil:
		return workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("%w: secret %s does not exist", ErrIdentityGone, m.ref.SecretName())),
			"a new host key can be made; whoever pinned the old one is told that it changed")
	}
	m.id = *fresh
	return nil
}

// unmark takes the label of a deleted workspace away, once everything runs.
func (m *maker) unmark(ctx context.Context) error {
	for _, o := range []*unstructured.Unstructured{secretOf(m.ref), claimOf(m.ref)} {
		if err := m.c.mark(ctx, o, m.ref, false); err != nil {
			return err
		}
	}
	return nil
}
