package cli

// What the shell completes. A completion that takes long is worse than none,
// so everything that asks a cluster has a short deadline and fails silently.

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/kube"
)

// completeTimeout is how long a user waits for a tab.
const completeTimeout = 2 * time.Second

// completions gives candidates for a word.
type completions func(ctx context.Context) ([]string, error)

// filtered turns candidates into cobra's form.
func (a *app) filtered(find completions, cmd *cobra.Command, word string, taken []string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completeTimeout)
	defer cancel()
	if err := a.prepare(); err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	all, err := find(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	used := map[string]bool{}
	for _, t := range taken {
		used[t] = true
	}
	var matching []string
	for _, candidate := range all {
		name, _, _ := strings.Cut(candidate, "\t")
		if strings.HasPrefix(name, word) && !used[name] {
			matching = append(matching, candidate)
		}
	}
	return matching, cobra.ShellCompDirectiveNoFileComp
}

// completeFlag completes a flag's value.
func (a *app) completeFlag(cmd *cobra.Command, flag string, find completions) {
	// It fails only for a flag that does not exist, which a test would see.
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return a.filtered(find, cmd, word, nil)
	})
}

// completeWords completes a flag from a fixed list.
func (a *app) completeWords(cmd *cobra.Command, flag string, words ...string) {
	a.completeFlag(cmd, flag, func(context.Context) ([]string, error) { return words, nil })
}

// completeWorkspaces completes workspace names, those deleted or the others.
func (a *app) completeWorkspaces(deleted bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		return a.filtered(func(ctx context.Context) ([]string, error) {
			s, err := a.scope()
			if err != nil {
				return nil, err
			}
			c, err := a.cluster()
			if err != nil {
				return nil, err
			}
			list, err := c.list(ctx, s.fallback, a)
			if err != nil {
				return nil, err
			}
			var names []string
			for _, w := range byName(list.Workspaces) {
				if w.Deleted() == deleted {
					names = append(names, w.Name+"\t"+statusText(w.Status))
				}
			}
			return names, nil
		}, cmd, word, args)
	}
}

// completeContexts completes --context, which may name several: what comes
// after the last comma, with what stands before it.
func (a *app) completeContexts(cmd *cobra.Command) {
	// It fails only for a flag that does not exist, which a test would see.
	_ = cmd.RegisterFlagCompletionFunc("context", func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		contexts := sync.OnceValues(a.contextNames)
		begins := func() bool { // names may have commas
			names, err := contexts()
			return err == nil && slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, word) })
		}
		named := ""
		if i := strings.LastIndexByte(word, ','); i >= 0 && !begins() {
			named = word[:i+1]
		}
		find := func(context.Context) ([]string, error) { return contexts() }
		names, directive := a.filtered(find, cmd, strings.TrimPrefix(word, named), strings.Split(named, ","))
		for i := range names {
			names[i] = named + names[i]
		}
		return names, directive
	})
}

// contextNames are the contexts with their servers.
func (a *app) contextNames() ([]string, error) {
	contexts, err := kube.Contexts(kube.Options{Kubeconfig: a.flags.kubeconfig})
	names := make([]string, len(contexts))
	for i, c := range contexts {
		names[i] = c.Name + "\t" + c.Server
	}
	return names, err
}

func (a *app) completeNamespaces(ctx context.Context) ([]string, error) {
	c, err := a.cluster()
	if err != nil {
		return nil, err
	}
	return c.namespaces(ctx)
}

func (a *app) completeTemplates(ctx context.Context) ([]string, error) {
	c, err := a.cluster()
	if err != nil {
		return nil, err
	}
	inst, err := c.installation(ctx)
	names := make([]string, len(inst.Templates))
	for i, t := range inst.Templates {
		names[i] = t.Name + "\t" + t.Description
	}
	return names, err
}
