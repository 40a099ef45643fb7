package transfer

// Sums of files in the workspace, without reading them over the line: a shell
// there is asked for them, one after the other.

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/berth-sh/berth/tunnel"
)

// Summer computes sums with a shell in the workspace.
type Summer struct {
	start func() (io.ReadWriteCloser, error)

	mu    sync.Mutex // one question at a time; guards the rest
	shell io.ReadWriteCloser
	lines *bufio.Reader
	err   error // why there is none
}

// NewSummer returns a Summer that starts `sh` when it is first asked.
func NewSummer(start func() (io.ReadWriteCloser, error)) *Summer { return &Summer{start: start} }

// Close ends the shell.
func (s *Summer) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shell == nil {
		return nil
	}
	return s.shell.Close()
}

// Sum is an Options.Sum.
func (s *Summer) Sum(ctx context.Context, path string, n int64) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shell == nil && s.err == nil {
		s.err = s.open()
	}
	if s.err != nil {
		return "", s.err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.shell.Close() })
	defer stop()
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	// Systems without sha256sum have shasum, which then reads the same input.
	answer, err := s.ask(fmt.Sprintf("head -c %d %s 2>/dev/null | { sha256sum 2>/dev/null || shasum -a 256; }", n, tunnel.Quote([]string{path})))
	if err != nil {
		s.err = err
		return "", err
	}
	sum, _, _ := strings.Cut(strings.TrimSpace(answer), " ")
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != sha256.Size {
		return "", errNoSum
	}
	return sum, nil
}

var errNoSum = errors.New("the workspace cannot compute sums")

// open starts the shell and reads past what it greets with.
func (s *Summer) open() error {
	shell, err := s.start()
	if err != nil {
		return err
	}
	s.shell, s.lines = shell, bufio.NewReaderSize(shell, 64<<10)
	mark := rand.Text()
	if _, err := io.WriteString(shell, "echo "+mark+"\n"); err != nil {
		return err
	}
	for range 1000 {
		line, err := s.line()
		if err != nil {
			return err
		}
		if line == mark {
			return nil
		}
	}
	return errNoSum
}

func (s *Summer) ask(command string) (string, error) {
	if _, err := io.WriteString(s.shell, command+"\n"); err != nil {
		return "", err
	}
	return s.line()
}

// line reads one line of sensible length.
func (s *Summer) line() (string, error) {
	line, err := s.lines.ReadSlice('\n')
	return strings.TrimSpace(string(line)), err
}

// sumOf is the sum of the first n bytes of r.
func sumOf(ctx context.Context, r io.Reader, n int64) (string, error) {
	h := sha256.New()
	if _, err := io.CopyN(h, &stoppable{ctx, r}, n); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// stoppable is a reader that ends with a context.
type stoppable struct {
	ctx context.Context
	io.Reader
}

func (s *stoppable) Read(b []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.Reader.Read(b)
}
