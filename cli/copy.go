package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/tunnel/transfer"
	"github.com/berth-sh/berth/workspace"
)

// copyOptions are the arguments of `berth cp`.
type copyOptions struct {
	workspace string // the one side
	remote    []string
	local     []string // the other side
	upload    bool
	transfer.Options
	start bool
}

func newCopy(a *app) *cobra.Command { return newCopyCommand(a, a.runCopy) }

func newCopyCommand(a *app, runF func(context.Context, copyOptions) error) *cobra.Command {
	var o copyOptions
	cmd := &cobra.Command{
		Use:   "cp SOURCE... TARGET",
		Short: "Copy files to or from a workspace",
		Long: `Copy files and folders. One side is in a workspace, as NAME:PATH or NAMESPACE/NAME:PATH;
a path that does not begin with / is below the home folder. A local file whose name
has a colon is written as ./a:b.

Files appear under their name when they are complete. What was cut short is left as
NAME.berth-partial; the same command with --resume compares it and goes on.

A link on the command line is followed. Links in a folder are made again as links
where they stay inside it; others are left out and said to be, as are devices and
sockets. One that has the name of a copy is left alone.`,
		Example: `  berth cp api:results.csv .
  berth cp -r ./site api:/srv/www
  berth cp --resume api:model.bin api:data.bin ~/models`,
		Args:              atLeast(2, "source or target"),
		ValidArgsFunction: a.completeCopy,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.sides(args); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.Recursive, "recursive", "r", false, "copy folders with everything in them")
	f.BoolVarP(&o.Preserve, "preserve", "p", false, "keep times and modes")
	f.BoolVar(&o.Resume, "resume", false, "go on where an earlier copy ended, and pass over what is there already")
	f.BoolVar(&o.start, "start", false, "start the workspace if it is stopped")
	return cmd
}

// sides tells which side is the workspace's.
func (o *copyOptions) sides(args []string) error {
	sources, target := args[:len(args)-1], args[len(args)-1]
	o.Into = len(sources) > 1
	if name, path, ok := splitRemote(target); ok {
		o.upload, o.workspace, o.remote = true, name, []string{path}
	} else {
		o.local = []string{target}
	}
	for _, source := range sources {
		name, path, remote := splitRemote(source)
		switch {
		case remote && o.upload:
			return workspace.WithHint(workspace.Usagef("both sides are in a workspace"),
				"copy to this machine first; or let one workspace reach the other, and use rsync in it")
		case !remote && !o.upload:
			return workspace.WithHint(workspace.Usagef("%s is on this machine, as is the target", workspace.Safe(source)),
				"name the workspace on one side: berth cp "+workspace.Safe(source)+" NAME:PATH")
		case remote && o.workspace != "" && o.workspace != name:
			return workspace.Usagef("the sources are in two workspaces, %s and %s", workspace.Safe(o.workspace), workspace.Safe(name))
		case remote:
			o.workspace, o.remote = name, append(o.remote, path)
		default:
			o.local = append(o.local, source)
		}
	}
	return nil
}

// splitRemote reads NAME:PATH. What does not begin with a workspace's name is a
// path of this machine, as is a drive on Windows.
func splitRemote(arg string) (name, path string, ok bool) {
	name, path, ok = strings.Cut(arg, ":")
	if !ok || checkName(name) != nil || runtime.GOOS == "windows" && len(name) == 1 {
		return "", "", false
	}
	return name, path, true
}

// runCopy copies.
func (a *app) runCopy(ctx context.Context, o copyOptions) error {
	f, err := a.target(ctx, o.workspace, o.start)
	if err != nil {
		return err
	}
	// Packets are garbage as soon as they are written, and there are many.
	debug.SetGCPercent(800)
	way, err := a.carry(ctx, f)
	if err != nil {
		return err
	}
	defer way.close()
	client, err := transfer.Open(way.files, way.files)
	if err != nil {
		return interrupted(ctx, way.explain(err))
	}
	summer := transfer.NewSummer(way.shell)
	defer func() { _ = summer.Close() }() // nothing is asked any more
	o.Sum = summer.Sum
	o.Meter = &transfer.Meter{}
	bar := a.watchCopy(o.Meter)
	o.Note = bar.note
	err = o.copyAll(ctx, client)
	bar.stop(err == nil)
	if err != nil {
		err = o.explain(ctx, way, err)
	}
	return interrupted(ctx, err)
}

// interrupted puts a signal in an error's place: what failed has failed because
// of it.
func interrupted(ctx context.Context, err error) error {
	var interrupt *interruptError
	if err != nil && errors.As(context.Cause(ctx), &interrupt) && !errors.As(err, new(*interruptError)) {
		return interrupt
	}
	return err
}

// copyAll copies one source after the other.
func (o copyOptions) copyAll(ctx context.Context, client *transfer.Client) error {
	if o.upload {
		for _, source := range o.local {
			if err := client.Upload(ctx, source, o.remote[0], o.Options); err != nil {
				return err
			}
		}
		return nil
	}
	for _, source := range o.remote {
		if err := client.Download(ctx, source, o.local[0], o.Options); err != nil {
			return err
		}
	}
	return nil
}

// explain adds why a connection was lost, and how to go on.
func (o copyOptions) explain(ctx context.Context, way *carrier, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		if o.Meter.Read().BytesDone > 0 {
			err = workspace.WithHint(err, "the same command with --resume goes on where it ended")
		}
		return err
	}
	if errors.Is(err, workspace.ErrUnreachable) {
		return way.explain(err)
	}
	return err
}

// completeCopy completes the workspace's side, and leaves files to the shell.
func (a *app) completeCopy(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if strings.ContainsAny(word, ":/.") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	names, _ := a.completeWorkspaces(false)(cmd, nil, word)
	for i, name := range names {
		name, about, _ := strings.Cut(name, "\t")
		names[i] = fmt.Sprintf("%s:\t%s", name, about)
	}
	return names, cobra.ShellCompDirectiveNoSpace
}
