package term

import "sync"

// queueBytes is how much input may wait for a shell that reads nothing.
const queueBytes = 4 << 20

// input is one thing for the shell: bytes, or a size.
type input struct {
	bytes      []byte
	rows, cols int
}

// queue is the input between those who type and the one who writes it. Nobody
// who types ever waits.
type queue struct {
	mu     sync.Mutex // guards all below
	change sync.Cond
	items  []input
	bytes  int
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.change.L = &q.mu
	return q
}

// put appends bytes. It reports false when there is no room for all of them,
// and appends none of them then.
func (q *queue) put(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.bytes+len(b) > queueBytes {
		return q.closed
	}
	q.bytes += len(b)
	q.items = append(q.items, input{bytes: b})
	q.change.Signal()
	return true
}

// resize appends a size.
func (q *queue) resize(rows, cols int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(q.items); n > 0 && q.items[n-1].bytes == nil {
		q.items = q.items[:n-1] // nobody has seen the one before
	}
	q.items = append(q.items, input{rows: rows, cols: cols})
	q.change.Signal()
}

// take returns the next thing as soon as there is one. It reports false once
// the queue is closed.
func (q *queue) take() (input, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.change.Wait()
	}
	if q.closed {
		return input{}, false
	}
	next := q.items[0]
	q.items = q.items[1:]
	q.bytes -= len(next.bytes)
	return next, true
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.change.Broadcast()
}
