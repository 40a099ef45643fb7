package cli

// What a create that failed half way leaves can be continued by the same
// command, or undone. Undo is offered by the run that has failed, because it
// knows what it has made; later nobody can tell a home that nobody has used
// from one whose Deployment somebody has removed.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// undoLimit bounds an undo that follows an interrupt.
const undoLimit = 30 * time.Second

// unfinished is a create that failed after it had written something.
type unfinished struct {
	err  error
	undo func(context.Context, tell) error
}

// Error is the cause of the failure.
func (u *unfinished) Error() string { return u.err.Error() }

// Unwrap returns the cause.
func (u *unfinished) Unwrap() error { return u.err }

// Undo removes what the create has made. An error names what stays.
func (u *unfinished) Undo(ctx context.Context, t tell) error { return u.undo(ctx, t) }

// unfinishedCreate makes the error of a create that failed: one to undo, unless
// it has written nothing.
func (c *cluster) unfinishedCreate(ref workspace.Ref, inst workspace.Installation, created kube.Created, err error) error {
	var step *kube.StepError
	if !errors.As(err, &step) || errors.Is(err, workspace.ErrConflict) && !errors.Is(err, kube.ErrNoPort) || created.Operation == "" {
		return err
	}
	err = workspace.WithHint(err, "the same command continues where it stopped")
	return &unfinished{err, func(ctx context.Context, t tell) error {
		kept, err := c.client.Undo(ctx, ref, created.Operation, inst, t)
		if err == nil && len(kept) > 0 {
			err = errors.New("it may not be deleted, or is in use")
		}
		if err != nil && len(kept) > 0 {
			err = fmt.Errorf("%s stays: %w", strings.Join(kept, " and "), err)
		}
		return err
	}}
}

// onFailure is what `berth create` does about what it has made when it fails.
type onFailure string

// The answers; ask keeps where there is no terminal.
const (
	failAsk  onFailure = "ask"
	failKeep onFailure = "keep"
	failUndo onFailure = "undo"
)

// String, Set and Type implement pflag.Value.
func (f *onFailure) String() string { return string(*f) }

// Set refuses what is not one of the answers.
func (f *onFailure) Set(text string) error {
	switch v := onFailure(text); v {
	case failAsk, failKeep, failUndo:
		*f = v
		return nil
	}
	return errors.New("must be ask, keep or undo")
}

// Type names the argument in the help.
func (f *onFailure) Type() string { return "answer" }

// cleanUp offers to undo a create that has failed, and does it. It returns the
// failure, with what became of the rest.
func (a *app) cleanUp(ctx context.Context, err error, how onFailure) error {
	var u *unfinished
	if !errors.As(err, &u) || how == failKeep {
		return err
	}
	interrupted := ctx.Err() != nil
	if how == failAsk {
		if interrupted || !a.interactive() {
			return workspace.WithHint(err, "or have it undone: --on-failure undo")
		}
		fmt.Fprintf(a.err, "berth: %s\n", workspace.SafeText(err.Error()))
		answer, askErr := a.ask(ctx, "Undo what was made? [y/N] ")
		if askErr != nil || !strings.HasPrefix(strings.ToLower(answer), "y") {
			return err
		}
	}
	// Whoever interrupts a create that cleans up behind itself wants that done.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoLimit)
	defer cancel()
	if undoErr := u.Undo(ctx, a.progress("")); undoErr != nil {
		return errors.Join(u.err, fmt.Errorf("undoing: %w", undoErr))
	}
	return fmt.Errorf("%w (what was made has been removed)", withoutHint(u.err))
}

// withoutHint is an error whose hint no longer holds.
func withoutHint(err error) error {
	var step *kube.StepError
	if errors.As(err, &step) {
		return step
	}
	return err
}
