package kube

// Everything that berth may want to do in a namespace, for whoever wants to
// know beforehand. Each verb asks for its own part when it is used; this is
// the sum of them.

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/berth-sh/berth/workspace"
)

// Use is one thing that people do with workspaces, and what it takes.
type Use struct {
	For      string // "list and follow", "create", …
	Needs    []workspace.Access
	Optional bool // works around its lack, or is given to few people on purpose
}

// Uses lists everything that berth does with workspaces in a namespace.
func Uses(namespace string, inst workspace.Installation) ([]Use, error) {
	in := func(resource string, verbs ...string) []workspace.Access {
		var out []workspace.Access
		for _, verb := range verbs {
			out = append(out, workspace.Access{Verb: verb, Resource: resource, Namespace: namespace})
		}
		return out
	}
	join := func(lists ...[]workspace.Access) (all []workspace.Access) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	way, err := routeObjects(workspace.Ref{Namespace: namespace, Name: "any"}, inst)
	if err != nil {
		way = nil // another use will say that this kind of gateway is not known
	}
	ofRoute, err := routeAccess(way)
	if err != nil {
		return nil, err
	}
	uses := []Use{
		{For: "list and follow", Needs: join(
			in("deployments.apps", "list", "watch"), in("pods", "list", "watch"), in("persistentvolumeclaims", "list", "watch"))},
		{For: "create and edit", Needs: createAccess(namespace)},
		{For: "start and stop", Needs: in("deployments.apps/scale", "get", "patch")},
		{For: "delete", Needs: join(
			in("deployments.apps", "delete"), in("services", "delete"), in("configmaps", "delete"), in("poddisruptionbudgets.policy", "delete"))},
		{For: "route", Needs: ofRoute},
		{For: "logs", Needs: in("pods/log", "get")},
		{For: "say why", Optional: true, Needs: join(
			in("replicasets.apps", "list", "watch"), in("events", "list", "watch"), in("resourcequotas", "list"), in("limitranges", "list"))},
		{For: "port-forward", Optional: inst.Gateway.Published(), Needs: in("pods/portforward", "create")},
		{For: "purge", Optional: true, Needs: join(in("persistentvolumeclaims", "delete"), in("secrets", "delete"))},
		{For: "read what the cluster has", Optional: true, Needs: []workspace.Access{
			{Verb: "list", Resource: "storageclasses.storage.k8s.io"}, {Verb: "get", Resource: "namespaces"},
		}},
	}
	return uses, nil
}

// Lacks asks the API server about all of them and returns those that lack
// something, with what they lack, and how many questions there were.
func (c *Client) Lacks(ctx context.Context, uses []Use) (lacking []Use, asked int, err error) {
	answers := map[workspace.Access]*bool{}
	for _, use := range uses {
		for _, access := range use.Needs {
			answers[access] = new(bool)
		}
	}
	group, asking := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for access, allowed := range answers {
		group.Go(func() error {
			ok, err := c.Can(asking, access)
			*allowed = ok
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, 0, fmt.Errorf("asking what is allowed: %w", err)
	}
	for _, use := range uses {
		var missing []workspace.Access
		for _, access := range use.Needs {
			if !*answers[access] {
				missing = append(missing, access)
			}
		}
		if len(missing) > 0 {
			use.Needs = missing
			lacking = append(lacking, use)
		}
	}
	return lacking, len(answers), nil
}
