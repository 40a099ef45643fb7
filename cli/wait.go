package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// settle is how long a workspace may look failed before waiting for it gives
// up: the first look after a change often still shows what was before it.
const settle = 3 * time.Second

// waitTimeout is how long --wait waits by default: an image of several
// gigabytes on a slow line.
const waitTimeout = 5 * time.Minute

// timedOut is the cause of a wait's end.
func timedOut(d time.Duration) error {
	return workspace.WithKind(workspace.ErrUnreachable, fmt.Errorf("not done after %s", d))
}

// await follows one workspace until done says so. done sees ok false for a
// workspace that is not there; an error from it ends the wait.
func (a *app) await(ctx context.Context, ref workspace.Ref, timeout time.Duration, done func(w workspace.Workspace, ok bool) (bool, error)) error {
	c, err := a.cluster()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, timedOut(timeout))
	defer cancel()
	list, stop, err := c.watch(ctx, ref.Namespace, a)
	if err != nil {
		return err
	}
	defer stop()
	last := ""
	for {
		if snapshot, _ := list.Snapshot(); snapshot.Synced {
			w, ok := pick(snapshot, ref)
			last = w.Status.Sentence
			if finished, err := done(w, ok); finished || err != nil {
				return err
			}
		}
		select {
		case <-list.Changed():
		case <-ctx.Done():
			return waitError(ref, last, context.Cause(ctx))
		}
	}
}

// waitError says what a wait was still waiting for.
func waitError(ref workspace.Ref, last string, cause error) error {
	var interrupt *interruptError
	if errors.As(cause, &interrupt) {
		return cause
	}
	err := fmt.Errorf("waiting for %s: %w", ref, cause)
	if last == "" {
		return workspace.WithHint(err, "berth why "+ref.Name+" -n "+ref.Namespace)
	}
	return workspace.WithHint(err, last)
}

// goOn tells whoever has interrupted a wait that it undoes nothing, and how to
// wait again. It names no verb that would act twice: start does nothing to what
// has started. Other errors pass.
func goOn(ctx context.Context, err error, ref workspace.Ref, phase workspace.Phase) error {
	var interrupt *interruptError
	if err == nil || !errors.As(context.Cause(ctx), &interrupt) {
		return err
	}
	where := ref.Name + " -n " + ref.Namespace
	err = workspace.WithHint(interrupt, "only the waiting has ended, "+ref.Name+" goes on; how far it is: berth why "+where)
	switch phase {
	case workspace.Running:
		return workspace.WithHint(err, "wait again with: berth start "+where+" --wait")
	case workspace.Stopped:
		return workspace.WithHint(err, "wait again with: berth stop "+where+" --wait")
	case workspace.Starting, workspace.Stopping, workspace.Failing, workspace.Unreachable, workspace.Deleted:
	}
	return err
}

// awaitPhase waits until the workspace is in phase, and fails early where it
// stays failed. What pod before shows does not count; "" is no pod.
func (a *app) awaitPhase(ctx context.Context, ref workspace.Ref, phase workspace.Phase, before string, timeout time.Duration) error {
	var failing time.Time
	return a.await(ctx, ref, timeout, func(w workspace.Workspace, ok bool) (bool, error) {
		switch {
		case !ok:
			return false, nil
		case w.Status.Phase == phase && (before == "" || w.Pod != before):
			return true, nil
		case w.Status.Phase != workspace.Failing:
			failing = time.Time{}
		case failing.IsZero():
			failing = time.Now()
		}
		// A status that fails and stays is seen again at the cluster's next
		// event, such as the next attempt.
		if !failing.IsZero() && time.Since(failing) > settle {
			return false, failed(w)
		}
		return false, nil
	})
}

// failed is the error of a workspace that does not come up.
func failed(w workspace.Workspace) error {
	err := fmt.Errorf("workspace %s fails: %s", w.Ref, w.Status.Sentence)
	for _, next := range w.Status.Next {
		hint := next.Text
		if next.Command != "" {
			hint += ": " + next.Command
		}
		err = workspace.WithHint(err, hint)
	}
	return err
}
