package kube

import (
	"context"

	"github.com/berth-sh/berth/workspace"
)

// changeProfile completes an edit that changes the profile: the namespace is
// asked as before a create, and that a home was once full's is remembered.
func (c *Client) changeProfile(ctx context.Context, e *Edit) error {
	if e.Before.Profile == e.After.Profile {
		if e.Before.Profile == workspace.Full && e.Before.Image != e.After.Image {
			e.Notes = append(e.Notes, "the system starts from the new image; what was installed over "+e.Before.Image+" is kept for a way back (berth reset-root gives it up)")
		}
		return nil
	}
	if e.Before.Profile == workspace.Full {
		e.After.WasFull, e.After.Form = true, ""
		e.Notes = append(e.Notes, "packages and other changes to the system stay on the volume, and are seen again only with profile full")
	}
	p := Preflight{Spec: e.After}
	if err := c.checkNamespace(ctx, e.ref.Namespace, &p); err != nil {
		return err
	}
	if err := c.checkFull(ctx, &p); err != nil {
		return err
	}
	e.After, e.Notes = p.Spec, append(e.Notes, p.Notes...)
	return nil
}

// ResetRoot is the change of a plan that gives up all changes to the system of
// workspace name, which has to have profile full. Home and Docker's data stay.
func ResetRoot(name string) func(*workspace.Spec) error {
	return func(spec *workspace.Spec) error {
		if spec.Profile != workspace.Full {
			return workspace.WithHint(workspace.Usagef("workspace %s has profile %s, whose system is the image's after every restart", name, spec.Profile),
				"start it afresh: berth restart "+name)
		}
		spec.Root++
		return nil
	}
}
