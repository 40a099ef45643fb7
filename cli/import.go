package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/sshconf/bundle"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// importOptions are the arguments of `berth import`.
type importOptions struct {
	file   string
	as     string
	yes    bool
	remove string
	list   bool
}

func newImport(a *app) *cobra.Command { return newImportCommand(a, a.runImport) }

func newImportCommand(a *app, runF func(context.Context, importOptions) error) *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE | -",
		Short: "Reach a workspace that somebody has handed over",
		Long: `Install the alias of a workspace from what berth export has printed. It needs no
access to the cluster: plain ssh and editors then reach the workspace by its alias.

The gateway and the host key's fingerprint are shown and asked about first: compare
the fingerprint with whoever sent the bundle. An imported alias stays until it is
taken out with --remove.`,
		Example: `  berth import api.berth
  berth import --list
  berth import --remove api.team-a.berth`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			want := 1
			if o.remove != "" || o.list {
				want = 0
			}
			if err := exactly(want, "the bundle's file, or - for standard input,")(cmd, args); err != nil {
				return err
			}
			if want == 1 {
				o.file = args[0]
			}
			return runF(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.as, "as", "", "name the cluster `NAME` and use the alias WORKSPACE.NAMESPACE.NAME.berth alone")
	flags.BoolVar(&o.yes, "yes", false, "do not ask")
	flags.StringVar(&o.remove, "remove", "", "take an imported `ALIAS` out again")
	flags.BoolVar(&o.list, "list", false, "list what was imported")
	cmd.MarkFlagsMutuallyExclusive("remove", "list", "as")
	a.completeFlag(cmd, "remove", a.completeImported)
	return cmd
}

func (a *app) runImport(ctx context.Context, o importOptions) error {
	switch {
	case o.list:
		return a.listImported()
	case o.remove != "":
		return a.unimport(ctx, o.remove)
	}
	if o.as != "" && workspace.ClusterSlug(o.as) != o.as {
		return workspace.WithHint(workspace.Usagef("--as %q is not a name", workspace.Safe(o.as)), "lower-case letters, digits and hyphens: --as acme")
	}
	b, err := a.readBundle(o.file)
	if err != nil {
		return err
	}
	return a.install(ctx, b, o)
}

// readBundle reads a file, or standard input for "-".
func (a *app) readBundle(file string) (bundle.Bundle, error) {
	from := a.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return bundle.Bundle{}, workspace.WithKind(workspace.ErrUsage, fmt.Errorf("reading the bundle: %w", err))
		}
		defer func() { _ = f.Close() }() // opened to read
		from = f
	}
	data, err := io.ReadAll(io.LimitReader(from, bundle.MaxSize+1))
	if err != nil {
		return bundle.Bundle{}, fmt.Errorf("reading the bundle: %w", err)
	}
	return bundle.Parse(data)
}

// install asks, and adds the alias.
func (a *app) install(ctx context.Context, b bundle.Bundle, o importOptions) error {
	own, err := a.ownSettings(o.as)
	if err != nil {
		return err
	}
	text, err := describe(b)
	if err != nil {
		return err
	}
	fmt.Fprint(a.err, text+own.describe(b))
	if err := a.confirm(ctx, "Install this workspace? Compare the host key with whoever sent it.", o.yes); err != nil {
		return err
	}
	dir, err := a.ssh()
	if err != nil {
		return err
	}
	caFile, err := a.saveCA(b.CA())
	if err != nil {
		return err
	}
	f := b.File(caFile)
	scope := sshconf.Scope{Cluster: f.Cluster, ClusterName: b.Cluster.Name, Namespace: f.Namespace}
	if o.as != "" {
		scope.ClusterName = o.as
		own.onto(&f, a.env.home)
	}
	changes, err := dir.Import(ctx, scope, f, o.as != "")
	if err != nil {
		return err
	}
	installed, err := dir.Find(scope, f.Name)
	if err != nil {
		return err
	}
	if !changes.Written {
		a.note(installed.Alias + " is here already")
	}
	if err := a.offerKeys(ctx, dir); err != nil {
		return err
	}
	if err := a.offerInclude(ctx, o.yes); err != nil {
		return err
	}
	fmt.Fprintln(a.out, strings.Join(append(append([]string{"ssh"}, dir.SSHArgs()...), installed.Alias), " "))
	return nil
}

// ownSettings are the user's for the gateway of an import. A bundle's own word
// for its cluster does not choose them: it would choose the token that is shown
// to whoever wrote it.
func (a *app) ownSettings(as string) (gatewaySettings, error) {
	if as == "" {
		return gatewaySettings{}, nil
	}
	config, err := a.config()
	return config.Gateways[as], err
}

// describe is what the settings add to an import, and what they lack for it.
func (g gatewaySettings) describe(b bundle.Bundle) string {
	var s strings.Builder
	if g.Address != "" {
		fmt.Fprintf(&s, "  %-11s%s, from your settings\n", "by way of", g.Address)
	}
	if g.Proxy != "" {
		fmt.Fprintf(&s, "  %-11sfrom your settings\n", "proxy")
	}
	for _, c := range []struct {
		name, what, settings string
		here                 bool
	}{
		{bundle.Token, "your token", "tokenFile or tokenCommand", g.TokenFile != "" || len(g.TokenCommand) > 0},
		{bundle.ClientCertificate, "your certificate", "clientCertificate and clientKey", g.ClientCertificate != ""},
	} {
		switch wants := slices.Contains(b.Wants, c.name); {
		case c.here:
			fmt.Fprintf(&s, "  %-11s%s, from your settings, is shown to this gateway\n", "", c.what)
		case wants:
			fmt.Fprintf(&s, "  %-11sthe gateway wants %s: set %s in gateways.NAME of your settings, and add --as NAME\n", "", c.what, c.settings)
		}
	}
	return s.String()
}

// offerKeys has ssh offer the user's keys, and shows the public halves: one of
// them has to be let into the workspace.
func (a *app) offerKeys(ctx context.Context, dir *sshconf.Dir) error {
	keys, err := dir.Keys(ctx, sshconf.KeySource{Agent: a.agentKeys(ctx)})
	if err != nil {
		return err
	}
	if keys.Made != "" {
		a.note("made a key for you: " + keys.Made)
	}
	if err := dir.Offer(ctx, keys.Identities()...); err != nil {
		return err
	}
	a.note("one of these keys has to be let into the workspace; send it to whoever owns it:")
	for _, key := range keys.Keys {
		a.note("  " + key.Line)
	}
	return nil
}

// describe is what the user decides by.
func describe(b bundle.Bundle) (string, error) {
	ref, _, err := workspace.ParseAlias(b.Alias)
	if err != nil {
		return "", err
	}
	fingerprint, err := sshconf.Fingerprint(b.HostKey)
	if err != nil {
		return "", err
	}
	var s strings.Builder
	row := func(name, value string) { fmt.Fprintf(&s, "  %-11s%s\n", name, value) }
	row("workspace", ref.Name+" in namespace "+ref.Namespace+", as "+b.User)
	switch {
	case b.Transport == alias.Direct:
		row("address", b.Address)
	case b.TLS == nil:
		row("gateway", b.Address+", without TLS")
	default:
		row("gateway", b.Address+", by TLS")
	}
	if b.Authority != "" {
		row("asks for", b.Authority)
	}
	if ca := b.CA(); ca != "" {
		certs, err := bundle.Certificates(ca)
		if err != nil {
			return "", err
		}
		for _, cert := range certs {
			sum := sha256.Sum256(cert.Raw)
			row("CA", fmt.Sprintf("%s, until %s, SHA256:%s", workspace.Safe(cert.Subject.String()), cert.NotAfter.UTC().Format("2006-01-02"), hex.EncodeToString(sum[:8])))
		}
	}
	row("host key", fingerprint)
	return s.String(), nil
}

// unimport takes an imported alias out again.
func (a *app) unimport(ctx context.Context, name string) error {
	dir, err := a.ssh()
	if err != nil {
		return err
	}
	changes, err := dir.Unimport(ctx, name)
	if err != nil {
		return err
	}
	a.note("removed " + joinWords(changes.Removed))
	return nil
}

// allImported lists the aliases that were imported, those to show first.
func (a *app) allImported() ([]alias.File, error) {
	dir, err := a.ssh()
	if err != nil {
		return nil, err
	}
	all, err := dir.List()
	var imported []alias.File
	for _, f := range all {
		if f.Origin == alias.Imported {
			imported = append(imported, f)
		}
	}
	return imported, err
}

func (a *app) listImported() error {
	imported, err := a.allImported()
	for _, f := range imported {
		fmt.Fprintln(a.out, f.Alias)
	}
	if err == nil && len(imported) == 0 {
		a.note("nothing was imported")
	}
	return err
}

func (a *app) completeImported(context.Context) ([]string, error) {
	imported, err := a.allImported()
	names := make([]string, len(imported))
	for i, f := range imported {
		names[i] = f.Alias
	}
	return names, err
}
