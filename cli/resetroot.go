package cli

import (
	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/kube"
)

func newResetRoot(a *app) *cobra.Command {
	var o editOptions
	cmd := &cobra.Command{
		Use:   "reset-root NAME",
		Short: "Give up all changes to the system of a workspace with profile full",
		Long: `Give up what was installed and changed in the system of a workspace with profile
full: it starts again from its image. The home and Docker's images and volumes are
kept. A running workspace restarts, a stopped one stays stopped.`,
		Args:              exactly(1, "the workspace's name"),
		ValidArgsFunction: a.completeWorkspaces(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name, o.done = args[0], "starts afresh"
			o.question = "Give up all packages and other changes to the system of " + o.name + "? The home is kept."
			return a.runEdit(cmd.Context(), o, kube.ResetRoot(o.name))
		},
	}
	o.add(cmd)
	return cmd
}
