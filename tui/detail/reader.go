package detail

import (
	"context"

	"github.com/berth-sh/berth/workspace"
)

// Reader looks closer at one workspace. All text it gives has passed
// workspace.Safe or workspace.SafeText. Calls may block until ctx ends.
type Reader interface {
	Events(ctx context.Context, w workspace.Workspace) ([]workspace.Event, error)
	Objects(ctx context.Context, w workspace.Workspace) ([]workspace.Object, error)
	// Logs gives the last lines of the current container, or of the one before
	// it, to line. With Follow it goes on until ctx ends or the container does.
	Logs(ctx context.Context, w workspace.Workspace, o LogOptions, line func(workspace.LogLine)) error
	// YAML gives the Deployment without managed fields, or what is left of a
	// deleted workspace.
	YAML(ctx context.Context, w workspace.Workspace) (string, error)
}

// LogOptions says which log.
type LogOptions struct {
	Follow   bool
	Previous bool // of the container's run before this one
}
