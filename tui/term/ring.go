package term

import "sync"

// ringBytes is how much output may wait to be parsed. When it is full nobody
// reads from the shell any more, and then the shell has to wait.
const ringBytes = 1 << 20

// ring is the output between the one who reads it and the one who parses it.
type ring struct {
	mu     sync.Mutex // guards all below
	change sync.Cond
	buf    []byte
	spare  []byte // given back by the parser, to be filled next
	parsed bool   // the parser is done with all that it has taken
	closed bool
}

func newRing() *ring {
	r := &ring{}
	r.change.L = &r.mu
	return r
}

// put appends b when there is room. It reports false once the ring is closed.
func (r *ring) put(b []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.closed && len(r.buf) > 0 && len(r.buf)+len(b) > ringBytes {
		r.change.Wait()
	}
	if r.closed {
		return false
	}
	r.buf = append(r.buf, b...)
	r.change.Broadcast()
	return true
}

// take returns all that waits, as soon as there is something. done is what the
// last call returned: it is not used any more. It reports false once the ring
// is closed and empty.
func (r *ring) take(done []byte) ([]byte, bool) {
	const keep = 64 << 10 // what an idle shell may hold on to
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.buf) == 0 && !r.closed {
		r.parsed = true
		r.change.Broadcast()
		if r.spare = nil; cap(done) <= keep {
			r.spare = done[:0]
		}
		r.change.Wait()
	}
	if len(r.buf) == 0 {
		return nil, false
	}
	if r.spare == nil {
		r.spare = done[:0]
	}
	b := r.buf
	r.buf, r.spare, r.parsed = r.spare, nil, false
	r.change.Broadcast()
	return b, true
}

// drain waits until all that was put has been parsed, or the ring is closed.
func (r *ring) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.closed && (len(r.buf) > 0 || !r.parsed) {
		r.change.Wait()
	}
}

// waiting is how many bytes wait.
func (r *ring) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.buf)
}

func (r *ring) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.change.Broadcast()
}
