package cli

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// whyEvents is how many events are shown to people.
const whyEvents = 10

// explanation is the JSON form of `berth why`.
type explanation struct {
	record
	Route    *routeRecord `json:"route,omitempty"` // absent for a deleted workspace
	Evidence []evidence   `json:"evidence"`
	Start    []stage      `json:"start,omitempty"` // of the newest pod
	Events   []event      `json:"events"`
}

type evidence struct {
	Object  string     `json:"object"`
	Field   string     `json:"field,omitempty"`
	Says    string     `json:"says"`
	Since   *time.Time `json:"since,omitempty"`
	Count   int        `json:"count,omitempty"`
	Command string     `json:"command,omitempty"`
}

// stage is one step of a start. Seconds are absent where they are not known.
type stage struct {
	Name    string     `json:"name"`
	State   string     `json:"state"`
	Detail  string     `json:"detail,omitempty"`
	At      *time.Time `json:"at,omitempty"`
	Seconds *float64   `json:"seconds,omitempty"`
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
// they may not be read, the rest still helps.
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
	account, partial := c.account(ctx, list, w)
	reading.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if missing = cmp.Or(missing, partial); missing != nil {
		fmt.Fprintf(a.err, "berth: evidence is missing: %v\n", missing)
	}
	w.Status = account.Status
	if f != formatTable {
		return printValue(a.out, explain(w, way, account, events), f)
	}
	_, err = a.out.Write([]byte(whyText(w, way, inst, account, events, time.Now())))
	return err
}

// account is the closer look at a workspace of a list. Where the list has lost
// it, what is known of it is all there is.
func (c *cluster) account(ctx context.Context, list *kube.Watcher, w workspace.Workspace) (workspace.Account, error) {
	o, ok := list.Observed(w.Ref)
	if !ok {
		return workspace.Account{Status: w.Status}, nil
	}
	return c.client.Account(ctx, o)
}

func explain(w workspace.Workspace, way *routeRecord, account workspace.Account, events []workspace.Event) explanation {
	e := explanation{record: newRecord(w), Route: way, Evidence: []evidence{}, Events: []event{}}
	for _, x := range account.Status.Evidence {
		e.Evidence = append(e.Evidence, evidence{x.Object, x.Field, x.Says, moment(x.Since), x.Count, x.Command})
	}
	for _, x := range account.Start {
		s := stage{Name: x.Name, State: string(x.State), Detail: x.Detail, At: moment(x.At)}
		if took, ok := x.Took(account.At); ok {
			seconds := math.Round(took.Seconds()*10) / 10
			s.Seconds = &seconds
		}
		e.Start = append(e.Start, s)
	}
	for _, x := range events {
		e.Events = append(e.Events, event{moment(x.Time), x.Type, x.Reason, x.Object, x.Message, x.Count})
	}
	return e
}

// whyText is the form for people.
func whyText(w workspace.Workspace, way *routeRecord, inst workspace.Installation, account workspace.Account, events []workspace.Event, now time.Time) string {
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
	writeStart(&b, account)
	writeEvidence(&b, account, now)
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

// writeEvidence writes what says so, and where it says it.
func writeEvidence(b *strings.Builder, account workspace.Account, now time.Time) {
	if len(account.Status.Evidence)+len(account.Missing) > 0 {
		b.WriteString("\nevidence\n")
	}
	for _, e := range account.Status.Evidence {
		fmt.Fprintf(b, "  %s: %s\n", e.Object, strings.ReplaceAll(e.Says, "\n", "\n    "))
		if where := e.Where(age(e.Since, now)); where != "" {
			fmt.Fprintf(b, "    (%s)\n", where)
		}
		if e.Command != "" {
			fmt.Fprintf(b, "    %s\n", e.Command)
		}
	}
	for _, m := range account.Missing {
		fmt.Fprintf(b, "  no permission to %s\n", m)
	}
}

// writeStart writes how the start went, or goes.
func writeStart(b *strings.Builder, account workspace.Account) {
	if len(account.Start) == 0 {
		return
	}
	b.WriteString("\nstart")
	if took, ok := workspace.StartTook(account.Start); ok {
		fmt.Fprintf(b, ", %s in all", seconds(took))
	}
	b.WriteString("\n")
	for _, s := range account.Start {
		took := "–"
		if d, ok := s.Took(account.At); ok {
			took = seconds(d)
		}
		mark := map[workspace.StageState]string{workspace.StageRunning: "…", workspace.StageFailed: "✕"}[s.State]
		line := fmt.Sprintf("  %-17s %6s %-1s %s", s.Name, took, mark, s.Detail)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// seconds writes a duration to the second.
func seconds(d time.Duration) string { return d.Truncate(time.Second).String() }
