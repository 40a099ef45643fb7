package cli

import (
	"context"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
)

// actions implements tui.Actions over the clusters.
type actions struct{ fleet *fleet }

// do runs one verb.
func (x actions) do(ctx context.Context, w workspace.Workspace, t tell, verb func(*cluster, context.Context, workspace.Workspace, tell) error) error {
	app := x.fleet.of(w)
	if err := app.writable(); err != nil {
		return err
	}
	c, err := app.cluster()
	if err != nil {
		return err
	}
	return verb(c, ctx, w, t)
}

// Create implements tui.Actions, with the keys that `berth create` would use.
func (x actions) Create(ctx context.Context, in string, ref workspace.Ref, spec workspace.Spec, t tell) error {
	app := x.fleet.at(in)
	if err := app.writable(); err != nil {
		return err
	}
	c, err := app.cluster()
	if err != nil {
		return err
	}
	dir, err := app.ssh()
	if err != nil {
		return err
	}
	keys, err := dir.Keys(ctx, sshconf.KeySource{Chosen: true, Agent: app.agentKeys(ctx)})
	if err != nil {
		return err
	}
	note := func(text string) { t(workspace.Progress{Step: text, Done: true}) }
	if keys.Made != "" {
		note("you had no ssh key: made " + keys.Made)
	}
	if keys.Chosen {
		note("with the key that you chose last")
	}
	if err := dir.Offer(ctx, keys.Identities()...); err != nil {
		return err
	}
	return c.create(ctx, ref, spec, keyLines(keys), note, t)
}

// Start implements tui.Actions.
func (x actions) Start(ctx context.Context, w workspace.Workspace, t tell) error {
	return x.do(ctx, w, t, (*cluster).start)
}

// Stop implements tui.Actions.
func (x actions) Stop(ctx context.Context, w workspace.Workspace, t tell) error {
	return x.do(ctx, w, t, (*cluster).stop)
}

// Restart implements tui.Actions.
func (x actions) Restart(ctx context.Context, w workspace.Workspace, t tell) error {
	return x.do(ctx, w, t, (*cluster).restart)
}

// Delete implements tui.Actions.
func (x actions) Delete(ctx context.Context, w workspace.Workspace, t tell) error {
	return x.do(ctx, w, t, (*cluster).delete)
}

// Restore implements tui.Actions.
func (x actions) Restore(ctx context.Context, w workspace.Workspace, t tell) error {
	return x.do(ctx, w, t, (*cluster).restore)
}

// Purge implements tui.Actions.
func (x actions) Purge(ctx context.Context, w workspace.Workspace, t tell) error {
	return x.do(ctx, w, t, (*cluster).purge)
}
