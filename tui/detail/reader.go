package detail

import (
	"context"

	"github.com/berth-sh/berth/workspace"
)

// Reader looks closer at one workspace. All text it gives has passed
// workspace.Safe or workspace.SafeText. Calls may block until ctx ends.
type Reader interface {
	// Why explains the workspace in full. With an error the account is what
	// could be had all the same.
	Why(ctx context.Context, w workspace.Workspace) (workspace.Account, error)
	Events(ctx context.Context, w workspace.Workspace) ([]workspace.Event, error)
	Objects(ctx context.Context, w workspace.Workspace) ([]workspace.Object, error)
	// Containers names those of the workspace's pod, its own first.
	Containers(ctx context.Context, w workspace.Workspace) ([]string, error)
	// Logs gives the last lines of the current container, or of the one before
	// it, to line. With Follow it goes on until ctx ends or the container does.
	Logs(ctx context.Context, w workspace.Workspace, o LogOptions, line func(workspace.LogLine)) error
	// YAML gives the Deployment and the claim without managed fields, or what
	// is left of a deleted workspace. Secrets are never in it.
	YAML(ctx context.Context, w workspace.Workspace) (string, error)
}

// LogOptions says which log.
type LogOptions struct {
	Follow    bool
	Previous  bool   // of the container's run before this one
	Container string // "" is the workspace's own

	// Lost hears why a log that is followed has stopped while the reader looks
	// for the rest of it, and nil when it has it. Lines are not repeated.
	Lost func(error)
}
