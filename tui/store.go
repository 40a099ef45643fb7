package tui

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/workspace"
)

// A cluster that changes two hundred times a second is looked at thirty times,
// and less often where a look takes long, so that keys never wait in line: at
// ten thousand workspaces a look takes some milliseconds.
const (
	breath      = 33 * time.Millisecond
	breathShare = 20 // of the time, at most one part goes into looking
	longBreath  = 500 * time.Millisecond
)

// waitSource arms the one command that waits for the Source.
func (a *App) waitSource() tea.Cmd {
	wait := min(max(breath, breathShare*a.looked), longBreath)
	return a.do(func(ctx context.Context) tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-a.cfg.Source.Changed():
		}
		pause(ctx, wait)
		return changedMsg{see(a.cfg.Source)}
	})
}

// sight is a snapshot that was taken outside the loop, where it may take its
// time.
type sight struct {
	workspace.Snapshot
	gen  uint64
	took time.Duration
}

func see(s Source) *sight {
	begun := time.Now()
	snap, gen := s.Snapshot()
	return &sight{snap, gen, time.Since(begun)}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// takeSnapshot shows what the Source knows now.
func (a *App) takeSnapshot() tea.Cmd { return a.take(see(a.cfg.Source)) }

func (a *App) take(s *sight) tea.Cmd {
	begun := time.Now()
	defer func() { a.looked = s.took + time.Since(begun) }()
	snap, gen := s.Snapshot, s.gen
	defer a.arrived()
	if gen <= a.snapGen && a.snapGen != 0 {
		return nil
	}
	a.snap, a.snapGen, a.index = snap, gen, nil
	if len(snap.Places) > 0 {
		a.places.together = snap.Contexts()
	}
	all, running, failing := snap.Counts()
	a.counted = [3]int{all, running, failing}
	a.live.SetRows(snap.Workspaces, snap.Namespace == "")
	a.gone.SetRows(snap.Workspaces, snap.Namespace == "")
	if a.shell.deck != nil {
		a.shell.deck.Follow(a.find)
	}
	for _, d := range a.dialogs {
		if w, ok := d.(dialog.Watcher); ok {
			w.Watch(a.find)
		}
	}
	return a.follow()
}

// find returns the workspace that has a key now.
func (a *App) find(key workspace.Key) (workspace.Workspace, bool) {
	if a.index == nil {
		a.index = make(map[workspace.Key]int, len(a.snap.Workspaces))
		for i := range a.snap.Workspaces {
			a.index[a.snap.Workspaces[i].Key()] = i
		}
	}
	i, ok := a.index[key]
	if !ok {
		return workspace.Workspace{}, false
	}
	return a.snap.Workspaces[i], true
}

// mailbox takes progress from the goroutines of actions.
type mailbox struct {
	mu    sync.Mutex // guards steps
	steps []step
	dirty chan struct{} // capacity 1
}

// step is progress of the creation that a form belongs to.
type step struct {
	form *dialog.Create
	workspace.Progress
}

func newMailbox() *mailbox { return &mailbox{dirty: make(chan struct{}, 1)} }

func (m *mailbox) put(s step) {
	m.mu.Lock()
	m.steps = append(m.steps, s)
	m.mu.Unlock()
	select {
	case m.dirty <- struct{}{}:
	default:
	}
}

func (m *mailbox) take() []step {
	m.mu.Lock()
	defer m.mu.Unlock()
	steps := m.steps
	m.steps = nil
	return steps
}

// waitMail arms the one command that waits for progress.
func (a *App) waitMail() tea.Cmd {
	return a.do(func(ctx context.Context) tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-a.mail.dirty:
			return mailMsg{}
		}
	})
}

func (a *App) readMail() {
	for _, s := range a.mail.take() {
		s.form.Tell(s.Progress)
	}
}
