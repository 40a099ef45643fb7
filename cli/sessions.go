package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/muesli/cancelreader"

	"github.com/berth-sh/berth/editor"
	"github.com/berth-sh/berth/tui"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// sessions implements tui.Sessions.
type sessions struct {
	fleet *fleet
	found func() []editor.Editor // looked for once
	last  *lastEditors
}

func newSessions(f *fleet) sessions {
	return sessions{
		fleet: f, found: sync.OnceValue(func() []editor.Editor { return editor.Find(editor.System()) }),
		last: &lastEditors{of: f.base.editorChoices()},
	}
}

// lastEditors are the editors by workspace, so that a menu reads no file.
type lastEditors struct {
	mu sync.Mutex // guards of
	of map[string]string
}

func (l *lastEditors) get(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of[key]
}

func (l *lastEditors) set(of map[string]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of = of
}

// running refuses what cannot be entered.
func (sessions) running(w workspace.Workspace) error {
	switch w.Status.Phase {
	case workspace.Running, workspace.Unreachable:
		return nil
	case workspace.Stopped, workspace.Stopping, workspace.Starting, workspace.Failing, workspace.Deleted:
	}
	return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("%s does not run: %s", w.Name, w.Status.Sentence)), "S starts a stopped workspace")
}

// Shell implements tui.Sessions: it logs in, so that a failure is told inside
// the program, and the shell begins when the terminal is handed over.
func (s sessions) Shell(ctx context.Context, w workspace.Workspace) (tui.ExecCommand, error) {
	if err := s.running(w); err != nil {
		return nil, err
	}
	notice := ""
	client, err := s.fleet.of(w).dial(ctx, w, func(reason error) {
		notice = "berth: going through the API server: " + workspace.Safe(reason.Error())
	})
	if err != nil {
		return nil, err
	}
	return &shell{
		Terminal: tunnel.NewTerminal(ctx, client, "", s.fleet.base.env.getenv("TERM")),
		client:   client, ctx: ctx, name: w.Name, notice: notice,
	}, nil
}

// shell is a terminal that owns its connection.
type shell struct {
	*tunnel.Terminal
	client *tunnel.Client
	ctx    context.Context // the program's
	name   string          // of the workspace
	notice string
	left   bool // by the escape
	in     io.Reader
	out    io.Writer
}

// SetStdin remembers where an answer comes from.
func (s *shell) SetStdin(r io.Reader) {
	s.in = r
	s.Terminal.SetStdin(r)
}

// SetStdout remembers where the notice goes.
func (s *shell) SetStdout(w io.Writer) {
	s.out = w
	s.Terminal.SetStdout(w)
}

// Run runs the shell and closes the connection. Leaving by the escape is no
// failure. A shell that ended without being asked to is told, and the terminal
// kept until enter.
func (s *shell) Run() error {
	defer func() { _ = s.client.Close() }() // the shell's own error is the one to tell
	if s.notice != "" && s.out != nil {
		fmt.Fprintf(s.out, "%s\r\n", s.notice)
	}
	err := s.Terminal.Run()
	if errors.Is(err, tunnel.ErrDisconnected) {
		s.left = true
		return nil
	}
	if reason := unasked(err, s.ExitCode()); reason != "" && s.ctx.Err() == nil {
		s.hold(reason)
	}
	return err
}

// ExitCode is the shell's own, 0 when it was left by the escape.
func (s *shell) ExitCode() int {
	if s.left {
		return 0
	}
	return s.Terminal.ExitCode()
}

// unasked says why a shell ended that its user did not leave, or "".
func unasked(err error, code int) string {
	switch {
	case err != nil:
		return err.Error()
	case code == 128+1, code == 128+9, code == 128+15: // hung up, killed, terminated
		return fmt.Sprintf("the workspace ended it (%d)", code)
	}
	return ""
}

// hold keeps the terminal until enter: whoever is still typing into a shell
// that is gone must not type into the list, where letters are commands.
func (s *shell) hold(reason string) {
	holdTerminal(s.ctx, s.in, s.out, "the shell in "+s.name+" has ended: "+reason)
}

// holdTerminal says something on a terminal that was handed over and waits for
// enter, or for ctx's end.
func holdTerminal(ctx context.Context, from io.Reader, out io.Writer, text string) {
	if from == nil || out == nil {
		return
	}
	in, err := cancelreader.NewReader(from)
	if err != nil {
		return
	}
	defer func() { _ = in.Close() }() // the terminal itself stays open
	defer context.AfterFunc(ctx, func() { in.Cancel() })()
	fmt.Fprintf(out, "\r\nberth: %s\r\npress enter to go back\r\n", workspace.Safe(text))
	_, _ = bufio.NewReader(in).ReadString('\n') // an error ends the waiting as well
}

// Editors implements tui.Sessions: the one that the workspace was opened in last
// comes first, then the one from the settings.
func (s sessions) Editors(w workspace.Workspace) []string {
	config, _ := s.fleet.base.config() // a broken file is told where the list is
	last := s.last.get(choiceKey(alias.File{Cluster: string(w.Cluster), Namespace: w.Namespace, Name: w.Name}))
	rank := func(e editor.Editor) int {
		switch {
		case last != "" && (e.ID == last || e.Program == last):
			return 0
		case e.ID == config.Editor || e.Name == config.Editor:
			return 1
		}
		return 2
	}
	found := slices.Clone(s.found())
	slices.SortStableFunc(found, func(x, y editor.Editor) int { return cmp.Compare(rank(x), rank(y)) })
	names := make([]string, len(found))
	for i, e := range found {
		names[i] = e.Name
	}
	return names
}

// Open implements tui.Sessions.
func (s sessions) Open(ctx context.Context, w workspace.Workspace, how tui.OpenRequest) (tui.OpenResult, error) {
	if err := s.running(w); err != nil {
		return tui.OpenResult{}, err
	}
	chosen, err := s.choose(how.Editor)
	if err != nil {
		return tui.OpenResult{}, err
	}
	app := s.fleet.of(w)
	f, err := app.wayTo(ctx, w)
	if err != nil {
		return tui.OpenResult{}, err
	}
	launch, warnings, err := app.planOpen(ctx, f, chosen, how.Directory, how.Anyway)
	var unfit *unfitError
	if errors.As(err, &unfit) {
		return tui.OpenResult{Lacks: unfit.lines()}, nil
	}
	if err != nil {
		return tui.OpenResult{}, err
	}
	app.rememberEditor(f, chosen.ID, chosen)
	s.last.set(app.editorChoices())
	if launch.Terminal {
		return tui.OpenResult{Terminal: &inTerminal{ctx: ctx, l: launch}, Message: "left " + chosen.Name + openNotes(ctx, chosen, warnings)}, nil
	}
	err = launch.Start(ctx)
	var headless *editor.HeadlessError
	if errors.As(err, &headless) {
		return tui.OpenResult{Message: headless.Error() + "; copy the command and run it where your screen is", Copy: launch.Copy}, nil
	}
	if err != nil {
		return tui.OpenResult{}, err
	}
	return tui.OpenResult{Message: "opened in " + chosen.Name + openNotes(ctx, chosen, warnings)}, nil
}

// openNotes is what to add to the word that a workspace was opened.
func openNotes(ctx context.Context, e editor.Editor, warnings []editor.Missing) string {
	said := ""
	for _, m := range warnings {
		said += "; " + m.Text
	}
	if e.Note != "" {
		said += "; " + e.Note
	}
	if e.Extension() != "" {
		if has, err := e.HasExtension(ctx); err == nil && !has {
			said += "; it lacks its extension for ssh: " + e.ExtensionCommand()
		}
	}
	return said
}

// choose finds an editor by the name that was shown, else asks for the best.
func (s sessions) choose(name string) (editor.Editor, error) {
	for _, e := range s.found() {
		if e.Name == name {
			return e, nil
		}
	}
	return editor.Choose(editor.System(), name)
}
