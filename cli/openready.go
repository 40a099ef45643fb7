package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/berth-sh/berth/editor"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// factsTimeout bounds the look at a workspace before an editor is started.
const factsTimeout = 15 * time.Second

// planOpen logs in by the way that the editor will take, looks whether the
// workspace has what it needs, and says how it is opened. What is missing and
// not fatal comes back as warnings; anyway makes a warning of everything.
func (a *app) planOpen(ctx context.Context, f alias.File, e editor.Editor, path string, anyway bool) (opening, []editor.Missing, error) {
	if err := e.Fit(ctx); err != nil && !anyway {
		return opening{}, nil, err
	}
	home, warnings, err := a.check(ctx, f, e)
	if anyway && ctx.Err() == nil {
		warnings, err = append(warnings, passedOver(err)...), nil
	}
	if err != nil {
		return opening{}, warnings, err
	}
	if path == "" && home == "" {
		return opening{}, warnings, workspace.WithHint(workspace.Usagef("the home of %s is not known", f.Name), "name the folder to open: --path /FOLDER")
	}
	if path == "" {
		path = home
	}
	dir, err := a.ssh()
	if err != nil {
		return opening{}, warnings, err
	}
	l := opening{}
	target := editor.Target{Alias: f.Alias, Path: path, User: f.User, Home: home, SSHArgs: dir.SSHArgs()}
	if e.Needs.Forwarding && e.Terminal {
		if l.folder, err = os.MkdirTemp("", "berth-"); err != nil {
			return opening{}, warnings, fmt.Errorf("making a folder for a socket: %w", err)
		}
		target.Socket = filepath.Join(l.folder, "nvim.sock")
	}
	if l.Launch, err = e.Plan(target); err != nil {
		l.close()
		return opening{}, warnings, err
	}
	return l, warnings, nil
}

// check goes the way of the alias and looks at what is at its end.
func (a *app) check(ctx context.Context, f alias.File, e editor.Editor) (home string, warnings []editor.Missing, err error) {
	if err := a.tryWay(ctx, f); err != nil {
		return "", nil, err
	}
	return a.look(ctx, f, e)
}

// tryWay goes the way of the alias itself, without a detour: an editor hides
// why it gets nowhere. Where there is another way, the helper takes it.
func (a *app) tryWay(ctx context.Context, f alias.File) error {
	if f.Transport == alias.PortForward {
		return nil // logging in goes the same way
	}
	p := tunnel.Try(ctx, f)
	if p.OK || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if f.Kubeconfig != "" {
		a.note("through the API server, because the alias's own way fails: " + p.Error)
		return nil
	}
	return workspace.WithHint(workspace.WithKind(workspace.ErrUnreachable, fmt.Errorf("reaching %s: %s", f.Alias, p.Error)), "berth doctor "+f.Alias)
}

// look logs in and compares the workspace with what the editor needs.
func (a *app) look(ctx context.Context, f alias.File, e editor.Editor) (home string, warnings []editor.Missing, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, factsTimeout, timedOut(factsTimeout))
	defer cancel()
	client, err := a.dialBy(ctx, f, nil)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = client.Close() }() // everything was asked
	if home, err = homeOf(ctx, client, f.Name); err != nil {
		return "", nil, err
	}
	facts, err := lookFacts(ctx, client, e.Needs)
	if err != nil {
		return home, nil, err
	}
	var fatal []editor.Missing
	for _, m := range e.Missing(facts, f.Name) {
		if m.Fatal {
			fatal = append(fatal, m)
		} else {
			warnings = append(warnings, m)
		}
	}
	if len(fatal) > 0 {
		err = &unfitError{fatal}
	}
	return home, warnings, err
}

// lookFacts asks the workspace's shell and its sshd.
func lookFacts(ctx context.Context, client *tunnel.Client, needs editor.Needs) (editor.Facts, error) {
	var out capped
	// Read from its input, whatever the user's own shell is.
	code, err := client.Exec(ctx, "sh -s", tunnel.Streams{In: strings.NewReader(needs.Script()), Out: &out}, nil, nil)
	if err != nil {
		return editor.Facts{}, fmt.Errorf("looking at the workspace: %w", err)
	}
	facts, err := editor.ParseFacts(out.String())
	if err != nil {
		return facts, workspace.WithHint(fmt.Errorf("looking at the workspace (exit code %d): %w", code, err), "look at its login shell and rc files: berth doctor")
	}
	if needs.Forwarding {
		facts.Forwarding = client.Forwards(ctx) == nil
	}
	if needs.SFTP {
		stream, err := client.Subsystem(ctx, "sftp")
		if facts.SFTP = err == nil; facts.SFTP {
			_ = stream.Close() // that it is there is the answer
		}
	}
	return facts, context.Cause(ctx)
}
