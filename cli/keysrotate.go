package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
)

func newKeysRotate(a *app) *cobra.Command {
	var o keysOptions
	cmd := &cobra.Command{
		Use:   "rotate-host NAME",
		Short: "Give a workspace a new host key",
		Long: `Give a workspace a new host key, and pin it on this machine in the same step.

The old key signs the new one, so berth on other machines follows when it lists the
workspaces next, without a question. Whoever has the old fingerprint written down,
or an alias from berth import, has to be given the new one. Until the running
workspace has taken the new key, in about two minutes, new connections are refused;
those that are open stay.`,
		Example:           "  berth keys rotate-host api",
		Args:              exactly(1, "the workspace's name"),
		ValidArgsFunction: a.completeFirst(a.completeWorkspaces(false)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name = args[0]
			return a.runKeysRotate(cmd.Context(), o)
		},
	}
	format := formatValue{&o.format, []format{formatJSON, formatYAML}}
	flags := cmd.Flags()
	flags.VarP(format, "output", "o", "print both keys in `format`: "+format.names())
	flags.BoolVar(&o.dryRun, "dry-run", false, "show the present key and change nothing")
	flags.BoolVar(&o.yes, "yes", false, "do not ask")
	o.addWait(cmd)
	return cmd
}

// rotationRecord is a rotation in the JSON form.
type rotationRecord struct {
	Before  string `json:"before"` // fingerprints
	Now     string `json:"now"`
	HostKey string `json:"hostKey"` // the public line
	Resumed bool   `json:"resumed"`
}

// runKeysRotate asks, rotates, pins, and waits for sshd.
func (a *app) runKeysRotate(ctx context.Context, o keysOptions) error {
	if err := a.mayChange(o); err != nil {
		return err
	}
	w, err := a.findOne(ctx, o.name)
	if err != nil {
		return err
	}
	if w.Deleted() {
		return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s is deleted", w.Ref)), "berth restore "+w.Name)
	}
	if o.dryRun {
		fmt.Fprintf(a.err, "%s: host key %s would be replaced\n", w.Name, fingerprintOf(w.HostKey))
		return nil
	}
	question := fmt.Sprintf("Give %s a new host key instead of %s? Until the workspace has it, in about two minutes, new connections are refused.", w.Name, fingerprintOf(w.HostKey))
	if err := a.confirm(ctx, question, o.yes); err != nil {
		return err
	}
	c, err := a.cluster()
	if err != nil {
		return err
	}
	r, err := c.client.RotateHostKey(ctx, w.Ref, w.UID)
	if err != nil {
		return err
	}
	w.HostKey, w.Succession = r.Now, r.Succession
	if err := a.pinRotated(ctx, c, w, r.Before); err != nil {
		return workspace.WithHint(fmt.Errorf("the host key is rotated; pinning it here: %w", err), "berth ls pins it")
	}
	if err := a.tellRotation(w, r, o.format); err != nil {
		return err
	}
	return a.awaitHostKey(ctx, w, o)
}

func (a *app) tellRotation(w workspace.Workspace, r kube.Rotation, f format) error {
	verb := "new host key"
	if r.Resumed {
		verb = "ended a rotation that was cut off; host key"
	}
	fmt.Fprintf(a.err, "%s: %s %s, was %s\n", w.Name, verb, fingerprintOf(r.Now), fingerprintOf(r.Before))
	if f == "" {
		return nil
	}
	return printValue(a.out, rotationRecord{fingerprintOf(r.Before), fingerprintOf(r.Now), r.Now, r.Resumed}, f)
}

// pinRotated replaces the pin of a workspace on this machine, where it is from.
func (a *app) pinRotated(ctx context.Context, c *cluster, w workspace.Workspace, from string) error {
	dir, err := a.ssh()
	if err != nil {
		return err
	}
	inst, err := c.installation(ctx)
	if err != nil {
		return err
	}
	p, err := a.place(workspace.Snapshot{Cluster: w.Cluster, Installation: inst, ClusterName: clusterName(inst, c.client.ContextName())})
	if err != nil {
		return err
	}
	file, err := a.aliasFile(w, p)
	if err != nil {
		return err
	}
	_, err = dir.Repin(ctx, p.scope(w.Namespace), file, from)
	return err
}

// awaitHostKey waits until the running sshd shows the new key.
func (a *app) awaitHostKey(ctx context.Context, w workspace.Workspace, o keysOptions) error {
	if w.Status.Phase != workspace.Running && w.Status.Phase != workspace.Unreachable {
		a.note("it counts from the next time that the workspace runs")
		return nil
	}
	if o.noWait {
		a.note("the running workspace has it within about two minutes")
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, timedOut(o.timeout))
	defer cancel()
	config, err := a.sshConfig(ctx, w, a.tellFallback())
	if err != nil {
		return err
	}
	begun := time.Now()
	for {
		// Any key serves to ask with: the host key is looked at before it.
		_, err := tunnel.Accepts(ctx, config, w.HostKey)
		if err == nil {
			a.progress("")(workspace.Progress{Step: "sshd shows it", Done: true, Elapsed: time.Since(begun)})
			return nil
		}
		timer := time.NewTimer(keysPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			err = fmt.Errorf("waiting until %s shows its new host key: %w: %w", w.Ref, context.Cause(ctx), err)
			return workspace.WithHint(err, "the key is changed; berth restart "+w.Name+" makes sshd read it")
		}
	}
}

// fingerprintOf is the fingerprint of a public line.
func fingerprintOf(line string) string {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return "(unknown)"
	}
	return ssh.FingerprintSHA256(key)
}
