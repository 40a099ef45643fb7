package tui

// How the program ends, and that the terminal is as before:
//   - q and ctrl+c go through the loop.
//   - SIGTERM, SIGHUP and SIGINT cancel what runs and ask the loop to quit; a
//     loop that does not answer, because a session has the terminal, is
//     killed after a moment.
//   - A panic in the loop or in a command is caught by Bubble Tea, which puts
//     the terminal back. Goroutines are only ever started by commands.
//   - Afterwards commands get a moment to end. A second signal does not wait.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	tea "charm.land/bubbletea/v2"
)

const (
	quitFor  = 2 * time.Second // for the loop to answer a signal
	leaveFor = 3 * time.Second // for commands to end
)

// Options are about the terminal; the zero value uses the process's own.
type Options struct {
	Input  io.Reader
	Output io.Writer
	Env    []string // nil is the process's
}

// ErrPanic is returned, wrapped, when the program had to end because of a
// fault of its own. The terminal has been put back.
var ErrPanic = errors.New("the program has failed")

// Run shows the program until the user leaves it, ctx ends or a signal comes.
// It returns nil for all of these.
func Run(ctx context.Context, cfg Config, o Options) error {
	a, err := New(cfg)
	if err != nil {
		return err
	}
	return a.Run(ctx, o)
}

// Run is the function Run for a program that has been made already.
func (a *App) Run(ctx context.Context, o Options) error { return a.runModel(ctx, a, o) }

func (a *App) runModel(ctx context.Context, model tea.Model, o Options) error {
	defer a.stop()
	if out, ok := o.output().(*outlet); ok {
		out.after = a.frame.early.heal
		a.frame.early.out, o.Output = earlyOutlet{out}, out
	}
	p := tea.NewProgram(model, o.program()...)
	ended := make(chan struct{})
	watched := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, endings()...)
	defer signal.Stop(signals)
	go func() {
		defer close(watched)
		select {
		case <-ended:
			return
		case <-ctx.Done():
		case <-signals:
		}
		a.stop()
		go p.Quit() // waits for a loop that may be parked; Kill below frees it
		select {
		case <-ended:
		case <-time.After(quitFor):
			p.Kill()
		}
	}()
	_, err := p.Run()
	close(ended)
	<-watched
	a.stop()
	if err == nil {
		a.keepAtEnd()
	}
	a.await(signals)
	switch {
	case errors.Is(err, tea.ErrProgramPanic):
		return fmt.Errorf("running the program: %w: %w", ErrPanic, err)
	case err == nil, errors.Is(err, tea.ErrProgramKilled), errors.Is(err, tea.ErrInterrupted):
		return nil
	}
	return fmt.Errorf("running the program: %w", err)
}

// await gives commands and shells a moment to end.
func (a *App) await(signals <-chan os.Signal) {
	gone := make(chan struct{})
	close(gone)
	left := (<-chan struct{})(gone)
	if a.shell.deck != nil {
		left = a.shell.deck.End(true)
	}
	enough := time.After(leaveFor)
	for _, done := range []<-chan struct{}{a.crew.end(), left} {
		select {
		case <-done:
		case <-signals:
			return
		case <-enough:
			return
		}
	}
}

// output is the terminal, shared with what writes early. A writer that is none
// stays what it is.
func (o Options) output() io.Writer {
	switch out := o.Output.(type) {
	case nil:
		return &outlet{File: os.Stdout}
	case *os.File:
		return &outlet{File: out}
	default:
		return out
	}
}

func (o Options) program() []tea.ProgramOption {
	opts := []tea.ProgramOption{tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond)}
	if o.Input != nil {
		opts = append(opts, tea.WithInput(o.Input))
	}
	if o.Output != nil {
		opts = append(opts, tea.WithOutput(o.Output))
	}
	if o.Env != nil {
		opts = append(opts, tea.WithEnvironment(o.Env))
	}
	return opts
}
