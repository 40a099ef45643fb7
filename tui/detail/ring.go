package detail

// A log arrives in its reader's goroutine, faster than anybody reads; the
// program's loop only hears "there is more", at most some thirty times a
// second. Between the two stands a ring with a lid on lines and on bytes.

import (
	"context"
	"sync"
	"time"

	"github.com/berth-sh/berth/workspace"
)

const (
	ringLines = 5000
	ringBytes = 20 << 20
	coalesce  = 33 * time.Millisecond
)

// ring keeps the newest lines.
type ring struct {
	mu      sync.Mutex // guards all below
	lines   []workspace.LogLine
	bytes   int
	dropped int // lines that fell off
	total   int // lines that ever came

	dirty chan struct{} // capacity 1
}

func newRing() *ring { return &ring{dirty: make(chan struct{}, 1)} }

func (r *ring) add(l workspace.LogLine) {
	r.mu.Lock()
	r.lines = append(r.lines, l)
	r.bytes += len(l.Text)
	r.total++
	drop := 0
	for len(r.lines)-drop > ringLines || (r.bytes > ringBytes && len(r.lines)-drop > 1) {
		r.bytes -= len(r.lines[drop].Text)
		drop++
	}
	if drop > 0 {
		r.lines = r.lines[drop:] // append copies the rest out of the way in time
		r.dropped += drop
	}
	r.mu.Unlock()
	select {
	case r.dirty <- struct{}{}:
	default:
	}
}

// read returns the lines from the newest back, at most n after skipping skip,
// oldest first, and how many there are.
func (r *ring) read(skip, n int) (lines []workspace.LogLine, total, dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	end := max(0, len(r.lines)-skip)
	start := max(0, end-n)
	return append(lines, r.lines[start:end]...), r.total, r.dropped
}

func (r *ring) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lines)
}

// wait blocks until there is something new, and a little longer, so that a
// flood becomes few frames. It reports false when ctx has ended.
func (r *ring) wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-r.dirty:
	}
	t := time.NewTimer(coalesce)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
