package tunnel

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// watched is a keepAlive on one end of a pipe whose other end the test is.
type watched struct {
	*keepAlive
	far     net.Conn
	stalls  []bool
	probes  int
	mute    bool // probes are sent and not answered
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
		onStall: func(stalled bool) { w.stalls = append(w.stalls, stalled) },
		probe: func() error {
			w.probes++
			_, err := conn.Write([]byte("?"))
			if err == nil && !w.mute {
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
			if !w.mute {
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
	w.keepAlive.probes.Wait()
}

func TestKeepAliveProbesOnceInAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startKeepAlive(t)
		time.Sleep(10 * time.Minute) // the bubble's clock
		synctest.Wait()
		if w.probes < 39 || w.probes > 40 || len(w.stalls) != 0 {
			t.Errorf("%d probes in ten minutes of 15 s, stalls %v", w.probes, w.stalls)
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
		w.mute = true
		_, _ = w.conn.Write([]byte("key"))
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if w.stalled() != 0 || len(w.stalls) != 0 || w.probes != 1 {
			t.Errorf("after 4 s: stalled %s, told %v, %d probes", w.stalled(), w.stalls, w.probes)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if w.stalled() < 5*time.Second || len(w.stalls) != 1 {
			t.Errorf("after 6 s: stalled %s, told %v", w.stalled(), w.stalls)
		}
		go func() { _, _ = w.far.Write([]byte("!")) }()
		_, _ = w.conn.Read(make([]byte, 1))
		time.Sleep(time.Second)
		synctest.Wait()
		if w.stalled() != 0 || len(w.stalls) != 2 || w.stalls[1] {
			t.Errorf("after an answer: stalled %s, told %v", w.stalled(), w.stalls)
		}
		w.end()
		<-w.result
	})
}

func TestKeepAliveOutlivesTenMinutesAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startKeepAlive(t)
		w.mute = true
		if err := <-w.result; !errors.Is(err, errSilent) || !w.dead.Load() {
			t.Errorf("error %v, dead %t", err, w.dead.Load())
		}
		if took := time.Since(w.started); took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("gave up after %s", took)
		}
		w.end()
	})
}
