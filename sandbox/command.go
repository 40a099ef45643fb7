package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/sandbox/state"
	"github.com/berth-sh/berth/workspace"
)

// Exit codes. They are berth's, which passes them on.
const (
	exitOK       = 0
	exitFailure  = 1
	exitUsage    = 2
	exitStopped  = 3
	exitTimeout  = 5
	exitConflict = 6
	exitSignal   = 130
)

// streams are where a command writes: results to out, everything else to err.
type streams struct{ out, err io.Writer }

// exitError ends the program with a code and without a message, when all has
// been said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, s streams) int {
	root := &cobra.Command{
		Use:           "berth-sandbox",
		Short:         "a Kubernetes cluster of local processes, to try berth on",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return workspace.WithHint(workspace.Usagef("which command?"), "up, down or status")
			}
			return workspace.WithHint(workspace.Usagef("unknown command %q", args[0]), "up, down or status")
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(&cobra.Command{Hidden: true})
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return workspace.WithKind(workspace.ErrUsage, err) })
	root.AddCommand(newUp(s), newDown(s), newStatus(s), newRun())
	root.SetArgs(args)
	return exitCode(s.err, root.ExecuteContext(ctx))
}

// noArgs refuses arguments as bad usage.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return workspace.Usagef("unexpected argument %q", args[0])
	}
	return nil
}

// exitCode prints err and maps it to the exit code.
func exitCode(w io.Writer, err error) int {
	var exit exitError
	if err == nil {
		return exitOK
	}
	if errors.As(err, &exit) {
		return int(exit)
	}
	_, _ = fmt.Fprintf(w, "error: %v\n", err) // nowhere to tell a failure to
	for hint := range strings.Lines(workspace.HintOf(err)) {
		_, _ = fmt.Fprintf(w, "hint: %s\n", strings.TrimSuffix(hint, "\n"))
	}
	switch {
	case errors.Is(err, workspace.ErrUsage):
		return exitUsage
	case errors.Is(err, workspace.ErrConflict):
		return exitConflict
	case errors.Is(err, context.Canceled):
		return exitSignal
	case errors.Is(err, workspace.ErrUnreachable):
		return exitTimeout
	}
	return exitFailure
}

// folderFlag adds --state and returns what it names once flags are parsed.
func folderFlag(cmd *cobra.Command) func() (state.Folder, error) {
	var path string
	cmd.Flags().StringVar(&path, "state", "", "folder of the sandbox's data (default $XDG_STATE_HOME/berth/sandbox)")
	return func() (state.Folder, error) {
		if path != "" {
			return state.At(path)
		}
		path, err := state.Default()
		if err != nil {
			return state.Folder{}, err
		}
		return state.At(path)
	}
}

// output is the value of -o.
type output string

// outputFlag adds -o.
func outputFlag(cmd *cobra.Command) *output {
	o := output("text")
	cmd.Flags().VarP(&o, "output", "o", "text or json")
	return &o
}

// String, Set and Type implement pflag.Value.
func (o *output) String() string { return string(*o) }

// Set takes a known format.
func (o *output) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("must be text or json")
	}
	*o = output(s)
	return nil
}

// Type names the value in help texts.
func (o *output) Type() string { return "format" }

// port is a TCP port; 0 means none was named.
type port int

// String, Set and Type implement pflag.Value.
func (p *port) String() string { return strconv.Itoa(int(*p)) }

// Set takes a port from 1 to 65535.
func (p *port) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return errors.New("must be a port from 1 to 65535")
	}
	*p = port(n)
	return nil
}

// Type names the value in help texts.
func (p *port) Type() string { return "port" }
