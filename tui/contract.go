package tui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/tui/shells"
	"github.com/berth-sh/berth/workspace"
)

// Source is where the list comes from. Snapshot must not block: it is called
// while a frame is made. Changed has room for one value and says that the
// snapshot may differ; missing values are harmless, as one is as good as many.
type Source interface {
	// Snapshot returns what is known and a generation that grows with every
	// change. A cluster that has not answered gives a snapshot that is not
	// Synced.
	Snapshot() (workspace.Snapshot, uint64)
	Changed() <-chan struct{}
}

// Scope chooses what the Source shows.
type Scope interface {
	// Namespaces lists what may be chosen in one of the contexts that are
	// shown. It fails where namespaces may not be listed;
	// the program then lets the user type one.
	Namespaces(ctx context.Context, in string) ([]string, error)
	// SetNamespace moves the Source to a namespace, "" for all of them: in the
	// contexts named, or in all that are shown. The Source tells through Changed
	// when there is something to see.
	SetNamespace(ctx context.Context, namespace string, in ...string) error
	// Contexts lists the contexts that may be chosen, without asking any of
	// them.
	Contexts(ctx context.Context) ([]workspace.Context, error)
	// SetContext moves the Source to a context, or to several in one list, and
	// to the namespaces that are their defaults. It does not wait for the
	// clusters, which may not answer: the snapshot tells that.
	SetContext(ctx context.Context, names ...string) error
}

// Looker hears which workspace is looked at, so that what costs a connection is
// known of that one. What it finds out comes with the Source's snapshots.
type Looker interface {
	// Look is called whenever the workspace, or what is known of it, has
	// changed; ok is false for none. It must not block.
	Look(w workspace.Workspace, ok bool)
}

// Tell receives the steps of an action. It may be called from any goroutine,
// until the action has returned.
type Tell = func(workspace.Progress)

// Actions changes workspaces. Each call blocks until the cluster has accepted
// the change, not until the workspace has followed: the list shows that. Each
// is bound to the workspace's UID: one that has been replaced meanwhile is an
// error of kind workspace.ErrConflict or ErrNotFound. Errors carry hints.
type Actions interface {
	// Create takes a spec as the user typed it, completes it and creates in a
	// context that is or was shown; "" is the one that is. Calling it again
	// after a failure resumes.
	Create(ctx context.Context, in string, ref workspace.Ref, spec workspace.Spec, tell Tell) error
	Start(ctx context.Context, w workspace.Workspace, tell Tell) error
	Stop(ctx context.Context, w workspace.Workspace, tell Tell) error
	Restart(ctx context.Context, w workspace.Workspace, tell Tell) error
	Delete(ctx context.Context, w workspace.Workspace, tell Tell) error
	Restore(ctx context.Context, w workspace.Workspace, tell Tell) error
	Purge(ctx context.Context, w workspace.Workspace, tell Tell) error
}

// Reader looks closer at one workspace, for the detail pane.
type Reader = detail.Reader

// ExecCommand takes the terminal over until Run returns. It must return when
// the context it was made with ends.
type ExecCommand = tea.ExecCommand

// ExitCoder is what an ExecCommand, or the error of its Run, may also be: it
// says how the other side ended, 0 being well. It is asked after Run.
type ExitCoder interface {
	ExitCode() int
}

// Shells opens the shells that live inside the program. Without it a shell
// takes the whole terminal.
type Shells = shells.Opener

// Sessions opens a workspace. Calls may block; they are made outside the
// program's loop.
type Sessions interface {
	// Shell prepares an interactive session that takes the whole terminal.
	Shell(ctx context.Context, w workspace.Workspace) (ExecCommand, error)
	// Editors names the editors found on this machine, best for the workspace
	// first. It must not block.
	Editors(w workspace.Workspace) []string
	// Open opens the workspace in an editor that Editors named.
	Open(ctx context.Context, w workspace.Workspace, how OpenRequest) (OpenResult, error)
}

// OpenRequest says how a workspace is opened.
type OpenRequest struct {
	Editor    string // as Editors names it
	Directory string // of the workspace, an absolute path; "" for its home
	Anyway    bool   // whatever it lacks: the user has been asked
}

// OpenResult says what opening an editor came to.
type OpenResult struct {
	Lacks    []string    // what keeps the editor from working in it: nothing was opened, ask; the rest is empty
	Terminal ExecCommand // an editor that wants the terminal; nil for one with a window of its own
	Message  string      // one line to show: "opened in VS Code"
	Copy     string      // text to offer for copying, such as a URL that nothing could open; "" for none
}

// Consent is about the one line in the user's ssh config. It is asked at the
// first create or open, never at start.
type Consent interface {
	// Needed reports whether the line is neither there nor has been refused.
	// It must not block.
	Needed() bool
	// Line returns the line and the file that would get it.
	Line() (line, file string)
	Install(ctx context.Context) error
	// Refuse remembers that the user does not want it.
	Refuse(ctx context.Context) error
}

// Files writes what the user wants to keep. Calls may block; they are made
// outside the program's loop.
type Files interface {
	// Propose gives the path that is offered for a file of that name. It must
	// not block.
	Propose(name string) string
	// Write makes a file with a text and returns its whole path. A file that is
	// there already is an error of kind workspace.ErrConflict, unless it is to
	// be replaced.
	Write(ctx context.Context, path string, text []byte, replace bool) (string, error)
}

// Login lets the user log in to the cluster.
type Login interface {
	// Login prepares what asks the user, on the terminal. It fails where nothing
	// is known that could.
	Login(ctx context.Context) (ExecCommand, error)
}

// Config is what the program is made of. Only Source must be there; what is
// missing greys the actions that need it.
type Config struct {
	Source   Source
	Scope    Scope
	Looker   Looker
	Actions  Actions
	Reader   Reader
	Sessions Sessions
	Shells   Shells
	Consent  Consent
	Examiner Examiner
	Memory   Memory
	// Clipboard gets what is copied besides the terminal; nil is nobody.
	Clipboard Clipboard
	// Guard says where care is due; nil is nowhere. It must not block.
	Guard func(context, namespace string) Guard
	Files Files
	Meter Meter
	Login Login

	Prefix   string           // the key that a shell does not get; "" is DefaultPrefix
	History  int              // lines that a shell keeps; 0 is 10,000
	ReadOnly bool             // writes are greyed
	Plain    bool             // see plain.go
	Light    bool             // the terminal's background, until the terminal says itself
	Now      func() time.Time // nil is time.Now
	Version  string
	LogPath  string // where --debug writes, shown in the error log; "" when it does not
}

// Guard is how careful to be in a context and a namespace.
type Guard struct {
	Production bool   // warn
	ReadOnly   string // why nothing may be changed there; "" when it may
}

var errNoSource = errors.New("starting the program: no source")
