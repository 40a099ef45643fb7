package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
)

func newKeysAdd(a *app) *cobra.Command {
	var o keysOptions
	cmd := &cobra.Command{
		Use:   "add NAME KEY...",
		Short: "Let more keys log in",
		Long: `Let more keys log in. KEY is a .pub file, a file of authorized_keys lines, such a
line itself, - for standard input, or a key of the ssh agent, by its comment or the
beginning of its fingerprint; --agent adds all of those. Comments and options
(from=, command=, …) are kept. A private key is refused.

A running workspace has the keys within about two minutes; sshd is asked until it
takes them.`,
		Example: `  berth keys add api ~/colleague.pub
  berth keys add api 'from="10.0.0.0/8" ssh-ed25519 AAAA… ci'
  curl -fsS https://git.example.com/mona.keys | berth keys add api -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.agent {
				return atLeast(1, "the workspace's name")(cmd, args)
			}
			what := "the key"
			if len(args) == 0 {
				what = "the workspace's name"
			}
			return atLeast(2, what)(cmd, args)
		},
		ValidArgsFunction: a.completeKeyArgs(func(ctx context.Context, _ string) ([]string, error) {
			held, err := a.named(ctx).Held()
			return keyWords(held), err
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name, o.keys = args[0], args[1:]
			return a.runKeysAdd(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.agent, "agent", false, "add every key of the ssh agent")
	o.addChange(cmd)
	return cmd
}

// named reads keys as the user names them.
func (a *app) named(ctx context.Context) sshconf.Named {
	return sshconf.Named{In: a.in, Agent: a.agentKeys(ctx)}
}

// runKeysAdd adds what is not there yet.
func (a *app) runKeysAdd(ctx context.Context, o keysOptions) error {
	if err := a.mayChange(o); err != nil {
		return err
	}
	wanted, err := a.wantedKeys(ctx, o)
	if err != nil {
		return err
	}
	w, err := a.findOne(ctx, o.name)
	if err != nil {
		return err
	}
	var added []sshconf.AuthorizedKey
	var notes []string
	change := func(lines []string) ([]string, error) {
		present, err := readLines(w, lines)
		if err != nil {
			return nil, err
		}
		added, notes = newAmong(w, present, wanted)
		for _, k := range added {
			lines = append(lines, k.Line())
		}
		return lines, nil
	}
	if err := a.change(ctx, w, o, change); err != nil {
		return err
	}
	for _, note := range notes {
		a.note(note)
	}
	return a.changed(ctx, w, o, added, true)
}

// mayChange refuses what would write where nothing may be written.
func (a *app) mayChange(o keysOptions) error {
	if err := checkName(o.name); err != nil || o.dryRun {
		return err
	}
	return a.writable()
}

// wantedKeys reads every argument before anything is written.
func (a *app) wantedKeys(ctx context.Context, o keysOptions) ([]sshconf.AuthorizedKey, error) {
	named := a.named(ctx)
	var wanted []sshconf.AuthorizedKey
	take := func(keys []sshconf.AuthorizedKey) {
		for _, k := range keys {
			if !slices.ContainsFunc(wanted, k.Same) {
				wanted = append(wanted, k)
			}
		}
	}
	if o.agent {
		keys, err := named.Held()
		if err != nil {
			return nil, err
		}
		take(keys)
	}
	for _, arg := range o.keys {
		keys, err := named.Read(arg)
		if err != nil {
			return nil, err
		}
		take(keys)
	}
	return wanted, nil
}

// newAmong gives the wanted keys that are not present, and what to say of the
// others.
func newAmong(w workspace.Workspace, present, wanted []sshconf.AuthorizedKey) (added []sshconf.AuthorizedKey, notes []string) {
	for _, k := range wanted {
		i := slices.IndexFunc(present, k.Same)
		switch {
		case i < 0:
			added = append(added, k)
		case slices.Equal(present[i].Options, k.Options):
			notes = append(notes, nameKey(k)+" may log in already")
		default:
			notes = append(notes, fmt.Sprintf("%s is there already, with other options, and stays as it is: berth keys rm %s %s first",
				nameKey(k), w.Name, k.Fingerprint()))
		}
	}
	return added, notes
}

// nameKey names a key for people.
func nameKey(k sshconf.AuthorizedKey) string {
	if k.Comment == "" {
		return k.Fingerprint()
	}
	return k.Fingerprint() + " (" + k.Comment + ")"
}

// change applies a change to the keys, or to a copy of them.
func (a *app) change(ctx context.Context, w workspace.Workspace, o keysOptions, change func([]string) ([]string, error)) error {
	c, err := a.cluster()
	if err != nil {
		return err
	}
	if !o.dryRun {
		return c.client.ChangeKeys(ctx, w.Ref, change)
	}
	lines, err := c.client.Keys(ctx, w.Ref)
	if err != nil {
		return err
	}
	_, err = change(lines)
	return err
}

// changed tells what was changed and waits until the workspace has it.
func (a *app) changed(ctx context.Context, w workspace.Workspace, o keysOptions, keys []sshconf.AuthorizedKey, added bool) error {
	word := map[bool]string{true: "added", false: "removed"}[added]
	if o.dryRun {
		word = "would be " + word
	}
	if len(keys) == 0 {
		fmt.Fprintln(a.err, "nothing was changed")
	}
	for _, k := range keys {
		fmt.Fprintf(a.err, "%s: %s %s\n", w.Name, word, nameKey(k))
	}
	if o.format != "" {
		own, err := a.ownKeys(ctx)
		if err != nil {
			return err
		}
		if err := printKeys(a.out, keys, own, o.format); err != nil {
			return err
		}
	}
	if o.dryRun || len(keys) == 0 {
		return nil
	}
	return a.awaitKeys(ctx, w, o, keys, added)
}

// keyWords are keys as a shell completes them: a comment where that is one
// word, else the fingerprint.
func keyWords(keys []sshconf.AuthorizedKey) []string {
	words := make([]string, len(keys))
	for i, k := range keys {
		words[i] = k.Fingerprint() + "\t" + k.Comment
		if k.Comment != "" && !strings.ContainsAny(k.Comment, " \t") && len(sshconf.Match(keys, k.Comment)) == 1 {
			words[i] = k.Comment + "\t" + k.Fingerprint()
		}
	}
	return words
}
