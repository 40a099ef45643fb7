package daemon

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/berth-sh/berth/sandbox/proc"
	"github.com/berth-sh/berth/sandbox/state"
	"github.com/berth-sh/berth/workspace"
)

// board is what the supervisor tells the outside, in status.json. Everybody
// may post at any time; one goroutine writes the file.
type board struct {
	folder  state.Folder
	log     *slog.Logger
	me      proc.ID
	started time.Time
	dirty   chan struct{} // capacity 1: something is to be written

	mu      sync.Mutex // guards what follows
	status  state.Status
	raised  bool // the start is over
	ending  bool
	sources []func() []state.Component
}

func newBoard(folder state.Folder, me proc.ID, log *slog.Logger) *board {
	return &board{
		folder: folder, log: log, me: me, started: time.Now(), dirty: make(chan struct{}, 1),
		status: state.Status{Phase: state.Starting, Supervisor: me},
	}
}

// changed has the file written soon; it never blocks.
func (b *board) changed() {
	select {
	case b.dirty <- struct{}{}:
	default:
	}
}

func (b *board) post(change func(*state.Status)) {
	b.mu.Lock()
	change(&b.status)
	b.mu.Unlock()
	b.changed()
}

// begin tells which ports are used.
func (b *board) begin(ports state.Settings) {
	b.post(func(s *state.Status) { s.Ports = ports })
}

// watch adds where components come from.
func (b *board) watch(sources ...func() []state.Component) {
	b.mu.Lock()
	b.sources = append(b.sources, sources...)
	b.mu.Unlock()
	b.changed()
}

// step tells that a step of the start is done.
func (b *board) step(name string) {
	took := time.Since(b.started)
	b.log.Info("started", "step", name, "after", took.Round(time.Millisecond))
	b.post(func(s *state.Status) {
		s.Waiting = ""
		s.Steps = append(s.Steps, state.Step{Name: name, Seconds: math.Round(took.Seconds()*100) / 100})
	})
}

// waiting tells what the start is waiting for.
func (b *board) waiting(err error) {
	b.post(func(s *state.Status) { s.Waiting = workspace.Safe(err.Error()) })
}

// up tells that the start is over.
func (b *board) up() {
	b.mu.Lock()
	b.raised = true
	b.mu.Unlock()
	b.changed()
}

// end tells that the supervisor ends, and why.
func (b *board) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ending = true
	if err != nil && !errors.Is(err, context.Canceled) {
		b.status.Failure, b.status.FailureHint = err.Error(), workspace.HintOf(err)
		switch {
		case errors.Is(err, workspace.ErrConflict):
			b.status.FailureKind = "conflict"
		case errors.Is(err, workspace.ErrUsage):
			b.status.FailureKind = "usage"
		}
	}
}

// write writes the file at every change, until ctx ends and once more then.
func (b *board) write(ctx context.Context) {
	for {
		if err := b.folder.SaveStatus(b.now()); err != nil {
			b.log.Error("status not written", "error", err)
		}
		select {
		case <-b.dirty:
		case <-ctx.Done():
			if err := b.folder.SaveStatus(b.now()); err != nil {
				b.log.Error("status not written", "error", err)
			}
			return
		}
	}
}

// now is the present status.
func (b *board) now() state.Status {
	b.mu.Lock()
	s, sources, raised, ending := b.status, b.sources, b.raised, b.ending
	s.Steps = slices.Clone(s.Steps)
	b.mu.Unlock()
	for _, components := range sources { // unlocked, since they have locks of their own
		s.Components = append(s.Components, components()...)
	}
	notReady := func(c state.Component) bool { return !c.Ready }
	switch {
	case ending:
		s.Phase = state.Stopped
	case !raised:
		s.Phase = state.Starting
	case slices.ContainsFunc(s.Components, notReady):
		s.Phase = state.Degraded
	default:
		s.Phase = state.Running
	}
	return s
}
