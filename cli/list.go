package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

// listOptions are the flags of `berth ls`.
type listOptions struct {
	deleted bool
	watch   bool
	format  format
}

func newList(a *app) *cobra.Command { return newListCommand(a, a.runList) }

// newListCommand takes what runs as a parameter: a test reads the options.
func newListCommand(a *app, runF func(context.Context, listOptions) error) *cobra.Command {
	o := listOptions{format: formatTable}
	format := formatValue{&o.format, []format{formatTable, formatWide, formatJSON, formatYAML, formatName}}
	cmd := &cobra.Command{
		Use:     "ls",
		Aliases: []string{"list"},
		Short:   "List workspaces",
		Example: "  berth ls -A -o wide\n  berth ls -o json | jq '.[].alias'",
		Args:    none,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runF(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.deleted, "deleted", false, "list the deleted ones, whose home is kept")
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "print again at every change, until interrupted")
	cmd.Flags().VarP(format, "output", "o", "`format`: "+format.names())
	a.completeWords(cmd, "output", "table", "wide", "json", "yaml", "name")
	return cmd
}

// runList prints one list, or one for each change.
func (a *app) runList(ctx context.Context, o listOptions) error {
	s, err := a.scope()
	if err != nil {
		return err
	}
	c, err := a.cluster()
	if err != nil {
		return err
	}
	if o.watch {
		return a.watchList(ctx, c, s.namespace, o)
	}
	list, err := c.list(ctx, s.namespace, a)
	if err != nil {
		return err
	}
	a.reconcile(ctx, list)
	return a.printList(list, o)
}

func (a *app) watchList(ctx context.Context, c *cluster, namespace string, o listOptions) error {
	live, stop, err := c.watch(ctx, namespace, a)
	if err != nil {
		return err
	}
	defer stop()
	var shown uint64
	for {
		if list, generation := live.Snapshot(); list.Synced && (generation != shown || shown == 0) {
			shown = generation
			a.reconcile(ctx, list)
			if err := a.printList(list, o); err != nil {
				return err
			}
		}
		select {
		case <-live.Changed():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// printList prints what was asked for; what is missing from it is said beside
// it.
func (a *app) printList(s workspace.Snapshot, o listOptions) error {
	list := slices.DeleteFunc(byName(s.Workspaces), func(w workspace.Workspace) bool { return w.Deleted() != o.deleted })
	all := s.Namespace == ""
	for _, access := range s.Denied {
		fmt.Fprintf(a.err, "berth: the list is incomplete: no permission to %s\n", access)
	}
	switch o.format {
	case formatJSON, formatYAML:
		return printRecords(a.out, list, o.format)
	case formatName:
		return printNames(a.out, list, all)
	case formatTable, formatWide:
	}
	if len(list) == 0 {
		a.tellEmpty(s, o)
		return nil
	}
	return printTable(a.out, list, o.format == formatWide, all, time.Now())
}

// tellEmpty says why there is nothing, and what to do.
func (a *app) tellEmpty(s workspace.Snapshot, o listOptions) {
	where := "in namespace " + s.Namespace
	if s.Namespace == "" {
		where = "in any namespace"
	}
	what := "no workspaces "
	if o.deleted {
		what = "no deleted workspaces "
	}
	fmt.Fprintln(a.err, what+where)
	if !o.deleted {
		fmt.Fprintln(a.err, "hint: berth create NAME makes one")
	}
}
