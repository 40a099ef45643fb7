package cli

import (
	"context"
	"os"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace/alias"
)

// target finds the way to what an argument names: a workspace, which is started
// if that is wanted, or an alias that was imported, which needs no cluster.
func (a *app) target(ctx context.Context, arg string, start bool) (alias.File, error) {
	if f, ok, err := a.imported(arg); ok || err != nil {
		return f, err
	}
	w, err := a.findOne(ctx, arg)
	if err != nil {
		return alias.File{}, err
	}
	if w, err = a.ready(ctx, w, start); err != nil {
		return alias.File{}, err
	}
	return a.wayTo(ctx, w)
}

// login is what logging in by an alias takes.
func (a *app) login(f alias.File, fellBack func(error)) (tunnel.Config, error) {
	dir, err := a.ssh()
	if err != nil {
		return tunnel.Config{}, err
	}
	files, err := dir.Offered()
	if err != nil {
		return tunnel.Config{}, err
	}
	return tunnel.Config{
		Dial: tunnel.ForAlias(f, a.portForward, fellBack), User: f.User, HostKey: f.HostKey,
		Keys: tunnel.Keys{Files: files, Agent: a.agentAddress()},
		Env:  tunnel.Environ(os.Environ()), Log: a.logger(),
	}, nil
}
