package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// logOptions are the flags of `berth logs`; they are kubectl's.
type logOptions struct {
	follow, previous, stamps bool

	container string
	tail      int
	since     time.Duration
}

func newLogs(a *app) *cobra.Command {
	var o logOptions
	cmd := &cobra.Command{
		Use:               "logs NAME",
		Short:             "Print what a workspace's container logged",
		Example:           "  berth logs api -f --since 10m\n  berth logs api --previous --tail 50",
		Args:              exactly(1, "the workspace's name"),
		ValidArgsFunction: a.completeWorkspaces(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runLogs(cmd.Context(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with new lines, until interrupted")
	f.BoolVarP(&o.previous, "previous", "p", false, "of the container's run before this one")
	f.BoolVarP(&o.stamps, "timestamps", "t", false, "begin each line with its time")
	f.StringVarP(&o.container, "container", "c", "", "`name` of another container of the pod")
	f.IntVar(&o.tail, "tail", 0, "at most this many of the last `lines`; 0 is all")
	f.Var(patience{&o.since}, "since", "only lines of the last `duration`, such as 10m")
	return cmd
}

func (a *app) runLogs(ctx context.Context, name string, o logOptions) error {
	switch {
	case o.tail < 0:
		return workspace.Usagef("--tail %d is no number of lines", o.tail)
	case o.follow && o.previous:
		return workspace.Usagef("--follow and --previous: a run that is over has nothing to follow")
	}
	w, err := a.findOne(ctx, name)
	if err != nil {
		return err
	}
	c, err := a.cluster()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	options := kube.LogOptions{Container: o.container, Follow: o.follow, Previous: o.previous, Tail: o.tail, Lost: a.tellLost()}
	if o.since > 0 {
		options.Since = time.Now().Add(c.client.Skew() - o.since)
	}
	err = c.logs(ctx, w, options, func(line workspace.LogLine) {
		text := line.Text
		if o.stamps && !line.Time.IsZero() {
			text = line.Time.UTC().Format(time.RFC3339) + " " + text
		}
		if _, err := fmt.Fprintln(a.out, text); err != nil {
			cancel(err) // nobody reads any more
		}
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return a.hintLogs(err, w, o)
}

// tellLost says once that a followed log has stopped, and that it goes on.
func (a *app) tellLost() func(error) {
	told := false
	return func(err error) {
		switch {
		case err == nil:
			told = false
			fmt.Fprintln(a.err, "berth: the log goes on")
		case !told:
			told = true
			fmt.Fprintf(a.err, "berth: the log has stopped: %v; trying again\n", err)
		}
	}
}

// hintLogs adds what to do about a log that cannot be had.
func (a *app) hintLogs(err error, w workspace.Workspace, o logOptions) error {
	switch {
	case err == nil, errors.Is(err, workspace.ErrUnreachable), workspace.HintOf(err) != "":
		return err
	case o.previous && strings.Contains(err.Error(), "previous terminated container"):
		return workspace.WithHint(err, "the container has run only once; without --previous: berth logs "+w.Name)
	}
	return workspace.WithHint(err, "see what it waits for: berth why "+w.Name)
}
