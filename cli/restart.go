package cli

import (
	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

func newRestart(a *app) *cobra.Command {
	return newVerb(a, verb{
		name: "restart", short: "Give workspaces a new pod; home and identity stay", newPod: true, phase: workspace.Running, done: "restarted",
		do: (*cluster).restart,
	})
}
