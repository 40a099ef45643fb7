package tuitest

import (
	"context"
	"io"
	"sync"

	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/workspace"
)

// Shells opens shells that do what a test says. Its zero value is ready.
type Shells struct {
	mu     sync.Mutex // guards all below
	opened []*Shell
	fail   error
	greet  string
	goesOn bool
}

// FailWith has all further attempts fail with err, nil for none.
func (s *Shells) FailWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// Greet is what further shells print first.
func (s *Shells) Greet(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.greet = text
}

// GoOn has further shells be such that go on when they are left.
func (s *Shells) GoOn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goesOn = true
}

// Opened returns the shells so far, the newest last.
func (s *Shells) Opened() []*Shell {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Shell(nil), s.opened...)
}

// OpenShell is what a deck needs.
func (s *Shells) OpenShell(_ context.Context, w workspace.Workspace, number int, start term.Start) (term.Shell, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	r, out := io.Pipe()
	shell := &Shell{Workspace: w, Number: number, Start: start, out: out, in: r, ended: make(chan struct{})}
	s.opened = append(s.opened, shell)
	greet := s.greet
	go func() { _, _ = io.WriteString(out, greet) }() // ends when it is read or closed
	if s.goesOn {
		return lasting{shell}, nil
	}
	return shell, nil
}

// Shell is one such shell.
type Shell struct {
	Workspace workspace.Workspace
	Number    int
	Start     term.Start

	in  *io.PipeReader
	out *io.PipeWriter

	mu    sync.Mutex // guards all below
	typed []byte
	sizes [][2]int
	code  int
	err   error
	once  sync.Once
	ended chan struct{}
	gone  bool // ended for good
}

// Print has the shell print a text, and waits until it has been read.
func (s *Shell) Print(text string) { _, _ = io.WriteString(s.out, text) } // closed: nobody reads it

// Exit ends the shell.
func (s *Shell) Exit(code int) { s.end(code, nil) }

// Lose ends the connection.
func (s *Shell) Lose(err error) { s.end(255, err) }

func (s *Shell) end(code int, err error) {
	s.once.Do(func() {
		s.mu.Lock()
		s.code, s.err = code, err
		s.mu.Unlock()
		close(s.ended)
		_ = s.out.Close()
		_ = s.in.Close()
	})
}

// Typed returns what was typed so far.
func (s *Shell) Typed() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.typed)
}

// Sizes returns the sizes it was told, rows and columns.
func (s *Shell) Sizes() [][2]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][2]int(nil), s.sizes...)
}

// Gone reports whether it was ended for good and not only left.
func (s *Shell) Gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// Read is part of term.Shell.
func (s *Shell) Read(b []byte) (int, error) { return s.in.Read(b) }

// Write is part of term.Shell.
func (s *Shell) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.typed = append(s.typed, b...)
	return len(b), nil
}

// Resize is part of term.Shell.
func (s *Shell) Resize(rows, cols int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, [2]int{rows, cols})
	return nil
}

// Wait is part of term.Shell.
func (s *Shell) Wait() (int, error) {
	<-s.ended
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code, s.err
}

// Close is part of term.Shell.
func (s *Shell) Close() error {
	s.end(255, term.ErrLost)
	return nil
}

// lasting is a Shell that goes on when it is left.
type lasting struct{ *Shell }

// End is part of term.Ender.
func (l lasting) End() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
	return nil
}
