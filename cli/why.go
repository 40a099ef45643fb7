package cli

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

// whyEvents is how many events are shown to people.
const whyEvents = 10

// explanation is the JSON form of `berth why`.
type explanation struct {
	record
	Route    *routeRecord `json:"route,omitempty"` // absent for a deleted workspace
	Evidence []evidence   `json:"evidence"`
	Events   []event      `json:"events"`
}

type evidence struct {
	Object  string     `json:"object"`
	Says    string     `json:"says"`
	Since   *time.Time `json:"since,omitempty"`
	Command string     `json:"command,omitempty"`
}

type event struct {
	Time    *time.Time `json:"time,omitempty"`
	Type    string     `json:"type"`
	Reason  string     `json:"reason"`
	Object  string     `json:"object"`
	Message string     `json:"message"`
	Count   int        `json:"count"`
}

func newWhy(a *app) *cobra.Command {
	f := formatTable
	format := formatValue{&f, []format{formatTable, formatJSON, formatYAML}}
	cmd := &cobra.Command{
		Use:               "why NAME",
		Short:             "Say why a workspace is as it is, and what to do",
		Args:              exactly(1, "the workspace's name"),
		ValidArgsFunction: a.completeWorkspaces(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runWhy(cmd.Context(), args[0], f)
		},
	}
	cmd.Flags().VarP(format, "output", "o", "`format`: "+format.names())
	return cmd
}

// runWhy explains one workspace. Events and the route are extra evidence: where
// events may not be read, the rest still helps.
func (a *app) runWhy(ctx context.Context, name string, f format) error {
	ref, err := a.ref(name)
	if err != nil {
		return err
	}
	c, err := a.cluster()
	if err != nil {
		return err
	}
	inst, err := c.installation(ctx)
	if err != nil {
		return err
	}
	list, stop, err := c.listed(ctx, ref.Namespace, a)
	if err != nil {
		return err
	}
	defer stop()
	s, _ := list.Snapshot()
	a.reconcile(ctx, s)
	w, ok := pick(s, ref)
	if !ok {
		return notFound(ref, s)
	}
	var events []workspace.Event
	var missing error
	var reading sync.WaitGroup
	reading.Go(func() { events, missing = c.client.Events(ctx, w.Ref) })
	w, way := a.explainRoute(ctx, list, w)
	reading.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if missing != nil {
		fmt.Fprintf(a.err, "berth: events are missing: %v\n", missing)
	}
	if f != formatTable {
		return printValue(a.out, explain(w, way, events), f)
	}
	_, err = a.out.Write([]byte(whyText(w, way, inst, events, time.Now())))
	return err
}

func explain(w workspace.Workspace, way *routeRecord, events []workspace.Event) explanation {
	e := explanation{record: newRecord(w), Route: way, Evidence: []evidence{}, Events: []event{}}
	for _, x := range w.Status.Evidence {
		e.Evidence = append(e.Evidence, evidence{x.Object, x.Says, moment(x.Since), x.Command})
	}
	for _, x := range events {
		e.Events = append(e.Events, event{moment(x.Time), x.Type, x.Reason, x.Object, x.Message, x.Count})
	}
	return e
}

// whyText is the form for people.
func whyText(w workspace.Workspace, way *routeRecord, inst workspace.Installation, events []workspace.Event, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is %s (%s", w.Name, strings.ToLower(string(w.Status.Phase)), w.Status.Reason)
	if since := age(w.Status.Since, now); since != "" {
		fmt.Fprintf(&b, ", for %s", since)
	}
	fmt.Fprintf(&b, ")\n%s\n", strings.TrimSpace(w.Status.Sentence+" "+w.Reached()))
	for _, fact := range w.Facts(inst) {
		fmt.Fprintf(&b, "%s\n", fact)
	}
	b.WriteString(way.text())
	if len(w.Status.Evidence) > 0 {
		b.WriteString("\nevidence\n")
	}
	for _, e := range w.Status.Evidence {
		fmt.Fprintf(&b, "  %s: %s\n", e.Object, strings.ReplaceAll(e.Says, "\n", "\n    "))
		if e.Command != "" {
			fmt.Fprintf(&b, "    %s\n", e.Command)
		}
	}
	if len(w.Status.Next) > 0 {
		b.WriteString("\nnext\n")
	}
	for _, n := range w.Status.Next {
		fmt.Fprintf(&b, "  %s\n", n.Text)
		if n.Command != "" {
			fmt.Fprintf(&b, "    %s\n", n.Command)
		}
	}
	if len(events) > 0 {
		b.WriteString("\nevents, newest first\n")
	}
	for _, e := range events[:min(len(events), whyEvents)] {
		fmt.Fprintf(&b, "  %4s  %-7s %s %s: %s\n", age(e.Time, now), e.Type, e.Object, e.Reason, e.Message)
	}
	return b.String()
}
