package cli

import (
	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

// The groups that help lists commands in.
const (
	groupUse    = "use"
	groupChange = "change"
	groupSetup  = "setup"
)

// newRoot builds the whole tree. Without a command it is the program itself.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "berth",
		Short: "SSH workspaces in any Kubernetes namespace",
		Long: `Berth turns any Kubernetes namespace into SSH workspaces.

Without a command it opens the terminal program.

Exit codes: 0 done, 1 failed, 2 bad command line or file, 3 not found, 4 no
permission, 5 unreachable or out of time, 6 conflict, 130 interrupted. berth ssh
returns the remote command's code, and 255 for a failure of its own.`,
		Example: `  berth sandbox up && berth --sandbox     try it without a cluster
  berth create api --wait                 make a workspace
  ssh api.team-a.berth                    be in it`,
		Args:              subcommandOrNothing,
		SilenceErrors:     true, // report prints them
		SilenceUsage:      true, // hints point to --help
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.prepare() },
		RunE:              func(cmd *cobra.Command, _ []string) error { return runProgram(cmd.Context(), a) },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError(cmd, "%s", workspace.Safe(err.Error())) })
	root.CompletionOptions.HiddenDefaultCmd = false
	addGlobalFlags(a, root)
	root.Flags().BoolVar(&a.flags.plain, "plain", false, "words instead of lines, glyphs and spinners: for screen readers")
	root.AddGroup(
		&cobra.Group{ID: groupUse, Title: "Use workspaces:"},
		&cobra.Group{ID: groupChange, Title: "Change workspaces:"},
		&cobra.Group{ID: groupSetup, Title: "Set up:"},
	)
	for _, c := range []struct {
		group string
		new   func(*app) *cobra.Command
	}{
		{groupUse, newList},
		{groupUse, newSSH},
		{groupUse, newOpen},
		{groupUse, newForward},
		{groupUse, newCopy},
		{groupUse, newWhy},
		{groupUse, newLogs},
		{groupUse, newDoctor},
		{groupChange, newCreate},
		{groupChange, newEdit},
		{groupChange, newResetRoot},
		{groupChange, newStart},
		{groupChange, newStop},
		{groupChange, newRestart},
		{groupChange, newDelete},
		{groupChange, newRestore},
		{groupChange, newPurge},
		{groupChange, newKeys},
		{groupUse, newExport},
		{groupUse, newImport},
		{groupSetup, newSSHConfig},
		{groupSetup, newConnect},
		{groupSetup, newGateway},
		{groupSetup, newImage},
		{groupSetup, newSandbox},
		{groupSetup, newVersion},
	} {
		cmd := c.new(a)
		cmd.GroupID = c.group
		root.AddCommand(cmd)
	}
	root.AddCommand(newRunPlugin(a))
	root.SetHelpCommandGroupID(groupSetup)
	root.SetCompletionCommandGroupID(groupSetup)
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Args, completion.RunE = cobra.ArbitraryArgs, subcommand // help on standard output would be evaluated by a shell
	}
	return root
}

// subcommandOrNothing lets the bare program through.
func subcommandOrNothing(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return subcommand(cmd, args)
}

// contextValue is --context. Commands go by the last one, as kubectl does.
type contextValue globalFlags

// Set implements pflag.Value.
func (v *contextValue) Set(text string) error {
	v.context = text
	v.contexts = append(v.contexts, text)
	return nil
}

// String implements pflag.Value.
func (v *contextValue) String() string { return v.context }

// Type implements pflag.Value.
func (v *contextValue) Type() string { return "string" }

func addGlobalFlags(a *app, root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.Var((*contextValue)(&a.flags), "context", "kubeconfig `context` (default: the current one); the program shows several, as a,b")
	flags.StringVarP(&a.flags.namespace, "namespace", "n", "", "`namespace` (default: the context's)")
	flags.BoolVarP(&a.flags.allNamespaces, "all-namespaces", "A", false, "show every namespace")
	flags.StringVar(&a.flags.kubeconfig, "kubeconfig", "", "kubeconfig `file` (default: $KUBECONFIG, ~/.kube/config)")
	flags.BoolVar(&a.flags.sandbox, "sandbox", false, "use the embedded cluster, see berth sandbox up")
	flags.BoolVar(&a.flags.readOnly, "read-only", false, "refuse whatever changes the cluster")
	flags.BoolVar(&a.flags.debug, "debug", false, "write everything to "+a.env.logFile())
	root.MarkFlagsMutuallyExclusive("sandbox", "context")
	root.MarkFlagsMutuallyExclusive("sandbox", "kubeconfig")
	a.completeContexts(root)
	a.completeFlag(root, "namespace", a.completeNamespaces)
}
