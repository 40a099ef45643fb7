// Package proc names processes so that a recorded one is never mistaken for
// another program that got its process id later.
//
// # Identity
//
// An [ID] is a process id together with the moment the kernel started it. Ids
// are reused, start times are not, so a signal sent through an ID reaches the
// process that was recorded or nobody.
package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// ID identifies one process for good. The zero ID is no process.
type ID struct {
	PID   int    `json:"pid"`
	Start string `json:"start"` // opaque: the kernel's idea of the start time
}

// ErrGone says that no such process runs (any more).
var ErrGone = errors.New("no such process")

// Of identifies the running process pid; ErrGone when there is none.
func Of(pid int) (ID, error) {
	if pid <= 0 {
		return ID{}, ErrGone
	}
	start, err := startOf(pid)
	if err != nil {
		return ID{}, err
	}
	return ID{PID: pid, Start: start}, nil
}

// Alive reports whether the process still runs; a zombie does not.
func (id ID) Alive() bool {
	if id.PID <= 0 || id.Start == "" {
		return false
	}
	now, err := Of(id.PID)
	return err == nil && now == id
}

// RSS is the process's resident memory in bytes, 0 when it is gone.
func (id ID) RSS() int64 {
	if !id.Alive() {
		return 0
	}
	return rssOf(id.PID)
}

// Signal sends sig if the process still is the one recorded, else it returns
// ErrGone.
func (id ID) Signal(sig syscall.Signal) error {
	if !id.Alive() {
		return ErrGone
	}
	if err := syscall.Kill(id.PID, sig); err != nil {
		if errors.Is(err, syscall.ESRCH) {
			return ErrGone
		}
		return fmt.Errorf("sending %v to process %d: %w", sig, id.PID, err)
	}
	return nil
}

// Wait returns nil once the process is gone, or ctx's error.
func (id ID) Wait(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for id.Alive() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// End asks the process to end with SIGTERM, gives it grace, then kills it. It
// returns once the process is gone, or with the reason why it is not.
func (id ID) End(ctx context.Context, grace time.Duration) error {
	if err := id.Signal(syscall.SIGTERM); errors.Is(err, ErrGone) {
		return nil
	} else if err != nil {
		return err
	}
	asked, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if id.Wait(asked) == nil {
		return nil
	}
	return id.Kill(ctx)
}

// Kill ends the process at once and waits until it is gone.
func (id ID) Kill(ctx context.Context) error {
	if err := id.Signal(syscall.SIGKILL); errors.Is(err, ErrGone) {
		return nil
	} else if err != nil {
		return err
	}
	killed, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := id.Wait(killed); err != nil {
		return fmt.Errorf("process %d does not end: %w", id.PID, err)
	}
	return nil
}

// Self identifies this process.
func Self() (ID, error) { return Of(os.Getpid()) }
