package detail

// A log arrives in its reader's goroutine, faster than anybody reads; the
// program's loop only hears "there is more", at most some thirty times a
// second. Between the two stands a ring with a lid on lines and on bytes. Lines
// are numbered from the first that ever came, so that a place in the log stays
// the same while older lines fall off.

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
	dropped int   // lines that fell off: the number of the first that is left
	lost    error // why nothing comes at the moment; nil while it may

	dirty chan struct{} // capacity 1
}

func newRing() *ring { return &ring{dirty: make(chan struct{}, 1)} }

func (r *ring) add(l workspace.LogLine) {
	r.mu.Lock()
	r.lost = nil
	r.lines = append(r.lines, l)
	r.bytes += len(l.Text)
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
	r.wake()
}

// lose notes why no lines come at the moment, nil when they do again.
func (r *ring) lose(err error) {
	r.mu.Lock()
	r.lost = err
	r.mu.Unlock()
	r.wake()
}

func (r *ring) wake() {
	select {
	case r.dirty <- struct{}{}:
	default:
	}
}

// bounds returns the numbers of the first line and of the one that comes next.
func (r *ring) bounds() (first, next int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped, r.dropped + len(r.lines)
}

// trouble returns why no lines come at the moment.
func (r *ring) trouble() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// line returns the line with a number; false when it has fallen off or has not
// come.
func (r *ring) line(n int) (workspace.LogLine, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < r.dropped || n >= r.dropped+len(r.lines) {
		return workspace.LogLine{}, false
	}
	return r.lines[n-r.dropped], true
}

// since returns the lines from number n on, and the number of the first of them.
func (r *ring) since(n int) (lines []workspace.LogLine, first int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first = min(max(n, r.dropped), r.dropped+len(r.lines))
	return append(lines, r.lines[first-r.dropped:]...), first
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
