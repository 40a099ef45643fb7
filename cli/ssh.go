package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// loginShell runs the user's shell where there is no terminal to put it on;
// bash, zsh and fish read it alike.
const loginShell = "exec $SHELL -l"

// sshOptions are the arguments of `berth ssh`.
type sshOptions struct {
	name    string
	command []string
	start   bool
	tty     bool
	via     alias.Transport // "" is the alias's own
}

func newSSH(a *app) *cobra.Command { return newSSHCommand(a, a.runSSH) }

func newSSHCommand(a *app, runF func(context.Context, sshOptions) error) *cobra.Command {
	var o sshOptions
	var via string
	cmd := &cobra.Command{
		Use:   "ssh NAME [-- COMMAND...]",
		Short: "Open a shell in a workspace, or run a command",
		Long: `Open a shell in a workspace, or run a command in it. The exit code is the remote's,
and 255 for a failure of berth's own. Plain ssh reaches the same workspace by its
alias.`,
		Example:           "  berth ssh api\n  berth ssh api -- make test",
		Args:              atLeast(1, "the workspace's name"),
		ValidArgsFunction: a.completeWorkspaces(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name, o.command = args[0], args[1:]
			if o.via = alias.Transport(via); via != "" && !o.via.Known() {
				return usageError(cmd, "%s", badVia(via))
			}
			return runF(cmd.Context(), o)
		},
	}
	// Flags are berth's wherever they stand, up to "--": one that silently
	// became a part of the remote command would run it in another workspace.
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if strings.Contains(err.Error(), "'L'") || strings.Contains(err.Error(), "'R'") {
			return workspace.WithHint(usageError(cmd, "%s", workspace.Safe(err.Error())), "to carry ports: berth forward NAME [LOCAL:]REMOTE..., or plain ssh by the alias")
		}
		return workspace.WithHint(usageError(cmd, "%s", workspace.Safe(err.Error())), "flags of the remote command come after --: berth ssh NAME -- COMMAND -f")
	})
	cmd.Flags().BoolVar(&o.start, "start", false, "start the workspace if it is stopped")
	cmd.Flags().BoolVarP(&o.tty, "tty", "t", false, "give the command a terminal")
	cmd.Flags().StringVar(&via, "via", "", viaUsage)
	a.completeWords(cmd, "via", string(alias.Gateway), string(alias.Direct), string(alias.PortForward))
	return cmd
}

// runSSH runs the session; every failure of its own is 255, as with ssh.
func (a *app) runSSH(ctx context.Context, o sshOptions) error {
	code, err := a.session(ctx, o)
	var interrupt *interruptError
	switch {
	case errors.As(err, &interrupt):
		return err
	case errors.Is(err, tunnel.ErrDisconnected):
		return &exitError{code: exitSSH}
	case err != nil:
		return &exitError{code: exitSSH, err: err}
	case code != 0:
		return &exitError{code: code}
	}
	return nil
}

func (a *app) session(ctx context.Context, o sshOptions) (int, error) {
	f, err := a.target(ctx, o.name, o.start)
	if err != nil {
		return 0, err
	}
	if o.via != "" {
		f.Transport = o.via
	}
	if o.via != "" && o.via != alias.PortForward {
		f.Kubeconfig = "" // what was insisted on has no way round
	}
	client, err := a.dialBy(ctx, f, a.tellFallback())
	if err != nil {
		return 0, err
	}
	defer func() { _ = client.Close() }() // the session's own error is the one to tell
	line := tunnel.Join(o.command)
	if o.tty || line == "" && isTerminal(a.in) {
		t := tunnel.NewTerminal(ctx, client, line, a.env.getenv("TERM"))
		t.SetStdin(a.in)
		t.SetStdout(a.out)
		t.SetStderr(a.err)
		err := t.Run()
		return t.ExitCode(), err
	}
	if line == "" {
		line = loginShell
	}
	return client.Exec(ctx, line, tunnel.Streams{In: a.in, Out: a.out, Err: a.err}, nil, nil)
}

// homeOf asks the workspace where a shell starts.
func homeOf(ctx context.Context, client *tunnel.Client, name string) (string, error) {
	var out capped
	code, err := client.Exec(ctx, "pwd", tunnel.Streams{Out: &out}, nil, nil)
	home := workspace.Safe(out.String())
	if err == nil && (code != 0 || len(home) == 0 || home[0] != '/') {
		err = fmt.Errorf("asking %s for its home directory: the answer is %q", name, home)
	}
	return home, err
}
