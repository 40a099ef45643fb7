//go:build linux

package realnode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// reaper waits for every child of the first process of a PID namespace: those
// it started itself, and the orphans that the kernel gives to it. Nothing else
// may wait for children there.
type reaper struct {
	mu    sync.Mutex            // guards ended, and that a start is recorded before its end is seen
	ended map[int]chan struct{} // by process id, of what start started
}

func newReaper() *reaper { return &reaper{ended: map[int]chan struct{}{}} }

// start starts cmd; the channel is closed when it has ended.
func (r *reaper) start(cmd *exec.Cmd) (<-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	done := make(chan struct{})
	r.ended[cmd.Process.Pid] = done
	return done, nil
}

// run reaps until ctx ends.
func (r *reaper) run(ctx context.Context) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	defer signal.Stop(signals)
	for {
		r.reap()
		select {
		case <-signals:
		case <-ctx.Done():
			return
		}
	}
}

// reap collects all that have ended.
func (r *reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if done, ours := r.ended[pid]; ours {
			close(done)
			delete(r.ended, pid)
		}
	}
}
