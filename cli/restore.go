package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
)

func newRestore(a *app) *cobra.Command {
	return newVerb(a, verb{
		name: "restore", short: "Bring deleted workspaces back: same home, identity and alias",
		deleted: true, phase: workspace.Running, done: "restored",
		do: (*cluster).restore, again: a.restoreAnew,
	})
}

// restoreAnew restores a workspace whose Secret is gone, and with it the host
// key that everyone has pinned: only somebody who was asked may replace that.
func (a *app) restoreAnew(ctx context.Context, c *cluster, w workspace.Workspace, o verbOptions, err error) error {
	if !errors.Is(err, kube.ErrIdentityGone) {
		return err
	}
	fmt.Fprintf(a.err, "berth: %v\n", err)
	if err := a.confirm(ctx, "Make a new host key and a new list of keys for "+w.Name+"? Whoever has pinned the old host key is refused until they list the workspaces again.", o.yes); err != nil {
		return err
	}
	dir, err := a.ssh()
	if err != nil {
		return err
	}
	keys, err := dir.Keys(ctx, sshconf.KeySource{Chosen: true, Agent: a.agentKeys(ctx)})
	if err != nil {
		return err
	}
	a.tellKeys(keys)
	id, err := kube.NewIdentity(keyLines(keys))
	if err != nil {
		return err
	}
	if err := c.restoreAs(ctx, w, &id, a.progress(w.Name+": ")); err != nil {
		return err
	}
	return dir.Offer(ctx, keys.Identities()...)
}
