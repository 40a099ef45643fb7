package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/sandbox/proc"
	"github.com/berth-sh/berth/sandbox/state"
	"github.com/berth-sh/berth/workspace"
)

// upTimeout is how long a start may take: ten times what it takes on a small
// machine, since the first start after a build reads the program from disk.
const upTimeout = 2 * time.Minute

// watchPoll is how often the status is read while waiting.
const watchPoll = 40 * time.Millisecond

// upOptions are the flags of up.
type upOptions struct {
	streams
	folder       state.Folder
	api, gateway port
	format       output
}

func newUp(s streams) *cobra.Command {
	o := upOptions{streams: s}
	cmd := &cobra.Command{Use: "up", Short: "start the sandbox, or say that it runs", Args: noArgs}
	folder, format := folderFlag(cmd), outputFlag(cmd)
	cmd.Flags().Var(&o.api, "api-port", "port of the API server; kept (default: a free one, chosen once)")
	cmd.Flags().Var(&o.gateway, "gateway-port", "port of the gateway; kept (default: a free one, chosen once)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f, err := folder()
		if err != nil {
			return err
		}
		o.folder, o.format = f, *format
		return o.run(cmd.Context())
	}
	return cmd
}

// run starts the sandbox unless it runs, and waits until it is ready. Of
// several at the same time one starts it, and all wait.
func (o upOptions) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, upTimeout)
	defer cancel()
	if err := o.folder.Prepare(); err != nil {
		return err
	}
	supervisor, started, err := o.ensure(ctx)
	if err != nil {
		return err
	}
	status, err := o.follow(ctx, supervisor)
	if err != nil {
		return err
	}
	if err := o.checkPorts(status); err != nil {
		return err
	}
	return o.tell(newReport(o.folder, status), started)
}

// ensure returns the supervisor, which it starts when there is none.
func (o upOptions) ensure(ctx context.Context) (id proc.ID, started bool, err error) {
	lock, err := o.folder.LockUp(ctx)
	if err != nil {
		return proc.ID{}, false, workspace.WithHint(fmt.Errorf("waiting for another up or down: %w", err), "end that one first")
	}
	defer func() { _ = lock.Release() }() // the kernel does it at exit anyway
	status, err := o.folder.LoadStatus()
	if err != nil {
		return proc.ID{}, false, err
	}
	if status.Phase != state.Stopped {
		return status.Supervisor, false, nil
	}
	id, err = o.spawn(ctx)
	return id, true, err
}

// spawn starts the supervisor in a session of its own and waits until its
// status is the one on disk, so that whoever holds the lock next finds it.
func (o upOptions) spawn(ctx context.Context) (proc.ID, error) {
	me, err := os.Executable()
	if err != nil {
		return proc.ID{}, fmt.Errorf("finding this program: %w", err)
	}
	// What the runtime prints when it crashes goes here, and only that.
	crash, err := os.OpenFile(o.folder.Path("logs", "supervisor.err"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return proc.ID{}, fmt.Errorf("starting the supervisor: %w", err)
	}
	defer func() { _ = crash.Close() }() // the child has its own
	args := []string{"run", "--state", o.folder.Path()}
	if o.api != 0 {
		args = append(args, "--api-port", strconv.Itoa(int(o.api)))
	}
	if o.gateway != 0 {
		args = append(args, "--gateway-port", strconv.Itoa(int(o.gateway)))
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), me, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = o.folder.Path(), crash, crash
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return proc.ID{}, fmt.Errorf("starting the supervisor: %w", err)
	}
	return o.adopt(ctx, cmd)
}

// adopt waits for the first status of the supervisor that cmd started.
func (o upOptions) adopt(ctx context.Context, cmd *exec.Cmd) (proc.ID, error) {
	exited := make(chan struct{})
	go func() { // ends with the supervisor or with this process, whichever is first
		_ = cmd.Wait() // its status says why it ended
		close(exited)
	}()
	for over := false; ; {
		status, err := o.folder.LoadStatus()
		if err != nil {
			return proc.ID{}, err
		}
		if status.Supervisor.PID == cmd.Process.Pid {
			return status.Supervisor, nil
		}
		if over {
			return proc.ID{}, o.died()
		}
		select {
		case <-time.After(watchPoll):
		case <-exited:
			over = true // what it wrote last is still to be read
		case <-ctx.Done():
			return proc.ID{}, fmt.Errorf("waiting for the supervisor: %w", ctx.Err())
		}
	}
}

// follow prints the steps of the start as they are done, until it is over.
func (o upOptions) follow(ctx context.Context, supervisor proc.ID) (state.Status, error) {
	printed := 0
	for {
		status, err := o.folder.LoadStatus()
		if err != nil {
			return status, err
		}
		if status.Supervisor != supervisor {
			return status, workspace.WithKind(workspace.ErrConflict, errors.New("the sandbox was stopped while it started"))
		}
		if status.Phase != state.Running || printed > 0 {
			for ; printed < len(status.Steps); printed++ {
				o.progress(status.Steps[printed])
			}
		}
		switch status.Phase {
		case state.Running:
			return status, nil
		case state.Stopped:
			return status, o.stopped(status)
		}
		select {
		case <-time.After(watchPoll):
		case <-ctx.Done():
			return status, o.late(ctx, status)
		}
	}
}

func (o upOptions) progress(s state.Step) {
	_, _ = fmt.Fprintf(o.err, "%6.1f s  %s\n", s.Seconds, s.Name) // progress only
}

// stopped says why the supervisor ended.
func (o upOptions) stopped(s state.Status) error {
	if s.Failure == "" {
		return o.died()
	}
	err := fmt.Errorf("starting the sandbox: %s", s.Failure)
	switch s.FailureKind {
	case "conflict":
		err = workspace.WithKind(workspace.ErrConflict, err)
	case "usage":
		err = workspace.WithKind(workspace.ErrUsage, err)
	}
	return workspace.WithHint(err, s.FailureHint)
}

// died is for a supervisor that ended without a word of its own.
func (o upOptions) died() error {
	err := errors.New("the supervisor ended unexpectedly")
	if text := head(o.folder.Path("logs", "supervisor.err")); text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return workspace.WithHint(err, "its log is "+o.folder.Path("logs", "supervisor.log"))
}

// late is for a start that takes too long, or that the user interrupted; the
// supervisor goes on trying.
func (o upOptions) late(ctx context.Context, s state.Status) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("waiting for the sandbox, which goes on starting: %w", ctx.Err())
	}
	why := s.Waiting
	for _, c := range s.Components {
		if !c.Ready {
			why = fmt.Sprintf("%s is not ready: %s", c.Name, tail(o.folder.Path("logs", c.Name+".log")))
			break
		}
	}
	err := fmt.Errorf("the sandbox is not ready after %v: %s", upTimeout, why)
	return workspace.WithHint(workspace.WithKind(workspace.ErrUnreachable, err), "the logs are in "+o.folder.Path("logs"))
}

// checkPorts refuses ports that differ from those of the sandbox that runs.
func (o upOptions) checkPorts(s state.Status) error {
	for _, p := range []struct {
		what       string
		want, have int
	}{{"API server", int(o.api), s.Ports.APIPort}, {"gateway", int(o.gateway), s.Ports.GatewayPort}} {
		if p.want != 0 && p.want != p.have {
			err := fmt.Errorf("the sandbox runs already, with the %s on port %d, not %d", p.what, p.have, p.want)
			return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, err), "stop it first: berth sandbox down")
		}
	}
	return nil
}

// tell prints what a user needs next.
func (o upOptions) tell(r report, started bool) error {
	if o.format == "json" {
		return r.write(o.out, o.format)
	}
	first := "the sandbox is up"
	if !started {
		first = "the sandbox is up already"
	}
	_, err := io.WriteString(o.out, fmt.Sprintf(`%s
kubeconfig  %s
gateway     %s
Workspaces in it run as processes of your own account and are not isolated: they can do whatever you can.
`, first, r.Kubeconfig, r.Gateway))
	return err
}
