package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

func newEdit(a *app) *cobra.Command {
	var f specFlags
	var o editOptions
	var anew bool
	cmd := &cobra.Command{
		Use:   "edit NAME",
		Short: "Change a workspace's image, size or environment",
		Long: `Change a workspace. What would change is shown before it is asked for; a running
workspace restarts with it, a stopped one stays stopped. The home can grow, never
shrink.`,
		Example:           "  berth edit api --memory 8Gi --env EDITOR=vim\n  berth edit api --route",
		Args:              exactly(1, "the workspace's name"),
		ValidArgsFunction: a.completeWorkspaces(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name, o.done, o.question = args[0], "changed", "Apply this to "+args[0]+"?"
			if !f.given() && !anew {
				return workspace.WithHint(workspace.Usagef("nothing to change was named"), "name it: berth edit "+args[0]+" --memory 8Gi; see berth edit --help")
			}
			// Flags are checked before the cluster is asked for anything.
			if _, err := f.apply(cmd.Flags(), a.in, workspace.Spec{}); err != nil {
				return err
			}
			return a.runEdit(cmd.Context(), o, func(spec *workspace.Spec) error {
				changed, err := f.apply(cmd.Flags(), a.in, *spec)
				*spec = changed
				return err
			})
		},
	}
	f.add(cmd)
	o.add(cmd)
	cmd.Flags().BoolVar(&anew, "route", false, "give it what the gateway needs now, after its kind or its ports have changed")
	a.completeWords(cmd, "profile", "restricted", "standard", "full")
	return cmd
}

// editOptions are the arguments of a command that changes a workspace after it
// has shown how.
type editOptions struct {
	name        string
	question    string
	done        string // past tense for the report
	dryRun, yes bool
}

func (o *editOptions) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would change and change nothing")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
}

// runEdit shows the difference, asks and applies it.
func (a *app) runEdit(ctx context.Context, o editOptions, change func(*workspace.Spec) error) error {
	if !o.dryRun {
		if err := a.writable(); err != nil {
			return err
		}
	}
	w, err := a.findOne(ctx, o.name)
	if err != nil {
		return err
	}
	if w.Deleted() {
		return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s is deleted", w.Ref)), "berth restore "+w.Name)
	}
	c, err := a.cluster()
	if err != nil {
		return err
	}
	edit, err := c.plan(ctx, w, change)
	if err != nil {
		return err
	}
	if edit.Diff == "" {
		fmt.Fprintln(a.err, "nothing would change")
		return nil
	}
	if _, err := fmt.Fprintln(a.out, strings.TrimSuffix(edit.Diff, "\n")); err != nil {
		return err
	}
	for _, note := range edit.Notes {
		fmt.Fprintln(a.err, note)
	}
	if o.dryRun {
		return nil
	}
	question := o.question
	if edit.Restarts {
		question += " It restarts, and open sessions end."
	}
	if err := a.confirm(ctx, question, o.yes); err != nil {
		return err
	}
	if err := edit.Apply(ctx, a.progress("")); err != nil {
		return err
	}
	fmt.Fprintln(a.err, w.Name+" "+o.done)
	return nil
}
