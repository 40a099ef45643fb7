package cli

import (
	"context"
	"fmt"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/editor"
	"github.com/berth-sh/berth/workspace"
)

// openOptions are the arguments of `berth open`.
type openOptions struct {
	name   string
	editor string
	path   string
	start  bool
	yes    bool
}

func newOpen(a *app) *cobra.Command { return newOpenCommand(a, a.runOpen) }

func newOpenCommand(a *app, runF func(context.Context, openOptions) error) *cobra.Command {
	var o openOptions
	cmd := &cobra.Command{
		Use:               "open NAME",
		Short:             "Open a workspace in an editor",
		Example:           "  berth open api\n  berth open api --in nvim --path /etc",
		Args:              exactly(1, "the workspace's name"),
		ValidArgsFunction: a.completeWorkspaces(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name = args[0]
			return runF(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.editor, "in", "", "`editor`: code, cursor, windsurf, codium, zed, nvim, jetbrains, … (default: the first that is found)")
	cmd.Flags().StringVar(&o.path, "path", "", "`folder` in the workspace (default: home)")
	cmd.Flags().BoolVar(&o.start, "start", false, "start the workspace if it is stopped")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "answer every question with yes")
	return cmd
}

// runOpen opens the workspace once ssh answers: editors give up after 15
// seconds and then hide why.
func (a *app) runOpen(ctx context.Context, o openOptions) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	if o.editor == "" && a.env.getenv(editor.EnvVar) == "" {
		o.editor = config.Editor
	}
	chosen, err := editor.Choose(editor.System(), o.editor)
	if err != nil {
		return err
	}
	w, err := a.findOne(ctx, o.name)
	if err != nil {
		return err
	}
	if w, err = a.ready(ctx, w, o.start); err != nil {
		return err
	}
	if !chosen.Terminal {
		if err := a.offerInclude(ctx, o.yes); err != nil {
			return err
		}
	}
	launch, err := a.planOpen(ctx, w, chosen, o.path)
	if err != nil {
		return err
	}
	if launch.Terminal {
		return a.runInTerminal(ctx, launch.Argv)
	}
	if err := launch.Start(ctx); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "opened %s in %s\n", w.Name, chosen.Name)
	return nil
}

// planOpen says how the editor opens the workspace.
func (a *app) planOpen(ctx context.Context, w workspace.Workspace, e editor.Editor, path string) (editor.Launch, error) {
	dir, err := a.ssh()
	if err != nil {
		return editor.Launch{}, err
	}
	f, err := a.wayTo(ctx, w)
	if err != nil {
		return editor.Launch{}, err
	}
	if path == "" {
		if path, err = a.remoteHome(ctx, w); err != nil {
			return editor.Launch{}, err
		}
	}
	return e.Plan(editor.Target{Alias: f.Alias, Path: path, SSHArgs: dir.SSHArgs()})
}

// runInTerminal runs a program on this process's terminal; its exit code
// becomes this one's.
func (a *app) runInTerminal(ctx context.Context, argv []string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.in, a.out, a.err
	return childError(argv[0], cmd.Run())
}
