package controlplane

import (
	"context"
	"log/slog"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/berth-sh/berth/sandbox/proc"
	"github.com/berth-sh/berth/sandbox/state"
)

const (
	// stable is how long a component must have run for its end to count as an
	// accident: it is started again at once then, and with growing pauses else.
	stable = 10 * time.Second
	// grace is how long a component may take to end by itself.
	grace = 8 * time.Second
	// Probing is frequent while somebody waits for the answer.
	probeStarting = 50 * time.Millisecond
	probeRunning  = time.Second
)

// runner keeps one component running. Components form a chain of needs: one
// starts once those it needs have worked for the first time, and is stopped
// after those that need it.
type runner struct {
	Component
	plane *Plane

	needs  []*runner
	users  []*runner
	worked chan struct{} // closed when the component works for the first time
	ended  chan struct{} // closed when it is stopped for good

	mu       sync.Mutex // guards what follows
	process  proc.ID
	ready    bool
	restarts int
}

// run keeps the component running until ctx ends and its users are gone.
func (r *runner) run(ctx context.Context) {
	defer close(r.ended)
	for _, need := range r.needs {
		select {
		case <-need.worked:
		case <-ctx.Done():
			return
		}
	}
	// The component outlives ctx until its users have ended.
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var owned sync.WaitGroup
	owned.Go(func() { r.probe(inner) })
	owned.Go(func() { r.keep(inner) })
	<-ctx.Done()
	for _, user := range r.users {
		<-user.ended
	}
	stop()
	owned.Wait()
}

// keep starts the component again and again until ctx ends.
func (r *runner) keep(ctx context.Context) {
	pause := &backoff.ExponentialBackOff{
		InitialInterval: 250 * time.Millisecond, Multiplier: 2, RandomizationFactor: 0.2, MaxInterval: 10 * time.Second,
	}
	pause.Reset()
	for {
		started := time.Now()
		err := r.once(ctx)
		if ctx.Err() != nil {
			return
		}
		lasted := time.Since(started)
		r.plane.log.Error("component ended", "component", r.Name, "after", lasted.Round(time.Millisecond), "error", err)
		var wait time.Duration
		if lasted >= stable {
			pause.Reset()
		} else {
			wait = pause.NextBackOff()
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		r.mu.Lock()
		r.restarts++
		r.mu.Unlock()
	}
}

// once runs the component until it ends; when ctx ends, it is asked to.
func (r *runner) once(ctx context.Context) error {
	log, err := OpenCapLog(filepath.Join(r.plane.LogDir, r.Name+".log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // writes were not buffered
	args := append([]string{"component", r.Name}, r.Args...)
	// Not CommandContext: the end is negotiated below.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), r.plane.Executable, args...)
	cmd.Dir, cmd.Env = r.plane.Dir, r.plane.Env
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = time.Second
	process, err := r.plane.spawner.Start(cmd)
	if err != nil {
		return err
	}
	r.set(process, false)
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	select {
	case err = <-exited:
	case <-ctx.Done():
		if end := process.End(context.WithoutCancel(ctx), grace); end != nil {
			r.plane.log.Error("stopping component", "component", r.Name, "error", end)
		}
		err = <-exited
	}
	r.set(proc.ID{}, false)
	return err
}

// probe keeps ready up to date until ctx ends.
func (r *runner) probe(ctx context.Context) {
	var once sync.Once
	for {
		process := r.status().Process
		ok := process.PID != 0 && r.Healthy(ctx) == nil
		if ok {
			once.Do(func() { close(r.worked) })
		}
		r.setReady(process, ok)
		wait := probeStarting
		if ok {
			wait = probeRunning
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

func (r *runner) set(process proc.ID, ready bool) {
	r.mu.Lock()
	r.process, r.ready = process, ready
	r.mu.Unlock()
	r.plane.Changed()
}

// setReady records a probe's result unless the process it is about ended
// meanwhile.
func (r *runner) setReady(process proc.ID, ready bool) {
	r.mu.Lock()
	changed := r.process == process && r.ready != ready
	if changed {
		r.ready = ready
	}
	r.mu.Unlock()
	if changed {
		r.plane.log.Log(context.Background(), slog.LevelInfo, "component", "component", r.Name, "ready", ready)
		r.plane.Changed()
	}
}

func (r *runner) status() state.Component {
	r.mu.Lock()
	defer r.mu.Unlock()
	return state.Component{Name: r.Name, Process: r.process, Ready: r.ready, Restarts: r.restarts}
}
