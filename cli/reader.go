package cli

import (
	"context"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/workspace"
)

// logTail is how many old lines the program shows.
const logTail = 1000

// reader implements detail.Reader over the clusters, and over the list for what
// is known already.
type reader struct {
	fleet *fleet
	list  *live
}

// Why implements detail.Reader.
func (r reader) Why(ctx context.Context, w workspace.Workspace) (workspace.Account, error) {
	c, err := r.fleet.of(w).cluster()
	if err != nil {
		return workspace.Account{}, err
	}
	o, ok := r.list.observed(w)
	if !ok {
		return workspace.Account{Status: w.Status}, nil
	}
	return c.client.Account(ctx, o)
}

// Containers implements detail.Reader.
func (r reader) Containers(_ context.Context, w workspace.Workspace) ([]string, error) {
	o, ok := r.list.observed(w)
	if !ok || len(o.Pods) == 0 {
		return nil, nil
	}
	var names, initial []string
	for _, c := range o.Pods[0].Containers {
		if c.Init {
			initial = append(initial, c.Name)
		} else {
			names = append(names, c.Name)
		}
	}
	return append(names, initial...), nil
}

// Events implements detail.Reader.
func (r reader) Events(ctx context.Context, w workspace.Workspace) ([]workspace.Event, error) {
	c, err := r.fleet.of(w).cluster()
	if err != nil {
		return nil, err
	}
	return c.client.Events(ctx, w.Ref)
}

// Objects implements detail.Reader.
func (r reader) Objects(ctx context.Context, w workspace.Workspace) ([]workspace.Object, error) {
	c, err := r.fleet.of(w).cluster()
	if err != nil {
		return nil, err
	}
	return c.client.Objects(ctx, w.Ref)
}

// Logs implements detail.Reader.
func (r reader) Logs(ctx context.Context, w workspace.Workspace, o detail.LogOptions, line func(workspace.LogLine)) error {
	c, err := r.fleet.of(w).cluster()
	if err != nil {
		return err
	}
	return c.logs(ctx, w, kube.LogOptions{Container: o.Container, Follow: o.Follow, Previous: o.Previous, Tail: logTail, Lost: o.Lost}, line)
}

// YAML implements detail.Reader.
func (r reader) YAML(ctx context.Context, w workspace.Workspace) (string, error) {
	c, err := r.fleet.of(w).cluster()
	if err != nil {
		return "", err
	}
	return c.client.YAML(ctx, w.Ref)
}
