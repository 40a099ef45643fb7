package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/editor"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// openOptions are the arguments of `berth open`.
type openOptions struct {
	name   string
	editor string
	path   string
	start  bool
	yes    bool
	force  bool // whatever the checks say
	dryRun bool
	format format // of dryRun
}

func newOpen(a *app) *cobra.Command { return newOpenCommand(a, a.runOpen) }

func newOpenCommand(a *app, runF func(context.Context, openOptions) error) *cobra.Command {
	o := openOptions{format: formatName}
	format := formatValue{&o.format, []format{formatName, formatJSON, formatYAML}}
	cmd := &cobra.Command{
		Use:   "open NAME",
		Short: "Open a workspace in an editor",
		Long: `Open a workspace in an editor, once ssh answers and the workspace has what the
editor needs. The editor that is named with --in is the workspace's own from then on;
else it is $BERTH_EDITOR, the one from the settings, or the first that is found.

Where there is no screen, the command and the address are printed and copied.
--force starts the editor whatever the checks say: that the workspace lacks a
command, port forwarding or sftp, cannot be looked at, or does not let berth in.`,
		Example: `  berth open api
  berth open api --in nvim --path /etc
  berth open api --in ~/apps/cursor/cursor`,
		Args:              exactly(1, "the workspace's name"),
		ValidArgsFunction: a.completeWorkspaces(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name = args[0]
			if cmd.Flags().Changed("output") && !o.dryRun {
				return usageError(cmd, "-o goes with --dry-run")
			}
			return runF(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.editor, "in", "", "`editor`: code, cursor, windsurf, codium, zed, jetbrains, emacs, nvim, … or the path of one")
	flags.StringVar(&o.path, "path", "", "`folder` in the workspace (default: home)")
	flags.BoolVar(&o.start, "start", false, "start the workspace if it is stopped")
	flags.BoolVar(&o.yes, "yes", false, "answer every question with yes")
	flags.BoolVar(&o.force, "force", false, "start the editor even where the workspace lacks what it needs")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print what would run and run nothing")
	flags.VarP(format, "output", "o", "`format` of --dry-run: "+format.names())
	a.completeFlag(cmd, "in", completeEditors)
	return cmd
}

// completeEditors names the editors that are here.
func completeEditors(context.Context) ([]string, error) {
	var names []string
	for _, e := range editor.Find(editor.System()) {
		names = append(names, e.ID+"\t"+e.Name)
	}
	return names, nil
}

// runOpen opens the workspace once ssh answers: editors give up after 15
// seconds and then hide why.
func (a *app) runOpen(ctx context.Context, o openOptions) error {
	if o.editor != "" {
		if _, err := editor.Choose(editor.System(), o.editor); err != nil {
			return err // before a cluster is asked
		}
	}
	f, chosen, err := a.openTarget(ctx, o)
	if err != nil {
		return err
	}
	if chosen.Note != "" {
		a.note(chosen.Note)
	}
	if !chosen.Terminal && !o.dryRun {
		if err := a.offerInclude(ctx, o.yes); err != nil {
			return err
		}
	}
	lacks := a.asyncExtension(ctx, chosen, o.dryRun)
	launch, warnings, err := a.planOpen(ctx, f, chosen, o.path, o.force)
	lacking := lacks(err != nil)
	a.tellMissing(warnings)
	if err != nil {
		return offerForce(err)
	}
	defer launch.close()
	if lacking {
		a.offerExtension(ctx, chosen, o.yes)
	}
	if o.dryRun {
		return a.printLaunch(chosen, launch, o.format)
	}
	if launch.Terminal {
		a.rememberEditor(f, o.editor, chosen)
		return childError(launch.Argv[0], launch.run(ctx, a.in, a.out, a.err))
	}
	if err := launch.Start(ctx); err != nil {
		return a.copyHeadless(err)
	}
	a.rememberEditor(f, o.editor, chosen)
	fmt.Fprintf(a.err, "opened %s in %s\n", f.Name, chosen.Name)
	return nil
}

// tellMissing tells what was found and does not keep the editor from starting.
func (a *app) tellMissing(warnings []editor.Missing) {
	for _, m := range warnings {
		text := m.Text
		if m.Fatal {
			text = "passed over: " + text
		}
		if m.Next != "" {
			text += "; " + m.Next
		}
		a.note(text)
	}
}

// openTarget finds the workspace, or an alias that was imported, and the editor,
// before anything is started.
func (a *app) openTarget(ctx context.Context, o openOptions) (alias.File, editor.Editor, error) {
	if f, ok, err := a.imported(o.name); ok || err != nil {
		if err != nil {
			return f, editor.Editor{}, err
		}
		chosen, err := a.chooseEditor(f, o.editor)
		return f, chosen, err
	}
	w, err := a.findOne(ctx, o.name)
	if err != nil {
		return alias.File{}, editor.Editor{}, err
	}
	chosen, err := a.chooseEditor(alias.File{Cluster: string(w.Cluster), Namespace: w.Namespace, Name: w.Name}, o.editor)
	if err != nil {
		return alias.File{}, chosen, err
	}
	if w, err = a.ready(ctx, w, o.start); err != nil {
		return alias.File{}, chosen, err
	}
	f, err := a.wayTo(ctx, w)
	return f, chosen, err
}

// launchRecord is what would run, in the JSON form.
type launchRecord struct {
	Editor  string   `json:"editor"`
	Argv    []string `json:"argv,omitempty"`
	URL     string   `json:"url,omitempty"`
	Command string   `json:"command"`
}

func (a *app) printLaunch(e editor.Editor, l opening, f format) error {
	if f == formatName {
		_, err := fmt.Fprintln(a.out, l.Copy)
		return err
	}
	return printValue(a.out, launchRecord{e.ID, l.Argv, l.URL, l.Copy}, f)
}

// copyHeadless puts the command of an editor that could not be started here on
// the clipboard of the terminal in front of the user, who may be elsewhere.
func (a *app) copyHeadless(err error) error {
	var headless *editor.HeadlessError
	if !errors.As(err, &headless) || !a.interactive() {
		return err
	}
	text := headless.Command
	if text == "" {
		text = headless.URL
	}
	if _, writeErr := io.WriteString(a.err, ansi.SetSystemClipboard(text)); writeErr != nil {
		return err //nolint:nilerr // the copy is a courtesy; err is what matters
	}
	return workspace.WithHint(err, "it is on your clipboard, where your terminal allows that")
}

// asyncExtension asks the editor for its extension while something else is done:
// its command takes a second to answer. The function that it returns waits, or
// gives up, and says whether the extension is known to be missing.
func (a *app) asyncExtension(ctx context.Context, e editor.Editor, skip bool) (lacks func(giveUp bool) bool) {
	if skip || e.Extension() == "" {
		return func(bool) bool { return false }
	}
	ctx, cancel := context.WithCancel(ctx)
	type answer struct {
		has bool
		err error
	}
	said := make(chan answer, 1)
	go func() {
		has, err := e.HasExtension(ctx)
		said <- answer{has, err}
	}()
	return func(giveUp bool) bool {
		if giveUp {
			cancel()
		}
		defer cancel()
		got := <-said
		if got.err != nil && ctx.Err() == nil {
			a.note("which extensions it has is not known: " + workspace.Safe(got.err.Error()))
		}
		return got.err == nil && !got.has
	}
}

// offerExtension asks whether the editor should get what it needs for ssh.
// Whatever comes of it, the editor is opened: it may know better.
func (a *app) offerExtension(ctx context.Context, e editor.Editor, yes bool) {
	if !yes && !a.interactive() {
		a.note(e.Name + " lacks its extension for ssh: " + e.ExtensionCommand())
		return
	}
	if err := a.confirm(ctx, e.Name+" lacks its extension for ssh, "+e.Extension()+". Install it?", yes); err != nil {
		a.note("later: " + e.ExtensionCommand())
		return
	}
	if err := e.InstallExtension(ctx); err != nil {
		a.note(workspace.Safe(err.Error()) + "; by hand: " + e.ExtensionCommand())
	}
}
