package kube

// A port of the gateway as part of making, changing and removing a workspace;
// see claims.go for how it is decided who gets it.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// portAccess is what claiming, taking over and freeing a port needs.
func portAccess(inst workspace.Installation) []workspace.Access {
	if _, ok := ported(inst); !ok {
		return nil
	}
	var out []workspace.Access
	for _, verb := range []string{"get", "list", "create", "update", "delete"} {
		out = append(out, workspace.Access{Verb: verb, Resource: "leases.coordination.k8s.io", Namespace: workspace.GatewayNamespace})
	}
	return out
}

// roleFor names the role that gives what is missing.
func roleFor(missing []workspace.Access) string {
	for _, a := range missing {
		if a.Namespace != workspace.GatewayNamespace {
			return "ask for the role berth-developer in the namespace"
		}
	}
	return "ask for the gateway's own role in namespace " + workspace.GatewayNamespace + "; berth gateway manifest makes it"
}

// takePort claims the new workspace's port and builds its objects anew, now
// that the route is known.
func (m *maker) takePort(ctx context.Context, list []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	if _, ok := ported(m.inst); !ok {
		return list, nil
	}
	err := m.report.step("a port of the gateway", func() (err error) {
		s := &seeker{
			c: m.c, ports: m.inst.Gateway.PortRange(), ref: m.ref, uid: m.done.UID,
			prefer: m.portBefore, operation: m.done.Operation,
		}
		m.port, err = s.take(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return m.objects()
}

const (
	// admissionLag is how long the API server may take to show its policies
	// what has just been written.
	admissionLag   = 5 * time.Second
	admissionPause = 100 * time.Millisecond
)

// ensureAdmitted is ensure. The policy that keeps others off a claimed port
// reads claims from a cache: for a moment it may know a port's last holder
// only, and refuse the one who has it now.
func (m *maker) ensureAdmitted(ctx context.Context, want *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	late := time.After(admissionLag)
	for {
		live, err := m.ensure(ctx, want)
		if err == nil || m.port == 0 || !strings.Contains(err.Error(), route.PortHeld) {
			return live, err
		}
		select {
		case <-time.After(admissionPause):
		case <-late:
			return nil, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// releasePorts ends the claims of a workspace that is removed.
func (c *Client) releasePorts(ctx context.Context, ref workspace.Ref, inst workspace.Installation, report reporter, only func(*unstructured.Unstructured) bool) error {
	if _, ok := ported(inst); !ok {
		return nil
	}
	var accept func(metav1.Object) bool
	if only != nil {
		accept = func(lease metav1.Object) bool {
			o := &unstructured.Unstructured{}
			o.SetAnnotations(lease.GetAnnotations())
			return only(o)
		}
	}
	return report.step("freeing the port of "+ref.Name, func() error { return c.freePorts(ctx, ref, accept) })
}

// portPlan is the port that an edit counts on.
type portPlan struct {
	port    int // 0 with kinds that have none
	decided int // what the workspace goes by already
	inst    workspace.Installation
	seek    *seeker
}

// planPort finds the port of a workspace, or the one that it would get.
func (c *Client) planPort(ctx context.Context, ref workspace.Ref, deployment, claim *unstructured.Unstructured, inst workspace.Installation) (portPlan, error) {
	if _, ok := ported(inst); !ok {
		return portPlan{}, nil
	}
	p := portPlan{
		decided: portOf(deployment), inst: inst,
		seek: &seeker{c: c, ports: inst.Gateway.PortRange(), ref: ref, uid: string(deployment.GetUID()), prefer: portOf(claim)},
	}
	var err error
	p.port, err = p.seek.plan(ctx, p.decided)
	if errors.Is(err, workspace.ErrForbidden) && p.seek.ports.Has(p.decided) {
		p.port, err = p.decided, nil // whoever may not look at claims can change everything else
	}
	return p, err
}

// takePort makes sure that the workspace holds the port that its route is
// written for.
func (e *Edit) takePort(ctx context.Context, report reporter) error {
	if e.ports.seek == nil {
		return nil
	}
	port := 0
	err := report.step("a port of the gateway", func() (err error) {
		port, err = e.ports.seek.take(ctx)
		if errors.Is(err, workspace.ErrForbidden) && e.ports.port == e.ports.decided {
			port, err = e.ports.port, nil
		}
		return err
	})
	if err != nil || port == e.ports.port {
		return err
	}
	way, _ := ported(e.ports.inst)
	objects, err := way.On(port).Objects(e.ref, e.ports.inst)
	if err != nil {
		return fmt.Errorf("making the route: %w", err)
	}
	e.ports.port = port
	for _, typed := range objects {
		fresh, err := toUnstructured(typed)
		if err != nil {
			return err
		}
		for i, ch := range e.changes {
			if ch.want != nil && ch.want.GetKind() == fresh.GetKind() && ch.want.GetName() == fresh.GetName() {
				e.changes[i].want = fresh
			}
		}
	}
	return nil
}
