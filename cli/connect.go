package cli

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// newConnect is the ProxyCommand of aliases that need the API server, and of
// all where berth-connect is not installed.
func newConnect(a *app) *cobra.Command {
	var via string
	var pass bool
	cmd := &cobra.Command{
		Use:   "connect ALIAS",
		Short: "Carry one ssh connection (ssh runs this as ProxyCommand)",
		Args:  exactly(1, "the alias"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if via != "" && !alias.Transport(via).Known() {
				return usageError(cmd, "%s", badVia(via))
			}
			dir, err := a.ssh()
			if err != nil {
				return err
			}
			defaultSignals()
			code := connect.Run(cmd.Context(), args[0], connect.Program{
				Dir: dir.Path(), Stdin: a.in, Stdout: a.out, Stderr: a.err,
				Via: alias.Transport(via), PortForward: a.portForward, FDPass: pass, Debug: a.flags.debug,
				Self: []string{os.Args[0], "connect"},
			})
			return &exitError{code: code}
		},
	}
	cmd.Flags().StringVar(&via, "via", "", viaUsage)
	cmd.Flags().BoolVar(&pass, "fdpass", false, "hand the connection to ssh, where it waits for one (ProxyUseFdpass)")
	return cmd
}

// viaUsage is the help of the flag with which a transport is insisted on.
const viaUsage = "`transport` to use instead of the alias's: gateway, direct or port-forward"

// badVia says what the flag's values are.
func badVia(via string) string {
	return fmt.Sprintf("--via %q: it is %s, %s or %s", workspace.Safe(via), alias.Gateway, alias.Direct, alias.PortForward)
}

// portForward dials the sshd behind an alias through the API server that its
// file names. The cluster must still be the alias's: a context that points
// elsewhere today would reach somebody else's workspace.
func (a *app) portForward(ctx context.Context, f alias.File) (net.Conn, error) {
	client, err := kube.New(kube.Options{
		Kubeconfig: f.Kubeconfig, Context: f.Context, UserAgent: "berth/" + versionString(),
		NonInteractive: true, // standard input carries the connection
		Warn:           func(text string) { a.logger().Warn("cluster", "says", text) },
	})
	if err != nil {
		return nil, err
	}
	id, err := client.Cluster(ctx)
	if err != nil {
		return nil, err
	}
	if string(id) != f.Cluster {
		return nil, workspace.WithHint(
			workspace.WithKind(workspace.ErrConflict, fmt.Errorf("context %s is another cluster now", workspace.Safe(f.Context))),
			"berth ls --context CONTEXT with the right one writes the alias anew")
	}
	return client.Dial(ctx, workspace.Ref{Namespace: f.Namespace, Name: f.Name})
}
