package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

// newSSHConfig is about the one line that makes plain ssh know the aliases.
func newSSHConfig(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ssh-config",
		Short: "Make plain ssh know the workspaces",
		Long: `Berth keeps its ssh settings in files of its own, below ~/.ssh/berth. Plain ssh and
editors find them through one line at the top of ~/.ssh/config, which is added with
your consent and removed byte for byte.`,
		Args: cobra.ArbitraryArgs,
		RunE: subcommand,
	}
	cmd.AddCommand(newSSHConfigInstall(a), newSSHConfigPrint(a), newSSHConfigRemove(a), newSSHConfigCheck(a))
	return cmd
}

func newSSHConfigInstall(a *app) *cobra.Command {
	var yes, dryRun bool
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Add the Include line to ~/.ssh/config",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dryRun {
				return a.previewInclude(false)
			}
			return a.installInclude(cmd.Context(), yes)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be added and change nothing")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// installInclude adds the line, after asking.
func (a *app) installInclude(ctx context.Context, yes bool) error {
	dir, err := a.ssh()
	if err != nil {
		return err
	}
	status, err := dir.Installed()
	if err != nil {
		return err
	}
	if status.Installed {
		// Again all the same: it rewrites our own files and verifies them.
		yes = true
	}
	if err := a.confirm(ctx, "Add this line at the top of "+status.File+"?\n\n    "+dir.Include()+"\n\n", yes); err != nil {
		return err
	}
	done, err := dir.Install(ctx)
	if err != nil {
		return err
	}
	switch {
	case done.Changed:
		fmt.Fprintf(a.err, "added to %s: %s\n", done.File, dir.Include())
	default:
		fmt.Fprintf(a.err, "%s has the line already\n", status.File)
	}
	if done.Backup != "" {
		fmt.Fprintf(a.err, "the file as it was: %s\n", done.Backup)
	}
	if done.Unverified != nil {
		fmt.Fprintf(a.err, "not verified: %v\n", done.Unverified)
	}
	if status.Elsewhere {
		fmt.Fprintf(a.err, "ssh reads another home by itself; name the file: ssh -F %s ALIAS\n", dir.Config())
	}
	return nil
}

// previewInclude says what a change of the user's file would do.
func (a *app) previewInclude(removing bool) error {
	dir, err := a.ssh()
	if err != nil {
		return err
	}
	status, err := dir.Installed()
	switch {
	case err != nil:
		return err
	case status.Installed != removing || status.Shared:
		fmt.Fprintf(a.err, "nothing would change in %s\n", status.File)
	case removing:
		fmt.Fprintf(a.err, "would be taken out of %s, line %d: %s\n", status.File, status.Line, dir.Include())
	default:
		fmt.Fprintf(a.err, "would be added at the top of %s: %s\n", status.File, dir.Include())
	}
	return nil
}

func newSSHConfigPrint(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "print",
		Short: "Print what berth's own ssh config says",
		Args:  none,
		RunE: func(*cobra.Command, []string) error {
			dir, err := a.ssh()
			if err != nil {
				return err
			}
			data, err := dir.Print()
			if err != nil {
				return err
			}
			_, err = a.out.Write(data)
			return err
		},
	}
}

func newSSHConfigRemove(a *app) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "remove",
		Short: "Take the Include line out of ~/.ssh/config again",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dryRun {
				return a.previewInclude(true)
			}
			dir, err := a.ssh()
			if err != nil {
				return err
			}
			done, err := dir.Uninstall(cmd.Context())
			if err != nil {
				return err
			}
			if !done.Changed {
				fmt.Fprintln(a.err, "the line is not there; nothing was changed")
				return nil
			}
			fmt.Fprintf(a.err, "removed from %s; %s and the aliases stay\n", done.File, dir.Path())
			return nil
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be taken out and change nothing")
	return cmd
}

func newSSHConfigCheck(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Ask ssh whether it would reach the aliases",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.ssh()
			if err != nil {
				return err
			}
			if err := dir.Check(cmd.Context()); err != nil {
				return err
			}
			fmt.Fprintln(a.err, "ssh reaches every alias through berth")
			return nil
		},
	}
}
