package cli

import (
	"context"

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
