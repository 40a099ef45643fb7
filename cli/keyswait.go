package cli

// Waiting until a running workspace has its new keys.
//
// The kubelet renews the files of a Secret within a minute or two, and nothing
// in the API says when it has. sshd itself knows: it is asked, for each key,
// whether it would take it, which needs no private key and logs nobody in.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
)

// keysPause is between two questions to sshd.
const keysPause = 2 * time.Second

// awaitKeys waits until the running workspace takes the keys, or refuses them.
func (a *app) awaitKeys(ctx context.Context, w workspace.Workspace, o keysOptions, keys []sshconf.AuthorizedKey, added bool) error {
	soon := "the running workspace has it within about two minutes"
	switch w.Status.Phase {
	case workspace.Running, workspace.Unreachable:
	case workspace.Starting, workspace.Failing, workspace.Stopping, workspace.Stopped, workspace.Deleted:
		a.note("it counts from the next time that the workspace runs")
		return nil
	}
	if o.noWait {
		a.note(soon)
		return nil
	}
	// sshd looks at where the question comes from as well, so its answer about
	// a key with options means something else.
	asked := slices.DeleteFunc(slices.Clone(keys), func(k sshconf.AuthorizedKey) bool { return len(k.Options) > 0 })
	if len(asked) < len(keys) {
		a.note("a key with options cannot be asked about: " + soon)
	}
	if len(asked) == 0 {
		return nil
	}
	if err := a.askUntil(ctx, w, asked, added, o.timeout); err != nil {
		err = fmt.Errorf("the keys are changed; waiting until %s has them: %w", w.Ref, err)
		return workspace.WithHint(err, "nothing has to be done again: "+soon)
	}
	if !added {
		a.note("sessions that are open go on; berth restart " + w.Name + " ends them")
	}
	return nil
}

// askUntil asks sshd about each key until it answers as wanted.
func (a *app) askUntil(ctx context.Context, w workspace.Workspace, keys []sshconf.AuthorizedKey, want bool, timeout time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, timedOut(timeout))
	defer cancel()
	config, err := a.sshConfig(ctx, w, a.tellFallback())
	if err != nil {
		return err
	}
	begun := time.Now()
	if a.interactive() {
		fmt.Fprintln(a.err, "  waiting until the running workspace has it; ctrl+c ends the waiting alone")
	}
	for _, k := range keys {
		if err := ask(ctx, config, k, want); err != nil {
			return err
		}
	}
	word := map[bool]string{true: "sshd takes it", false: "sshd refuses it"}[want]
	a.progress("")(workspace.Progress{Step: word, Done: true, Elapsed: time.Since(begun)})
	return nil
}

func ask(ctx context.Context, config tunnel.Config, k sshconf.AuthorizedKey, want bool) error {
	for {
		got, err := tunnel.Accepts(ctx, config, k.Line())
		if err == nil && got == want {
			return nil
		}
		var wrong *tunnel.HostKeyError
		if errors.As(err, &wrong) {
			return err
		}
		timer := time.NewTimer(keysPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			if err != nil {
				return fmt.Errorf("%w: %w", context.Cause(ctx), err)
			}
			return context.Cause(ctx)
		}
	}
}

// workspaceKeys are those of a workspace, for completion.
func (a *app) workspaceKeys(ctx context.Context, name string) ([]string, error) {
	ref, err := a.ref(name)
	if err != nil {
		return nil, err
	}
	c, err := a.cluster()
	if err != nil {
		return nil, err
	}
	lines, err := c.client.Keys(ctx, ref)
	if err != nil {
		return nil, err
	}
	keys, err := readLines(workspace.Workspace{Ref: ref}, lines)
	return keyWords(keys), err
}

// completeKeyArgs completes a workspace, then keys, or files where there are
// none.
func (a *app) completeKeyArgs(keys func(ctx context.Context, name string) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return a.completeWorkspaces(false)(cmd, args, word)
		}
		words, _ := a.filtered(func(ctx context.Context) ([]string, error) { return keys(ctx, args[0]) }, cmd, word, args[1:])
		return words, cobra.ShellCompDirectiveDefault
	}
}
