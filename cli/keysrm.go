package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
)

func newKeysRemove(a *app) *cobra.Command {
	var o keysOptions
	cmd := &cobra.Command{
		Use:     "rm NAME KEY...",
		Aliases: []string{"remove"},
		Short:   "Let keys log in no more",
		Long: `Let keys log in no more. KEY is a comment, the beginning of a fingerprint, or a
file as for berth keys add. To remove the last key that is yours is asked about; to
remove the last of all is refused without --yes.

Sessions that are open go on: berth restart ends them.`,
		Example: "  berth keys rm api mona@laptop\n  berth keys rm api SHA256:h4Lx",
		Args: func(cmd *cobra.Command, args []string) error {
			what := "the key"
			if len(args) == 0 {
				what = "the workspace's name"
			}
			return atLeast(2, what)(cmd, args)
		},
		ValidArgsFunction: a.completeKeyArgs(a.workspaceKeys),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name, o.keys = args[0], args[1:]
			return a.runKeysRemove(cmd.Context(), o)
		},
	}
	o.addChange(cmd)
	cmd.Flags().BoolVar(&o.yes, "yes", false, "answer every question with yes")
	return cmd
}

// runKeysRemove finds out what the arguments mean, asks where it would lock
// somebody out, and removes.
func (a *app) runKeysRemove(ctx context.Context, o keysOptions) error {
	if err := a.mayChange(o); err != nil {
		return err
	}
	w, present, err := a.presentKeys(ctx, o.name)
	if err != nil {
		return err
	}
	gone, err := a.meantKeys(ctx, w, present, o.keys)
	if err != nil {
		return err
	}
	own, err := a.ownKeys(ctx)
	if err != nil {
		return err
	}
	asked, err := a.askLockout(ctx, w, present, gone, own, o)
	if err != nil {
		return err
	}
	var removed []sshconf.AuthorizedKey
	change := func(lines []string) ([]string, error) {
		now, err := readLines(w, lines)
		if err != nil {
			return nil, err
		}
		if what := lockout(now, gone, own); what > asked && !o.yes {
			return nil, workspace.WithHint(workspace.WithKind(workspace.ErrConflict, errors.New("the keys were changed meanwhile, and nobody of yours would be left")),
				"look at them first: berth keys ls "+w.Name)
		}
		removed = removed[:0]
		return slices.DeleteFunc(lines, func(line string) bool {
			key, err := sshconf.ParseAuthorized([]byte(line), "")
			if err != nil || !slices.ContainsFunc(gone, key[0].Same) {
				return false
			}
			removed = append(removed, key[0])
			return true
		}), nil
	}
	if err := a.change(ctx, w, o, change); err != nil {
		return err
	}
	return a.changed(ctx, w, o, removed, false)
}

// meantKeys finds each argument among the keys that are there.
func (a *app) meantKeys(ctx context.Context, w workspace.Workspace, present []sshconf.AuthorizedKey, args []string) ([]sshconf.AuthorizedKey, error) {
	var meant []sshconf.AuthorizedKey
	for _, arg := range args {
		key, err := sshconf.One(present, arg)
		if err == nil {
			meant = append(meant, key)
			continue
		}
		if errors.Is(err, workspace.ErrUsage) {
			return nil, err
		}
		read, readErr := a.named(ctx).Read(arg)
		if readErr != nil && !errors.Is(readErr, workspace.ErrNotFound) {
			return nil, readErr
		}
		found := slices.DeleteFunc(read, func(k sshconf.AuthorizedKey) bool { return !slices.ContainsFunc(present, k.Same) })
		if len(found) == 0 {
			return nil, workspace.WithHint(fmt.Errorf("%s: %w", w.Ref, err), "berth keys ls "+w.Name+" shows those that may log in")
		}
		meant = append(meant, found...)
	}
	return meant, nil
}

// How far a removal locks out.
const (
	lockoutNone = iota
	lockoutOwn  // the caller may not log in afterwards, who may now
	lockoutAll  // nobody may
)

// lockout says what removing gone from present does.
func lockout(present, gone, own []sshconf.AuthorizedKey) int {
	before, after, left := false, false, false
	for _, k := range present {
		mine := slices.ContainsFunc(own, k.Same)
		before = before || mine
		if !slices.ContainsFunc(gone, k.Same) {
			left, after = true, after || mine
		}
	}
	switch {
	case !left && len(present) > 0:
		return lockoutAll
	case before && !after:
		return lockoutOwn
	}
	return lockoutNone
}

// askLockout asks before the caller locks themselves out, and refuses to lock
// everybody out. It gives what was agreed to.
func (a *app) askLockout(ctx context.Context, w workspace.Workspace, present, gone, own []sshconf.AuthorizedKey, o keysOptions) (int, error) {
	what := lockout(present, gone, own)
	if o.dryRun || what == lockoutNone {
		return what, nil
	}
	if what == lockoutAll {
		if o.yes {
			return what, nil
		}
		return what, workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("nobody could log in to %s any more: not removing its last key", w.Ref)),
			"add another one first, berth keys add "+w.Name+" KEY, or say --yes")
	}
	return what, a.confirm(ctx, "Remove the last key of "+w.Name+" that is yours? You can then log in no more from here.", o.yes)
}
