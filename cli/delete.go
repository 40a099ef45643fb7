package cli

import (
	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

func newDelete(a *app) *cobra.Command {
	return newVerb(a, verb{
		name: "delete", short: "Delete workspaces; restore brings them back", phase: workspace.Deleted, done: "deleted",
		long: `Delete workspaces. Their pods end and open sessions with them; home and identity are
kept, and berth restore brings them back as they were. berth purge destroys them.`,
		question: func(list []workspace.Workspace) string {
			return "Delete " + namesOf(list) + "? Sessions end; homes are kept."
		},
		do: (*cluster).delete,
	})
}
