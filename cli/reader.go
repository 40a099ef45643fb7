package cli

import (
	"context"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/workspace"
)

// logTail is how many old lines the program shows.
const logTail = 1000

// reader implements detail.Reader over the clusters.
type reader struct{ fleet *fleet }

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
	return c.logs(ctx, w, kube.LogOptions{Follow: o.Follow, Previous: o.Previous, Tail: logTail}, line)
}

// YAML implements detail.Reader.
func (r reader) YAML(ctx context.Context, w workspace.Workspace) (string, error) {
	c, err := r.fleet.of(w).cluster()
	if err != nil {
		return "", err
	}
	return c.client.YAML(ctx, w.Ref)
}
