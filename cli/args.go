package cli

import (
	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

// exactly wants n arguments; what names them for the message.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < n:
			return usageError(cmd, "%s is missing", what)
		case len(args) > n:
			return usageError(cmd, "unexpected argument %q", workspace.Safe(args[n]))
		}
		return nil
	}
}

// atLeast wants n arguments or more.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usageError(cmd, "%s is missing", what)
		}
		return nil
	}
}

// none wants no arguments.
func none(cmd *cobra.Command, args []string) error { return exactly(0, "")(cmd, args) }

// subcommand refuses a group without a command, and with an unknown one.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError(cmd, "%s: the command is missing", cmd.CommandPath())
	}
	err := workspace.Usagef("unknown command %q", workspace.Safe(cmd.CommandPath()+" "+args[0]))
	cmd.SuggestionsMinimumDistance = 2
	if close := cmd.SuggestionsFor(args[0]); len(close) > 0 {
		return workspace.WithHint(err, "did you mean: "+cmd.CommandPath()+" "+close[0])
	}
	return workspace.WithHint(err, "all commands: "+cmd.CommandPath()+" --help")
}

// usageError is of kind ErrUsage and points to the command's help.
func usageError(cmd *cobra.Command, format string, args ...any) error {
	return workspace.WithHint(workspace.Usagef(format, args...), "how to use it: "+cmd.CommandPath()+" --help")
}
