package cli

import (
	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

func newRestore(a *app) *cobra.Command {
	return newVerb(a, verb{
		name: "restore", short: "Bring deleted workspaces back: same home, identity and alias",
		deleted: true, phase: workspace.Running, done: "restored",
		do: (*cluster).restore,
	})
}
