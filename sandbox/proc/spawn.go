package proc

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
)

// Spawner starts processes that do not outlive this one.
//
// On Linux the kernel kills them when the thread that started them ends, so
// they are all started from one thread that lives as long as Run. Elsewhere
// nothing does that, and whoever starts next ends what a killed predecessor
// left behind, by the IDs that it recorded.
type Spawner struct {
	requests chan request
	stopped  chan struct{}
}

type request struct {
	cmd    *exec.Cmd
	result chan error
}

// NewSpawner returns a Spawner that waits for Run.
func NewSpawner() *Spawner {
	return &Spawner{requests: make(chan request), stopped: make(chan struct{})}
}

// Run starts what Start asks for. It must outlive every process it started:
// end ctx only when they are gone.
func (s *Spawner) Run(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.stopped)
	for {
		select {
		case r := <-s.requests:
			r.result <- r.cmd.Start()
		case <-ctx.Done():
			return
		}
	}
}

// Start starts cmd in a process group of its own and identifies it.
func (s *Spawner) Start(cmd *exec.Cmd) (ID, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true // a terminal's signals are the supervisor's to pass on
	dieWithParent(cmd.SysProcAttr)
	r := request{cmd: cmd, result: make(chan error, 1)}
	select {
	case s.requests <- r:
	case <-s.stopped:
		return ID{}, fmt.Errorf("starting %s: %w", cmd.Path, context.Canceled)
	}
	if err := <-r.result; err != nil {
		return ID{}, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	id, err := Of(cmd.Process.Pid)
	if err != nil {
		// It ended at once; the caller learns how from cmd.Wait.
		return ID{PID: cmd.Process.Pid}, nil
	}
	return id, nil
}
