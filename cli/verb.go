package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
)

// verb is a command that does one thing to each of several workspaces.
type verb struct {
	name, short, long string
	newPod            bool            // --wait waits for another pod than the present one
	deleted           bool            // works on deleted workspaces
	phase             workspace.Phase // what --wait waits for; "" for none
	done              string          // "stopped": past tense for the report

	// question is asked beforehand; "" for a verb that needs none.
	question func(list []workspace.Workspace) string
	// typed asks for each name to be typed.
	typed bool
	do    func(*cluster, context.Context, workspace.Workspace, tell) error
	// again may try in another way after do has failed; nil gives up.
	again func(ctx context.Context, c *cluster, w workspace.Workspace, o verbOptions, err error) error
	// after runs at the end for each workspace; nil for nothing.
	after func(context.Context, workspace.Workspace) error
}

// verbOptions are the arguments of a verb.
type verbOptions struct {
	names   []string
	wait    bool
	timeout time.Duration
	yes     bool
}

func newVerb(a *app, v verb) *cobra.Command {
	return newVerbCommand(a, v, func(ctx context.Context, o verbOptions) error { return a.runVerb(ctx, v, o) })
}

func newVerbCommand(a *app, v verb, runF func(context.Context, verbOptions) error) *cobra.Command {
	var o verbOptions
	cmd := &cobra.Command{
		Use:               v.name + " NAME...",
		Short:             v.short,
		Long:              v.long,
		Args:              atLeast(1, "the workspace's name"),
		ValidArgsFunction: a.completeWorkspaces(v.deleted),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			return runF(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.yes, "yes", false, "answer every question with yes")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "wait until it is "+v.done)
	o.timeout = waitTimeout
	cmd.Flags().Var(patience{&o.timeout}, "timeout", "how long --wait waits")
	return cmd
}

// runVerb does v to each workspace. One that fails does not keep the others
// from it; the first failure decides the exit code.
func (a *app) runVerb(ctx context.Context, v verb, o verbOptions) error {
	if err := a.writable(); err != nil {
		return err
	}
	list, err := a.find(ctx, o.names)
	if err != nil {
		return err
	}
	if err := a.askVerb(ctx, v, list, o.yes); err != nil {
		return err
	}
	c, err := a.cluster()
	if err != nil {
		return err
	}
	var errs []error
	for i, w := range list {
		if err := a.doVerb(ctx, c, v, w, o); err != nil {
			errs = append(errs, err)
			if ctx.Err() != nil {
				errs = append(errs, untouched(v, list[i+1:]))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// untouched names the workspaces that an interrupted verb has not come to; nil
// where there are none.
func untouched(v verb, rest []workspace.Workspace) error {
	if len(rest) == 0 {
		return nil
	}
	return workspace.WithHint(fmt.Errorf("not %s: %s", v.done, namesOf(rest)), "not "+v.done+": "+namesOf(rest))
}

// askVerb asks what the verb wants to be sure of.
func (a *app) askVerb(ctx context.Context, v verb, list []workspace.Workspace, yes bool) error {
	if v.question == nil {
		return nil
	}
	if !v.typed {
		return a.confirm(ctx, v.question(list), yes)
	}
	for _, w := range list {
		if err := a.confirmName(ctx, v.question([]workspace.Workspace{w}), w.Name, yes); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) doVerb(ctx context.Context, c *cluster, v verb, w workspace.Workspace, o verbOptions) error {
	err := v.do(c, ctx, w, a.progress(w.Name+": "))
	if err != nil && v.again != nil {
		err = v.again(ctx, c, w, o, err)
	}
	if err != nil {
		return err
	}
	if o.wait {
		if err := a.awaitVerb(ctx, v, w, o.timeout); err != nil {
			return goOn(ctx, err, w.Ref, v.phase)
		}
	}
	fmt.Fprintf(a.err, "%s %s\n", w.Name, v.done)
	if v.after == nil {
		return nil
	}
	return v.after(ctx, w)
}

// awaitVerb waits for what the verb leads to.
func (a *app) awaitVerb(ctx context.Context, v verb, w workspace.Workspace, timeout time.Duration) error {
	switch v.phase {
	case workspace.Running:
		before := ""
		if v.newPod {
			before = w.Pod
		}
		return a.awaitSSH(ctx, w.Ref, before, timeout)
	case "":
		return a.await(ctx, w.Ref, timeout, func(_ workspace.Workspace, ok bool) (bool, error) { return !ok, nil })
	default:
		return a.awaitPhase(ctx, w.Ref, v.phase, "", timeout)
	}
}

// namesOf lists names for a question.
func namesOf(list []workspace.Workspace) string {
	names := make([]string, len(list))
	for i, w := range list {
		names[i] = w.Name
	}
	return joinWords(names)
}
