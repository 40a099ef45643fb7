package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
)

// createOptions are the arguments of `berth create`.
type createOptions struct {
	name    string
	spec    workspace.Spec // as asked for, not completed
	keys    []string
	wait    bool
	timeout time.Duration
	dryRun  bool
	format  format
	yes     bool
	failed  onFailure
}

func newCreate(a *app) *cobra.Command { return newCreateCommand(a, a.runCreate) }

func newCreateCommand(a *app, runF func(context.Context, createOptions) error) *cobra.Command {
	o := createOptions{format: formatYAML, failed: failAsk}
	var f specFlags
	format := formatValue{&o.format, []format{formatYAML}}
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a workspace",
		Long: `Create a workspace: its home, its identity and a pod with an SSH server.

What was cut short is continued by the same command, or undone: on a terminal that
is asked, --on-failure answers it for scripts. Your public keys (of the agent
and ~/.ssh/*.pub) may log in; --key names others, also for the next time, until
--key all.`,
		Example: `  berth create api --wait
  berth create train --template gpu --env-from wandb
  berth create api --image ubuntu:24.04 --dry-run -o yaml`,
		Args: exactly(1, "the workspace's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			o.name = args[0]
			if o.spec, err = f.apply(cmd.Flags(), a.in, workspace.Spec{}); err != nil {
				return err
			}
			if cmd.Flags().Changed("output") && !o.dryRun {
				return usageError(cmd, "-o goes with --dry-run")
			}
			return runF(cmd.Context(), o)
		},
	}
	f.addCreate(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&o.keys, "key", nil, "public key `file` that may log in (repeatable; default: what was named last, else all of yours)")
	flags.BoolVar(&o.wait, "wait", false, "wait until ssh answers")
	o.timeout = waitTimeout
	flags.Var(patience{&o.timeout}, "timeout", "how long --wait waits")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print the objects and create nothing")
	flags.VarP(format, "output", "o", "`format` of --dry-run: "+format.names())
	flags.BoolVar(&o.yes, "yes", false, "answer every question with yes")
	flags.Var(&o.failed, "on-failure", "what to do with what was made: ask, keep or undo")
	a.completeWords(cmd, "on-failure", string(failAsk), string(failKeep), string(failUndo))
	a.completeFlag(cmd, "template", a.completeTemplates)
	a.completeWords(cmd, "profile", "restricted", "standard", "full")
	return cmd
}

// runCreate creates, waits if asked to, and says how to get in.
func (a *app) runCreate(ctx context.Context, o createOptions) error {
	if !o.dryRun {
		if err := a.writable(); err != nil {
			return err
		}
	}
	if err := checkName(o.name); err != nil {
		return err
	}
	ref, err := a.ref(o.name)
	if err != nil {
		return err
	}
	c, err := a.cluster()
	if err != nil {
		return err
	}
	dir, err := a.ssh()
	if err != nil {
		return err
	}
	files, all := o.keyFiles()
	keys, err := dir.Keys(ctx, sshconf.KeySource{Files: files, Chosen: !all, Agent: a.agentKeys(ctx)})
	if err != nil {
		return err
	}
	lines := keyLines(keys)
	if o.dryRun {
		data, err := c.render(ctx, ref, o.spec, lines)
		if err != nil {
			return err
		}
		_, err = io.WriteString(a.out, data)
		return err
	}
	a.tellKeys(keys)
	if err := c.create(ctx, ref, o.spec, lines, a.note, a.progress("")); err != nil {
		return a.cleanUp(ctx, err, o.failed)
	}
	return a.afterCreate(ctx, ref, keys, o)
}

// allKeys as a file's name means every key that the user has.
const allKeys = "all"

// keyFiles are the key files that were named; all means every key.
func (o createOptions) keyFiles() (files []string, all bool) {
	if slices.Contains(o.keys, allKeys) {
		return nil, true
	}
	return o.keys, false
}

// tellKeys says what the user should know about the keys that are used: one
// that was made, or a choice that was made earlier.
func (a *app) tellKeys(keys sshconf.Keys) {
	if keys.Made != "" {
		fmt.Fprintf(a.err, "you had no ssh key: made %s\n", keys.Made)
	}
	if keys.Chosen {
		var names []string
		for _, k := range keys.Keys {
			names = append(names, workspace.Safe(k.Source))
		}
		fmt.Fprintf(a.err, "with the key that you chose last: %s (--key %s for all of yours)\n", joinWords(names), allKeys)
	}
}

// keyLines gives the authorized_keys lines one by one.
func keyLines(keys sshconf.Keys) []string {
	lines := make([]string, len(keys.Keys))
	for i, k := range keys.Keys {
		lines[i] = k.Line
	}
	return lines
}

// afterCreate makes ssh know the workspace and waits for it.
func (a *app) afterCreate(ctx context.Context, ref workspace.Ref, keys sshconf.Keys, o createOptions) error {
	dir, err := a.ssh()
	if err != nil {
		return err
	}
	if err := dir.Offer(ctx, keys.Identities()...); err != nil {
		a.tellAliasError(err)
	}
	if files, all := o.keyFiles(); all || len(files) > 0 {
		if err := dir.Choose(ctx, files...); err != nil {
			a.tellAliasError(err)
		}
	}
	if o.wait {
		if err := a.awaitSSH(ctx, ref, "", o.timeout); err != nil {
			return goOn(ctx, err, ref, workspace.Running)
		}
	} else if _, err := a.findOne(ctx, ref.String()); err != nil { // writes the alias
		return err
	}
	if err := a.offerInclude(ctx, o.yes); err != nil {
		return err
	}
	return a.printWayIn(ctx, ref)
}

// offerInclude asks for the Include line where it is missing; to say no is
// fine.
func (a *app) offerInclude(ctx context.Context, yes bool) error {
	dir, err := a.ssh()
	if err != nil {
		return err
	}
	status, err := dir.Installed()
	if err != nil || status.Installed || !yes && !a.interactive() {
		return err
	}
	err = a.installInclude(ctx, yes)
	switch {
	case errors.Is(err, errDeclined):
		fmt.Fprintln(a.err, "later: berth ssh-config install")
		return nil
	case err != nil && context.Cause(ctx) == nil:
		// The workspace is there; only plain ssh needs one more argument.
		report(ctx, a.err, err)
		return nil
	}
	return err
}

// printWayIn prints the command that opens a shell, on standard output: it is
// the result.
func (a *app) printWayIn(ctx context.Context, ref workspace.Ref) error {
	dir, err := a.ssh()
	if err != nil {
		return err
	}
	c, err := a.cluster()
	if err != nil {
		return err
	}
	id, err := c.client.Cluster(ctx)
	if err != nil {
		return err
	}
	name := ref.Alias()
	if f, err := dir.Find(sshconf.Scope{Cluster: string(id), Namespace: ref.Namespace}, ref.Name); err == nil {
		name = f.Alias
	}
	line := "ssh"
	for _, arg := range dir.SSHArgs() {
		line += " " + arg
	}
	_, err = fmt.Fprintln(a.out, line+" "+name)
	return err
}
