package cli

// Handing a workspace to somebody without access to the cluster.

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/sshconf/bundle"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// formatSSHConfig is a stanza for people without berth.
const formatSSHConfig format = "ssh-config"

// exportOptions are the arguments of `berth export`.
type exportOptions struct {
	name   string
	format format
}

func newExport(a *app) *cobra.Command { return newExportCommand(a, a.runExport) }

func newExportCommand(a *app, runF func(context.Context, exportOptions) error) *cobra.Command {
	o := exportOptions{format: formatYAML}
	format := formatValue{&o.format, []format{formatYAML, formatJSON, formatSSHConfig}}
	cmd := &cobra.Command{
		Use:   "export NAME",
		Short: "Print what somebody without cluster access needs to reach a workspace",
		Long: `Print a small bundle: alias, gateway, its CA, and the workspace's public host key.
There is no secret in it and no kubeconfig. Whoever gets it runs berth import, and
one of their public keys has to be let into the workspace.

With --format ssh-config it is a stanza for ~/.ssh/config that works without berth;
it needs the program proxytunnel.`,
		Example: `  berth export api > api.berth
  berth export api --format ssh-config`,
		Args:              exactly(1, "the workspace's name"),
		ValidArgsFunction: a.completeWorkspaces(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name = args[0]
			return runF(cmd.Context(), o)
		},
	}
	cmd.Flags().Var(format, "format", "`format`: "+format.names())
	a.completeWords(cmd, "format", string(formatYAML), string(formatJSON), string(formatSSHConfig))
	return cmd
}

// runExport prints the bundle of a workspace.
func (a *app) runExport(ctx context.Context, o exportOptions) error {
	b, err := a.bundle(ctx, o.name)
	if err != nil {
		return err
	}
	var text []byte
	switch o.format {
	case formatSSHConfig:
		text = b.SSHConfig()
	case formatJSON:
		text, err = b.JSON()
	default:
		text, err = b.YAML()
	}
	if err != nil {
		return err
	}
	fingerprint, err := sshconf.Fingerprint(b.HostKey)
	if err != nil {
		return err
	}
	if _, err := a.out.Write(text); err != nil {
		return fmt.Errorf("writing the bundle: %w", err)
	}
	a.note("host key " + fingerprint + ": tell it by another way, so that it can be compared")
	return nil
}

// bundle makes the bundle of a workspace, or of an alias that was imported,
// which may be handed on.
func (a *app) bundle(ctx context.Context, name string) (bundle.Bundle, error) {
	f, inst, err := a.exported(ctx, name)
	if err != nil {
		return bundle.Bundle{}, err
	}
	if f.HostKey == "" {
		return bundle.Bundle{}, workspace.WithHint(fmt.Errorf("the host key of %s is not known", f.Alias), "berth why "+f.Name)
	}
	var ca []byte
	if f.CA != "" {
		if ca, err = os.ReadFile(f.CA); err != nil {
			return bundle.Bundle{}, fmt.Errorf("reading the gateway's CA: %w", err)
		}
	}
	var wants []string
	if inst.Gateway.Token == workspace.Required {
		wants = append(wants, bundle.Token)
	}
	if inst.Gateway.TLS.ClientCertificate == workspace.Required {
		wants = append(wants, bundle.ClientCertificate)
	}
	b, err := bundle.New(f, inst.Cluster, ca, wants...)
	if err != nil {
		return b, fmt.Errorf("exporting %s: %w", f.Name, err)
	}
	return b, nil
}

// exported finds how a workspace is reached, and what its cluster publishes. Of
// an imported alias that is the name in it, if any.
func (a *app) exported(ctx context.Context, name string) (f alias.File, inst workspace.Installation, err error) {
	if f, ok, err := a.imported(name); ok || err != nil {
		_, inst.Cluster, _ = workspace.ParseAlias(f.Alias) // it was read by that name
		return f, inst, err
	}
	w, err := a.findOne(ctx, name)
	if err != nil {
		return f, inst, err
	}
	if w.Deleted() {
		return f, inst, workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s is deleted", w.Ref)), "berth restore "+w.Name)
	}
	if f, err = a.wayTo(ctx, w); err != nil {
		return f, inst, err
	}
	c, err := a.cluster()
	if err != nil {
		return f, inst, err
	}
	if inst, err = c.installation(ctx); err != nil {
		return f, inst, err
	}
	// Another address for the gateway that the user has set is this machine's
	// own matter; so is the context's name.
	if f.Transport == alias.Gateway {
		f.Address, f.ServerName = inst.Gateway.Address, inst.Gateway.TLS.ServerName
	}
	return f, inst, nil
}

// imported finds the alias file behind an argument that names an imported
// alias. It needs no cluster; ok is false for every other argument.
func (a *app) imported(arg string) (f alias.File, ok bool, err error) {
	if _, _, err := workspace.ParseAlias(arg); err != nil {
		return f, false, nil
	}
	dir, err := a.ssh()
	if err != nil {
		return f, false, err
	}
	f, err = dir.Read(arg)
	if errors.Is(err, workspace.ErrNotFound) {
		return f, false, nil
	}
	return f, err == nil && f.Origin == alias.Imported, err
}
