package tui

import (
	"context"
	"sync"

	tea "charm.land/bubbletea/v2"
)

// crew counts the commands that run outside the loop, so that the program can
// wait for them when it ends.
type crew struct {
	mu     sync.Mutex // guards all below
	n      int
	closed bool
	idle   chan struct{} // closed when closed and n is 0
}

func newCrew() *crew { return &crew{idle: make(chan struct{})} }

func (c *crew) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.n++
	return true
}

func (c *crew) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	if c.closed && c.n == 0 {
		close(c.idle)
	}
}

// end lets nobody in any more and returns what is closed when all have left.
func (c *crew) end() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		if c.n == 0 {
			close(c.idle)
		}
	}
	return c.idle
}

// spawn makes a command of f. Its context ends with the program, with cancel,
// or when f returns.
func (a *App) spawn(f func(ctx context.Context) tea.Msg) (tea.Cmd, context.CancelFunc) {
	ctx, cancel := context.WithCancel(a.ctx)
	return func() tea.Msg {
		defer cancel()
		if !a.crew.enter() {
			return nil
		}
		defer a.crew.leave()
		return f(ctx)
	}, cancel
}

// do is spawn for what nobody cancels.
func (a *App) do(f func(ctx context.Context) tea.Msg) tea.Cmd {
	cmd, _ := a.spawn(f)
	return cmd
}
