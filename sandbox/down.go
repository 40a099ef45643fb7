package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/sandbox/proc"
	"github.com/berth-sh/berth/sandbox/state"
	"github.com/berth-sh/berth/workspace"
)

// downGrace is how long the supervisor may take to stop everything in order.
const downGrace = 40 * time.Second

func newDown(s streams) *cobra.Command {
	var purge bool
	cmd := &cobra.Command{Use: "down", Short: "stop the sandbox; its data stays", Args: noArgs}
	folder := folderFlag(cmd)
	cmd.Flags().BoolVar(&purge, "purge", false, "remove its data too, homes of workspaces included")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f, err := folder()
		if err != nil {
			return err
		}
		text, err := down(cmd.Context(), f, purge)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.out, text)
		return err
	}
	return cmd
}

// down stops what runs, verifies that it is gone, and says what it did.
func down(ctx context.Context, f state.Folder, purge bool) (string, error) {
	if !f.Exists() {
		return "the sandbox is not up", nil
	}
	lock, err := f.LockUp(ctx)
	if err != nil {
		return "", workspace.WithHint(fmt.Errorf("waiting for another up or down: %w", err), "end that one first")
	}
	defer func() { _ = lock.Release() }() // the kernel does it at exit anyway
	status, err := f.LoadStatus()
	if err != nil {
		return "", err
	}
	text := "the sandbox is not up"
	if status.Phase != state.Stopped || len(status.Children()) > 0 {
		if err := stopAll(ctx, f, status); err != nil {
			return "", err
		}
		text = "the sandbox is down"
	}
	if !purge {
		return text + "; its data is in " + f.Path(), nil
	}
	if err := f.Purge(); err != nil {
		return "", err
	}
	return text + "; its data is removed", nil
}

// stopAll asks the supervisor to stop everything, and ends by force what is
// left when it does not manage, or when there is no supervisor any more.
func stopAll(ctx context.Context, f state.Folder, status state.Status) error {
	if err := askToStop(ctx, status.Supervisor); err != nil {
		return err
	}
	if err := status.Supervisor.Kill(ctx); err != nil {
		return fmt.Errorf("stopping the supervisor: %w", err)
	}
	// It may have started processes since the status was read.
	last, err := f.LoadStatus()
	if err != nil {
		return err
	}
	left := append(status.Children(), last.Children()...)
	failures := make([]error, len(left))
	var all sync.WaitGroup
	for i, id := range left {
		all.Go(func() { failures[i] = id.End(ctx, 5*time.Second) })
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("stopping the sandbox: %w", err)
	}
	return nil
}

func askToStop(ctx context.Context, supervisor proc.ID) error {
	if err := supervisor.Signal(syscall.SIGTERM); errors.Is(err, proc.ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("stopping the supervisor: %w", err)
	}
	waiting, cancel := context.WithTimeout(ctx, downGrace)
	defer cancel()
	if err := supervisor.Wait(waiting); err != nil && ctx.Err() != nil {
		return fmt.Errorf("waiting for the supervisor to stop: %w", err)
	}
	return nil
}
