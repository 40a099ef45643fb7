package cli

import (
	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

func newStart(a *app) *cobra.Command {
	return newVerb(a, verb{
		name: "start", short: "Start stopped workspaces", phase: workspace.Running, done: "started",
		do: (*cluster).start,
	})
}
