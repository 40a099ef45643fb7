package tunnel_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen collects a terminal's output and lets tests wait for a text in it.
type screen struct {
	mu      sync.Mutex // guards text
	text    bytes.Buffer
	changed chan struct{}
}

func newScreen() *screen { return &screen{changed: make(chan struct{}, 1)} }

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(bound)
	for !strings.Contains(s.String(), text) {
		select {
		case <-s.changed:
		case <-limit:
			t.Fatalf("%q did not appear in:\n%s", text, s)
		}
	}
}
