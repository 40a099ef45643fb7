package tunnel

import (
	"net"
	"sync/atomic"
	"time"
)

// activity is a connection that remembers whether the other side owes a sign
// of life. Any byte is one: during a long download nothing else need come.
type activity struct {
	net.Conn
	start time.Time // times below count from it, in nanoseconds, on the monotonic clock
	heard atomic.Int64
	// owed is when the first byte was sent after the last one was heard; 0
	// while nothing is owed.
	owed atomic.Int64
}

func watch(conn net.Conn) *activity {
	return &activity{Conn: conn, start: time.Now()}
}

// now is never 0, which means "nothing" in owed.
func (a *activity) now() int64 { return int64(time.Since(a.start)) + 1 }

func (a *activity) Read(b []byte) (int, error) {
	n, err := a.Conn.Read(b)
	if n > 0 {
		a.heard.Store(a.now())
		a.owed.Store(0)
	}
	return n, err
}

func (a *activity) Write(b []byte) (int, error) {
	a.owed.CompareAndSwap(0, a.now())
	return a.Conn.Write(b)
}

// owing returns for how long the other side has owed an answer, 0 if it does
// not.
func (a *activity) owing() time.Duration {
	since := a.owed.Load()
	if since == 0 {
		return 0
	}
	return time.Duration(a.now() - since)
}

// silence returns for how long nothing has been heard.
func (a *activity) silence() time.Duration {
	return time.Duration(a.now() - a.heard.Load())
}
