package cli

import (
	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

// newPurge destroys data, so it wants the name typed, not a y.
func newPurge(a *app) *cobra.Command {
	return newVerb(a, verb{
		name: "purge", short: "Destroy deleted workspaces' homes for good",
		long: `Destroy home and identity of deleted workspaces for good. Nothing brings them back.
A home that a pod still uses is refused.`,
		deleted: true, done: "purged", typed: true,
		question: func(list []workspace.Workspace) string {
			return "Purge " + namesOf(list) + "? Its home and identity are destroyed for good."
		},
		do: (*cluster).purge,
	})
}
