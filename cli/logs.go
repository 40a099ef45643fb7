package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

func newLogs(a *app) *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:               "logs NAME",
		Short:             "Print what a workspace's container logged",
		Args:              exactly(1, "the workspace's name"),
		ValidArgsFunction: a.completeWorkspaces(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runLogs(cmd.Context(), args[0], follow)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with new lines, until interrupted")
	return cmd
}

func (a *app) runLogs(ctx context.Context, name string, follow bool) error {
	w, err := a.findOne(ctx, name)
	if err != nil {
		return err
	}
	c, err := a.cluster()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err = c.logs(ctx, w, kube.LogOptions{Follow: follow}, func(line workspace.LogLine) {
		if _, err := fmt.Fprintln(a.out, line.Text); err != nil {
			cancel(err) // nobody reads any more
		}
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil && workspace.HintOf(err) == "" {
		return workspace.WithHint(err, "see what it waits for: berth why "+w.Name)
	}
	return err
}
