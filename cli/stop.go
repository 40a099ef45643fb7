package cli

import (
	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

// newStop asks nothing: what a stop ends is back after a start.
func newStop(a *app) *cobra.Command {
	return newVerb(a, verb{
		name: "stop", short: "Stop workspaces; home and identity stay", phase: workspace.Stopped, done: "stopped",
		do: (*cluster).stop,
	})
}
