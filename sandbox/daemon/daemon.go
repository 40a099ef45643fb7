// Package daemon is the supervisor of the sandbox: the one process that owns
// all others.
//
// # What it owns
//
// The control plane's processes, and within itself the node and the gateway.
// Nothing it started outlives it: it stops everything in order when its
// context ends, the kernel kills its children when it is killed, and where the
// kernel does not, the next supervisor finds them by the process ids and start
// times that status.json holds.
//
// # One at a time
//
// A supervisor holds a file lock on the state folder for as long as it lives,
// so there are never two for one folder.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/berth-sh/berth/sandbox/bootstrap"
	"github.com/berth-sh/berth/sandbox/controlplane"
	"github.com/berth-sh/berth/sandbox/proc"
	"github.com/berth-sh/berth/sandbox/state"
	"github.com/berth-sh/berth/workspace"
)

// Config is what a supervisor is told.
type Config struct {
	Folder      state.Folder
	APIPort     int    // 0: the one chosen before, or any
	GatewayPort int    // as above
	Executable  string // this program, for the control plane
	// PodExecutable is run with sshd and its arguments for each workspace.
	PodExecutable string
	Log           *slog.Logger
}

// Run supervises the sandbox until ctx ends, and returns when nothing of it
// runs any more. An error says why the sandbox could not be started; it is in
// the status too, for those who wait for it.
func Run(ctx context.Context, cfg Config) error {
	me, err := proc.Self()
	if err != nil {
		return err
	}
	lock, err := takeLock(ctx, cfg.Folder)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Release() }() // the kernel does it at exit anyway

	before, err := cfg.Folder.LoadStatus()
	if err != nil {
		return err
	}
	board := newBoard(cfg.Folder, me, cfg.Log)
	// The record of the children that a killed predecessor left must stay until
	// they are gone, hence first the orphans, then the first status.
	if err := endOrphans(ctx, before, cfg.Log); err != nil {
		return err
	}
	var writer sync.WaitGroup
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	writer.Go(func() { board.write(writing) })
	err = run(ctx, cfg, board)
	board.end(err)
	stop()
	writer.Wait()
	return err
}

// takeLock takes the supervisor's lock, or says who has it. It waits a moment,
// because a supervisor that ends still holds it.
func takeLock(ctx context.Context, folder state.Folder) (*state.Lock, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	lock, err := folder.LockRun(ctx)
	if !errors.Is(err, state.ErrLocked) {
		return lock, err
	}
	other, loadErr := folder.LoadStatus()
	if loadErr != nil {
		return nil, loadErr
	}
	return nil, workspace.WithHint(
		workspace.WithKind(workspace.ErrConflict, fmt.Errorf("another supervisor, process %d, runs this sandbox", other.Supervisor.PID)),
		"stop it with berth sandbox down")
}

// endOrphans ends what a predecessor that was killed has left.
func endOrphans(ctx context.Context, before state.Status, log *slog.Logger) error {
	var all sync.WaitGroup
	orphans := before.Children()
	failures := make([]error, len(orphans))
	for i, id := range orphans {
		log.Warn("ending what a killed supervisor left", "pid", id.PID)
		all.Go(func() { failures[i] = id.End(ctx, 5*time.Second) })
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("ending what a killed supervisor left: %w", err)
	}
	return nil
}

// run starts everything, waits for the end, and stops everything.
func run(ctx context.Context, cfg Config, board *board) error {
	ports, err := choosePorts(ctx, cfg)
	if err != nil {
		return err
	}
	board.begin(ports.Settings)
	creds, err := controlplane.Issue(cfg.Folder.Path("pki"), cfg.Folder.Kubeconfig(),
		state.Context, state.Namespace, state.Address(ports.APIPort), time.Now())
	if err != nil {
		return err
	}
	board.step("credentials")
	plane, err := newPlane(cfg, creds, ports, board)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(creds.Admin())
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	local := newLocal(cfg, creds, ports, board)
	board.watch(plane.Status, local.status)

	// Two lives: the plane's ends after that of what needs it.
	planeCtx, stopPlane := context.WithCancel(context.WithoutCancel(ctx))
	var planeDone sync.WaitGroup
	planeDone.Go(func() { plane.Run(planeCtx) })
	defer func() {
		stopPlane()
		planeDone.Wait()
	}()
	raise(ctx, plane, client, local)
	return nil
}

func newPlane(cfg Config, creds *controlplane.Credentials, p ports, board *board) (*controlplane.Plane, error) {
	components, err := creds.Components(cfg.Folder.Path("etcd"), controlplane.Ports{
		API: p.APIPort, Etcd: p.etcd, Manager: p.manager, Scheduler: p.scheduler,
	})
	if err != nil {
		return nil, err
	}
	return controlplane.New(controlplane.Config{
		Components: components,
		Executable: cfg.Executable,
		Env:        componentEnv(),
		Dir:        cfg.Folder.Path(),
		LogDir:     cfg.Folder.Path("logs"),
		Changed:    board.changed,
		Log:        cfg.Log,
	}), nil
}

// raise brings the sandbox up on a control plane that is being started, and
// keeps the node and the gateway running until ctx ends.
func raise(ctx context.Context, plane *controlplane.Plane, client kubernetes.Interface, local *local) {
	for _, name := range []string{controlplane.Etcd, controlplane.APIServer} {
		if !wait(ctx, plane.Worked(name)) {
			return
		}
		local.board.step(name)
	}
	applied := retry(ctx, local.board, func() error {
		return bootstrap.Apply(ctx, client, bootstrap.Config{
			Namespace: state.Namespace,
			Gateway:   state.Address(local.ports.GatewayPort),
			Domain:    state.Domain,
		})
	})
	if !applied {
		return
	}
	local.board.step("objects")
	ctx, cancel := context.WithCancel(ctx)
	var owned sync.WaitGroup
	defer owned.Wait()
	defer cancel()
	owned.Go(func() { local.run(ctx) })
	settle(ctx, plane, client, local)
	<-ctx.Done()
}

// settle waits for the rest, and says that the sandbox is up.
func settle(ctx context.Context, plane *controlplane.Plane, client kubernetes.Interface, local *local) {
	steps := []struct {
		name string
		done func() bool
	}{
		{controlplane.ControllerManager, func() bool { return wait(ctx, plane.Worked(controlplane.ControllerManager)) }},
		{controlplane.Scheduler, func() bool { return wait(ctx, plane.Worked(controlplane.Scheduler)) }},
		{nodePart, func() bool {
			return wait(ctx, local.node.worked) &&
				retry(ctx, local.board, func() error { return nodeReady(ctx, client) })
		}},
		{gatewayPart, func() bool { return wait(ctx, local.gateway.worked) }},
		{"service account", func() bool {
			return retry(ctx, local.board, func() error { return accountReady(ctx, client) })
		}},
	}
	for _, step := range steps {
		if !step.done() {
			return
		}
		local.board.step(step.name)
	}
	local.board.up()
}

// wait waits for c; false when ctx ended first.
func wait(ctx context.Context, c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	case <-ctx.Done():
		return false
	}
}

// retry calls f until it succeeds; false when ctx ended first.
func retry(ctx context.Context, board *board, f func() error) bool {
	for {
		err := f()
		if err == nil {
			return true
		}
		board.waiting(err)
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return false
		}
	}
}

// componentEnv is what the control plane's programs see of the environment:
// little, so that nothing in it changes what they do.
func componentEnv() []string {
	env := []string{"GOGC=50"} // a fifth less memory for a few percent of time
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ", "LANG"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
