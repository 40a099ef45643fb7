package tunnel

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// watched is a keepAlive on one end of a pipe whose other end the test is.
type watched struct {
	*keepAlive
	far     net.Conn
	probed  atomic.Int64
	mute    atomic.Bool  // probes are sent and not answered
	stalls  atomic.Int64 // changes told so far: odd while stalled
	done    chan struct{}
	result  chan error
	started time.Time
}

// startKeepAlive must be called within a synctest bubble.
func startKeepAlive(t *testing.T) *watched {
	t.Helper()
	near, far := net.Pipe()
	w := &watched{far: far, done: make(chan struct{}), result: make(chan error, 1), started: time.Now()}
	conn := watch(near)
	conn.heard.Store(conn.now())
	w.keepAlive = &keepAlive{
		KeepAlive: KeepAlive{}.withDefaults(), conn: conn,
		onStall: func(stalled bool) {
			if told := w.stalls.Add(1); stalled != (told%2 == 1) {
				t.Errorf("told twice that stalled is %t", stalled)
			}
		},
		probe: func() error {
			w.probed.Add(1)
			_, err := conn.Write([]byte("?"))
			if err == nil && !w.mute.Load() {
				_, err = conn.Read(make([]byte, 1))
			} else if err == nil {
				<-w.done
			}
			return err
		},
	}
	go func() { // the other side
		buf := make([]byte, 16)
		for _, err := far.Read(buf); err == nil; _, err = far.Read(buf) {
			if !w.mute.Load() {
				_, _ = far.Write([]byte("!"))
			}
		}
	}()
	go func() { w.result <- w.run(w.done) }()
	return w
}

func (w *watched) end() {
	close(w.done)
	_ = w.far.Close()
	_ = w.conn.Close()
	w.probes.Wait()
}

func TestKeepAliveProbesOnceInAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startKeepAlive(t)
		time.Sleep(10 * time.Minute) // the bubble's clock
		synctest.Wait()
		if n := w.probed.Load(); n < 39 || n > 40 || w.stalls.Load() != 0 {
			t.Errorf("%d probes in ten minutes of 15 s, %d stalls", n, w.stalls.Load())
		}
		w.end()
		if err := <-w.result; err != nil {
			t.Error(err)
		}
	})
}

func TestKeepAliveShowsAStallUnderTheFingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startKeepAlive(t)
		w.mute.Store(true)
		_, _ = w.conn.Write([]byte("key"))
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if w.stalled() != 0 || w.stalls.Load() != 0 || w.probed.Load() != 1 {
			t.Errorf("after 4 s: stalled %s, told %d times, %d probes", w.stalled(), w.stalls.Load(), w.probed.Load())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if w.stalled() < 5*time.Second || w.stalls.Load() != 1 {
			t.Errorf("after 6 s: stalled %s, told %d times", w.stalled(), w.stalls.Load())
		}
		go func() { _, _ = w.far.Write([]byte("!")) }()
		_, _ = w.conn.Read(make([]byte, 1))
		time.Sleep(time.Second)
		synctest.Wait()
		if w.stalled() != 0 || w.stalls.Load() != 2 {
			t.Errorf("after an answer: stalled %s, told %d times", w.stalled(), w.stalls.Load())
		}
		w.end()
		if err := <-w.result; err != nil {
			t.Error(err)
		}
	})
}

func TestKeepAliveOutlivesTenMinutesAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startKeepAlive(t)
		w.mute.Store(true)
		if err := <-w.result; !errors.Is(err, errSilent) || !w.dead.Load() {
			t.Errorf("error %v, dead %t", err, w.dead.Load())
		}
		if took := time.Since(w.started); took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("gave up after %s", took)
		}
		w.end()
	})
}
