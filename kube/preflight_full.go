package kube

import (
	"context"

	"github.com/berth-sh/berth/workspace"
)

// CanFull reports whether a namespace of this cluster admits profile full and
// some node can run it: by the namespace's Pod Security level, the cluster's
// version, and what the nodes say of kernel, runtime and user namespaces. The
// answer is the form that is admitted, or why there is none. What may not be
// read speaks for it; the node says the rest when it is asked.
func (c *Client) CanFull(ctx context.Context, namespace string) (workspace.Form, error) {
	p := Preflight{Spec: workspace.Spec{Profile: workspace.Full}}
	if err := c.checkNamespace(ctx, namespace, &p); err != nil {
		return "", err
	}
	if err := c.checkFull(ctx, &p); err != nil {
		return "", err
	}
	return p.Spec.Form, nil
}
