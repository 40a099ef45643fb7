package cli

// Getting into a workspace: what must hold before a connection is tried, and
// the connection itself.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// redial is how long to wait before a workspace is tried again: hardly at
// first, because most are ready within a moment, then no more than twice a
// second, because a gateway that comes back meets everybody at once.
func redial() wait.Backoff {
	return wait.Backoff{Duration: 100 * time.Millisecond, Factor: 1.5, Steps: 20, Cap: 500 * time.Millisecond}
}

// ready makes sure that w runs. One that was stopped stays stopped unless the
// user says otherwise: whoever stopped it had a reason.
func (a *app) ready(ctx context.Context, w workspace.Workspace, start bool) (workspace.Workspace, error) {
	switch w.Status.Phase {
	case workspace.Running, workspace.Unreachable:
		return w, nil
	case workspace.Failing:
		return w, failed(w)
	case workspace.Deleted:
		return w, workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s is deleted", w.Ref)), "berth restore "+w.Name)
	case workspace.Stopped, workspace.Stopping:
		if err := a.startFirst(ctx, w, start); err != nil {
			return w, err
		}
	case workspace.Starting:
		fmt.Fprintf(a.err, "%s is starting: %s\n", w.Name, w.Status.Sentence)
	}
	if err := a.awaitSSH(ctx, w.Ref, "", waitTimeout); err != nil {
		return w, goOn(ctx, err, w.Ref, workspace.Running)
	}
	return a.findOne(ctx, w.String())
}

// startFirst starts a stopped workspace, if that is wanted.
func (a *app) startFirst(ctx context.Context, w workspace.Workspace, start bool) error {
	if !start {
		if !a.interactive() {
			return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("workspace %s is stopped", w.Ref)),
				"start it with: berth start "+w.Name+" -n "+w.Namespace+" (or add --start)")
		}
		if err := a.confirm(ctx, w.Name+" is stopped. Start it?", false); err != nil {
			return err
		}
	}
	if err := a.writable(); err != nil {
		return err
	}
	c, err := a.cluster()
	if err != nil {
		return err
	}
	return c.start(ctx, w, a.progress(""))
}

// awaitSSH waits until the workspace runs and its sshd answers through the
// transport of its alias: what the user will use. before is a pod that does not
// count, because it is on its way out; "" for none.
func (a *app) awaitSSH(ctx context.Context, ref workspace.Ref, before string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, timedOut(timeout))
	defer cancel()
	begun := time.Now()
	tell := a.progress("")
	if err := a.awaitPhase(ctx, ref, workspace.Running, before, timeout); err != nil {
		return err
	}
	tell(workspace.Progress{Step: "running", Done: true, Elapsed: time.Since(begun)})
	if err := a.awaitAddress(ctx, ref, timeout, tell); err != nil {
		return err
	}
	w, err := a.findOne(ctx, ref.String())
	if err != nil {
		return err
	}
	f, err := a.wayTo(ctx, w)
	if err != nil {
		return err
	}
	dial, straight := tunnel.ForAlias(f, a.portForward, a.tellFallback()), tunnel.ForAlias(f, nil, nil)
	from := time.Now()
	left := 1
	if f.Transport == alias.Gateway {
		left = everyGateway
	}
	for pause := redial(); ; {
		way := dial
		if f.Transport == alias.Direct && time.Since(from) < directLag {
			way = straight
		}
		err := tunnel.Probe(ctx, way)
		if err == nil {
			if left--; left > 0 {
				continue
			}
			tell(workspace.Progress{Step: "ssh answers", Done: true, Elapsed: time.Since(begun)})
			return nil
		}
		if wantsMore(err) {
			return err
		}
		select {
		case <-time.After(pause.Step()):
		case <-ctx.Done():
			return waitError(ref, err.Error(), context.Cause(ctx))
		}
	}
}

// everyGateway is how many answers a wait takes through a gateway. A gateway has
// several pods, each learns of a workspace on its own, and a new connection goes
// to any of them: one answer alone says little of the next.
const everyGateway = 3

// directLag is how long an address of a workspace's own may take to answer
// before the way round is taken: it is as new as the workspace.
const directLag = 30 * time.Second

// wantsMore reports whether a gateway has refused who asks, not what is asked
// for: to wait changes nothing, the user has to bring something.
func wantsMore(err error) bool {
	var credential *connect.CredentialError
	var refused *connect.RefusedError
	return errors.As(err, &credential) ||
		errors.As(err, &refused) && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusProxyAuthRequired)
}

// wayTo reads how the workspace is reached: from its alias, which holds the
// pinned host key, else from what the cluster says now.
func (a *app) wayTo(ctx context.Context, w workspace.Workspace) (alias.File, error) {
	dir, err := a.ssh()
	if err != nil {
		return alias.File{}, err
	}
	f, err := dir.Find(sshconf.Scope{Cluster: string(w.Cluster), Namespace: w.Namespace}, w.Name)
	if err == nil {
		return f, nil
	}
	c, err := a.cluster()
	if err != nil {
		return f, err
	}
	inst, err := c.installation(ctx)
	if err != nil {
		return f, err
	}
	p, err := a.place(workspace.Snapshot{Cluster: w.Cluster, Installation: inst, ClusterName: inst.Cluster})
	if err != nil {
		return f, err
	}
	if f, err = a.aliasFile(w, p); err == nil && f.HostKey == "" {
		err = workspace.WithHint(fmt.Errorf("the host key of workspace %s is not known", w.Ref), "berth why "+w.Name)
	}
	return f, err
}

// tellFallback says once that the gateway was passed over.
func (a *app) tellFallback() func(error) {
	told := false
	return func(reason error) {
		if !told {
			told = true
			fmt.Fprintf(a.err, "berth: going through the API server: %s\n", workspace.Safe(reason.Error()))
		}
	}
}

// dial logs in to the workspace.
func (a *app) dial(ctx context.Context, w workspace.Workspace, fellBack func(error)) (*tunnel.Client, error) {
	f, err := a.wayTo(ctx, w)
	if err != nil {
		return nil, err
	}
	return a.dialBy(ctx, f, fellBack)
}

// sshConfig is what logging in to the workspace takes.
func (a *app) sshConfig(ctx context.Context, w workspace.Workspace, fellBack func(error)) (tunnel.Config, error) {
	f, err := a.wayTo(ctx, w)
	if err != nil {
		return tunnel.Config{}, err
	}
	return a.login(f, fellBack)
}

// dialBy logs in by an alias.
func (a *app) dialBy(ctx context.Context, f alias.File, fellBack func(error)) (*tunnel.Client, error) {
	config, err := a.login(f, fellBack)
	if err != nil {
		return nil, err
	}
	for begun, pause := time.Now(), redial(); ; {
		client, err := tunnel.Dial(ctx, config)
		var refused *connect.RefusedError
		// The pod is ready a moment before every gateway knows.
		if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable || time.Since(begun) > gatewayLag {
			return client, err
		}
		select {
		case <-time.After(pause.Step()):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// gatewayLag is how long a gateway may take to learn of a ready pod.
const gatewayLag = 5 * time.Second
