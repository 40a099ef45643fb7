package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
)

// paneShells implements tui.Shells.
type paneShells struct {
	lanes   *lanes
	persist bool   // keep shells in tmux or dtach where a workspace has it
	marker  string // where there is this folder, there is a workspace's container
	home    string // the user's, here

	running sync.WaitGroup // shells

	mu    sync.Mutex         // guards names
	names map[shellID]string // the session that keeps a shell
}

// shellID is one of the shells of a workspace.
type shellID struct {
	workspace workspace.Key
	number    int
}

func newPaneShells(f *fleet, c shellConfig) *paneShells {
	return &paneShells{
		lanes: newLanes(f.sshConfig), persist: c.Persist != persistOff, marker: bootDir, home: f.base.env.home, names: map[shellID]string{},
	}
}

// OpenShell implements tui.Shells.
func (p *paneShells) OpenShell(ctx context.Context, w workspace.Workspace, number int, start term.Start) (term.Shell, error) {
	c, err := p.lanes.to(w.Key()).enter(ctx, w, start)
	if err != nil {
		return nil, lost(err)
	}
	s := &laneShell{conn: c, start: start, sizes: make(chan tunnel.Size), ended: make(chan struct{})}
	if p.persist {
		s.session, s.keeper = p.keep(ctx, c.client, shellID{w.Key(), number}, start)
	}
	p.run(s)
	if s.session == "" {
		return s, nil
	}
	return keptShell{s}, nil
}

// wait waits until no shell is left of those that were closed.
func (p *paneShells) wait() { p.running.Wait() }

// keep decides which session keeps a shell, "" for none.
func (p *paneShells) keep(ctx context.Context, client *tunnel.Client, id shellID, start term.Start) (string, keeper) {
	k := askKeeper(ctx, client, p.marker)
	p.mu.Lock()
	defer p.mu.Unlock()
	if name := p.names[id]; k.tool != "" && start.Again && name != "" {
		if _, there := k.taken[name]; !there && k.tool == "tmux" {
			start.Tell("the shell has ended meanwhile; this is another one")
		}
		return name, k
	}
	delete(p.names, id)
	if k.tool == "" {
		return "", k
	}
	var ours []string
	for other, name := range p.names {
		if other.workspace == id.workspace {
			ours = append(ours, name)
		}
	}
	name, found := k.session(k.self(p.home), ours)
	p.names[id] = name
	if found {
		start.Tell("a shell that was left before goes on")
	}
	return name, k
}

// laneShell is one shell on a lane.
type laneShell struct {
	conn    *conn
	start   term.Start
	session string // what keeps it, "" for nothing
	keeper  keeper

	out    *io.PipeReader // what it prints
	in     *io.PipeWriter // what is typed
	sizes  chan tunnel.Size
	cancel context.CancelCauseFunc
	ended  chan struct{} // closed when it has; then code and err are set
	code   int
	err    error
}

// run starts a shell and sees to its end.
func (p *paneShells) run(s *laneShell) {
	in, typed := io.Pipe()
	printed, out := io.Pipe()
	s.out, s.in = printed, typed
	ctx, cancel := context.WithCancelCause(context.Background()) // ended by Close
	s.cancel = cancel
	s.conn.add(s)
	pty := &tunnel.PTY{Size: tunnel.Size{Rows: s.start.Rows, Cols: s.start.Cols}}
	streams := tunnel.Streams{In: in, Out: out}
	p.running.Go(func() {
		defer s.conn.leave()
		defer s.conn.remove(s)
		defer cancel(nil)
		if s.session == "" {
			s.code, s.err = s.conn.client.Shell(ctx, streams, *pty, s.sizes)
		} else {
			s.code, s.err = s.conn.client.Exec(ctx, s.keeper.command(s.session), streams, pty, s.sizes)
		}
		close(s.ended)
		_ = out.Close()
		_ = in.Close()
	})
}

// Read implements term.Shell.
func (s *laneShell) Read(b []byte) (int, error) { return s.out.Read(b) }

// Write implements term.Shell.
func (s *laneShell) Write(b []byte) (int, error) { return s.in.Write(b) }

// Resize implements term.Shell.
func (s *laneShell) Resize(rows, cols int) error {
	select {
	case s.sizes <- tunnel.Size{Rows: rows, Cols: cols}:
		return nil
	case <-s.ended:
		return io.ErrClosedPipe
	}
}

// Wait implements term.Shell.
func (s *laneShell) Wait() (int, error) {
	<-s.ended
	if s.err == nil && s.code == hungUp {
		return s.code, lostError{errHungUp}
	}
	return s.code, lost(s.err)
}

// hungUp is how a shell ends whose terminal goes: with its workspace, or with
// sshd. It is the connection that has ended, not the shell.
const hungUp = 128 + 1

var errHungUp = errors.New("the workspace hung up")

// Close implements term.Shell. A dead connection holds nobody up: what waits for
// it ends with the pipes.
func (s *laneShell) Close() error {
	s.cancel(nil)
	_ = s.in.Close()
	return s.out.Close()
}

// keptShell is a shell that goes on without a connection.
type keptShell struct{ *laneShell }

// End implements term.Ender.
func (k keptShell) End() error {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	_, err := k.conn.client.Exec(ctx, k.keeper.end(k.session), tunnel.Streams{}, nil, nil)
	return err
}

// endTimeout is how long ending a kept shell may take: who closes the program
// waits for it.
const endTimeout = 2 * time.Second

// lostError is an error after which connecting again may help.
type lostError struct{ error }

func (e lostError) Unwrap() error        { return e.error }
func (e lostError) Is(target error) bool { return target == term.ErrLost }

// lost marks the errors of a connection that ended.
func lost(err error) error {
	var l *tunnel.LostError
	if errors.As(err, &l) {
		return lostError{err}
	}
	return err
}

// What persist may be.
const (
	persistAuto = "auto"
	persistOff  = "off"
)

// shellConfig is about the shells inside the program.
type shellConfig struct {
	Prefix  string `yaml:"prefix"`  // the key that is the program's: ctrl+]
	Persist string `yaml:"persist"` // auto: keep shells in the workspace's tmux or dtach; off
	History int    `yaml:"history"` // lines
}

// check refuses what makes no sense.
func (c shellConfig) check() error {
	switch {
	case c.Prefix != "" && !prefixKey(c.Prefix):
		return fmt.Errorf("shell.prefix is %q, which is no key such as ctrl+] or f12", workspace.Safe(c.Prefix))
	case c.Persist != "" && c.Persist != persistAuto && c.Persist != persistOff:
		return fmt.Errorf("shell.persist is %q, not auto or off", workspace.Safe(c.Persist))
	case c.History < 0 || c.History > maxHistory:
		return fmt.Errorf("shell.history is %d, not between 0 and %d", c.History, maxHistory)
	}
	return nil
}

const maxHistory = 100_000

// prefixKey reports whether a name is one of a key that types nothing: ctrl with
// a letter or a sign, or a function key. What a terminal needs for itself is
// none.
func prefixKey(name string) bool {
	if len(name) == 6 && name[:5] == "ctrl+" {
		c := name[5]
		return c >= 'a' && c <= 'z' && c != 'i' && c != 'm' && c != 'j' && c != 'h' && c != 'c' || c == ']' || c == '\\' || c == '^' || c == '_' || c == '@'
	}
	var n int
	if _, err := fmt.Sscanf(name, "f%d", &n); err == nil {
		return n >= 1 && n <= 20 && name == fmt.Sprintf("f%d", n)
	}
	return false
}
