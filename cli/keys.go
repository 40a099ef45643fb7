package cli

// Who may log in to a workspace, and with which key it proves itself.
//
// Lists are changed by kube.ChangeKeys, which reads again where somebody else
// wrote meanwhile, so every decision here is a function of the list as it is
// then: what was asked about one list is not done to another.

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
)

// keysTimeout is how long a change of keys is waited for: a kubelet brings it
// into the container within about two minutes.
const keysTimeout = 4 * time.Minute

// keysOptions are the arguments of the commands that change keys.
type keysOptions struct {
	name    string
	keys    []string
	agent   bool
	format  format // "" for words on standard error
	dryRun  bool
	yes     bool
	noWait  bool
	timeout time.Duration
}

func newKeys(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Share a workspace: the keys that may log in",
		Args:  cobra.ArbitraryArgs,
		RunE:  subcommand,
	}
	cmd.AddCommand(newKeysList(a), newKeysAdd(a), newKeysRemove(a), newKeysRotate(a))
	return cmd
}

func newKeysList(a *app) *cobra.Command {
	o := listOptions{format: formatTable}
	format := formatValue{&o.format, []format{formatTable, formatJSON, formatYAML, formatName}}
	cmd := &cobra.Command{
		Use:               "ls NAME",
		Short:             "List the keys that may log in",
		Long:              "List the keys that may log in. Those with YOURS are of this machine or its ssh agent.",
		Example:           "  berth keys ls api\n  berth keys ls api -o name",
		Args:              exactly(1, "the workspace's name"),
		ValidArgsFunction: a.completeFirst(a.completeWorkspaces(false)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runKeysList(cmd.Context(), args[0], o.format)
		},
	}
	cmd.Flags().VarP(format, "output", "o", "`format`: "+format.names())
	return cmd
}

// runKeysList prints the keys.
func (a *app) runKeysList(ctx context.Context, name string, f format) error {
	w, keys, err := a.presentKeys(ctx, name)
	if err != nil {
		return err
	}
	own, err := a.ownKeys(ctx)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		a.note("nobody may log in: berth keys add " + w.Name + " KEY")
	}
	return printKeys(a.out, keys, own, f)
}

// presentKeys finds a workspace and the keys that may log in there.
func (a *app) presentKeys(ctx context.Context, name string) (workspace.Workspace, []sshconf.AuthorizedKey, error) {
	w, err := a.findOne(ctx, name)
	if err != nil {
		return w, nil, err
	}
	c, err := a.cluster()
	if err != nil {
		return w, nil, err
	}
	lines, err := c.client.Keys(ctx, w.Ref)
	if err != nil {
		return w, nil, err
	}
	keys, err := readLines(w, lines)
	return w, keys, err
}

// readLines reads what the Secret holds.
func readLines(w workspace.Workspace, lines []string) ([]sshconf.AuthorizedKey, error) {
	var keys []sshconf.AuthorizedKey
	for i, line := range lines {
		key, err := sshconf.ParseAuthorized([]byte(line), fmt.Sprintf("key %d of %s", i+1, w.Ref))
		if err != nil {
			return nil, workspace.WithHint(err, "take that line out of the Secret "+w.SecretName()+", which somebody else has written")
		}
		keys = append(keys, key...)
	}
	return keys, nil
}

// ownKeys are those that the user may log in with from here.
func (a *app) ownKeys(ctx context.Context) ([]sshconf.AuthorizedKey, error) {
	dir, err := a.ssh()
	if err != nil {
		return nil, err
	}
	return dir.Own(sshconf.KeySource{Agent: a.agentKeys(ctx)}), nil
}

// keyRecord is a key in the JSON form.
type keyRecord struct {
	Fingerprint string   `json:"fingerprint"`
	Type        string   `json:"type"`
	Comment     string   `json:"comment,omitempty"`
	Options     []string `json:"options,omitempty"`
	Yours       bool     `json:"yours"`
	Line        string   `json:"line"`
}

// printKeys writes keys in one of the formats.
func printKeys(w io.Writer, keys, own []sshconf.AuthorizedKey, f format) error {
	records := make([]keyRecord, 0, len(keys))
	for _, k := range keys {
		records = append(records, keyRecord{
			Fingerprint: k.Fingerprint(), Type: k.Key.Type(), Comment: k.Comment, Options: k.Options,
			Yours: slices.ContainsFunc(own, k.Same), Line: k.Line(),
		})
	}
	switch f {
	case formatJSON, formatYAML:
		return printValue(w, records, f)
	case formatName:
		for _, r := range records {
			if _, err := fmt.Fprintln(w, r.Fingerprint); err != nil {
				return err
			}
		}
		return nil
	case formatTable, formatWide:
	}
	if len(records) == 0 {
		return nil
	}
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	writeRow(tw, []string{"FINGERPRINT", "TYPE", "YOURS", "COMMENT", "OPTIONS"})
	for _, r := range records {
		yours := ""
		if r.Yours {
			yours = "yes"
		}
		writeRow(tw, []string{r.Fingerprint, shortType(r.Type), yours, r.Comment, workspace.Safe(strings.Join(r.Options, ","))})
	}
	return tw.Flush()
}

// shortType is how people call a type of key.
func shortType(t string) string {
	t = strings.TrimPrefix(strings.TrimSuffix(t, "@openssh.com"), "ssh-")
	return strings.TrimSuffix(strings.Replace(t, "ecdsa-sha2-nistp", "ecdsa-", 1), "-cert-v01")
}

// addChange adds the flags that the commands that change keys share.
func (o *keysOptions) addChange(cmd *cobra.Command) {
	flags := cmd.Flags()
	format := formatValue{&o.format, []format{formatJSON, formatYAML, formatName}}
	flags.VarP(format, "output", "o", "print the keys that changed in `format`: "+format.names())
	flags.BoolVar(&o.dryRun, "dry-run", false, "say what would change and change nothing")
	o.addWait(cmd)
}

func (o *keysOptions) addWait(cmd *cobra.Command) {
	o.timeout = keysTimeout
	cmd.Flags().BoolVar(&o.noWait, "no-wait", false, "do not wait until the running workspace has it")
	cmd.Flags().Var(patience{&o.timeout}, "timeout", "how long to wait")
}
