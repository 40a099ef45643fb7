package tui

import (
	"context"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/workspace"
)

// verb is a change of workspaces that exist: of the one under the cursor, or of
// all that are marked.
type verb struct {
	name    string            // "stop"
	ing     string            // "stopping"
	past    string            // "stopped"
	then    string            // said after it, such as the way back; may be ""
	key     string            // of its action
	allowed []workspace.Phase // where there is something to do
	call    func(Actions, context.Context, workspace.Workspace, Tell) error
	undo    func() *verb // offered afterwards; may be nil

	// The question before it. Without body, only several are asked about.
	title  func(what string) string // nil is "NAME WHAT?"
	body   func(w workspace.Workspace) []string
	bodies []string // for several
	danger bool
	typed  func(name string) string // what must be typed for one; nil for nothing
	heavy  bool                     // several want name and count typed
}

func running() []workspace.Phase {
	return []workspace.Phase{workspace.Starting, workspace.Running, workspace.Failing, workspace.Unreachable}
}

func fixed(lines ...string) func(workspace.Workspace) []string {
	return func(workspace.Workspace) []string { return lines }
}

func startVerb() *verb {
	return &verb{
		name: "start", ing: "starting", past: "started", key: "S", call: Actions.Start,
		allowed: []workspace.Phase{workspace.Stopped, workspace.Stopping},
	}
}

func stopVerb() *verb {
	return &verb{
		name: "stop", ing: "stopping", past: "stopped", key: "s", allowed: running(), call: Actions.Stop, undo: startVerb,
		body:   fixed("ends: every process and session in it", "stays: home, ssh identity, alias"),
		bodies: []string{"ends: every process and session in them", "stays: homes, ssh identities, aliases"},
	}
}

func restartVerb() *verb {
	return &verb{
		name: "restart", ing: "restarting", past: "restarted", key: "r", allowed: running(), call: Actions.Restart,
		body:   fixed("ends: every process and session in it", "stays: home, ssh identity, alias"),
		bodies: []string{"ends: every process and session in them", "stays: homes, ssh identities, aliases"},
	}
}

func deleteVerb() *verb {
	return &verb{
		name: "delete", ing: "deleting", past: "deleted", then: " · D shows it, R there restores it", key: "d", danger: true, heavy: true,
		allowed: append(running(), workspace.Stopped, workspace.Stopping), call: Actions.Delete,
		body: func(w workspace.Workspace) []string {
			return []string{"goes: pod, service, route, every process in it", "stays: home" + size(w) + " and ssh identity; D shows it, R restores it"}
		},
		bodies: []string{"goes: pods, services, routes, every process in them", "stays: homes and ssh identities; D shows them, R restores them"},
	}
}

func restoreVerb() *verb {
	return &verb{name: "restore", ing: "restoring", past: "restored", key: "R", allowed: []workspace.Phase{workspace.Deleted}, call: Actions.Restore}
}

func (a *App) purgeVerb() *verb {
	return &verb{
		name: "purge", ing: "purging", past: "purged", key: "P", danger: true, heavy: true, allowed: []workspace.Phase{workspace.Deleted}, call: Actions.Purge,
		title: func(what string) string { return "purge " + what + " for good?" },
		typed: func(name string) string { return name },
		body: func(w workspace.Workspace) []string {
			age := ""
			if !w.DeletedAt.IsZero() {
				age = ", deleted " + cells.Since(w.DeletedAt, a.now()) + " ago"
			}
			return []string{"destroys: home" + size(w) + age + ", and the ssh identity", "nothing brings it back"}
		},
		bodies: []string{"destroys: their homes and ssh identities", "nothing brings them back"},
	}
}

func size(w workspace.Workspace) string {
	if s := orElse(w.Capacity, w.Spec.Disk); s != "" {
		return " (" + s + ")"
	}
	return ""
}

// question is the title of the dialog before a verb.
func (v *verb) question(what string) string {
	if v.title != nil {
		return v.title(what)
	}
	return v.name + " " + what + "?"
}
