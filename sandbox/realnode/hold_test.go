//go:build linux && realnode

package realnode_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// holding are sessions that never stop talking.
type holding struct {
	bed      *bed
	sessions []*talk
	quit     chan struct{}
}

// talk is one session: plain ssh with cat at the far end.
type talk struct {
	cmd            *exec.Cmd
	sent, received atomic.Int64
	wrong          atomic.Bool
	done           chan struct{} // closed when ssh has ended
	err            error         // how; read after done
}

// hold opens n sessions to a workspace, and returns when each has had an answer.
func (b *bed) hold(name string, n int) *holding {
	b.t.Helper()
	h := &holding{bed: b, quit: make(chan struct{})}
	opening := make(chan struct{}, 8) // sshd has a limit on those that have not logged in
	var up sync.WaitGroup
	for range n {
		t := &talk{done: make(chan struct{})}
		h.sessions = append(h.sessions, t)
		opening <- struct{}{}
		up.Go(func() {
			defer func() { <-opening }()
			h.start(t, b.ssh(name))
		})
	}
	up.Wait()
	b.t.Cleanup(func() {
		for _, t := range h.sessions {
			if t.cmd.Process != nil {
				_ = t.cmd.Process.Kill() // it may have ended
			}
		}
	})
	return h
}

func (h *holding) start(t *talk, ssh []string) {
	t.cmd = exec.CommandContext(context.Background(), ssh[0], append(ssh[1:], "cat")...)
	t.cmd.Env = h.bed.env
	in, err := t.cmd.StdinPipe()
	out, failed := t.cmd.StdoutPipe()
	if err := errors.Join(err, failed, t.cmd.Start()); err != nil {
		h.bed.t.Error(err)
		close(t.done)
		return
	}
	first := make(chan struct{})
	go t.listen(out, first)
	go t.speak(in, h.quit)
	select {
	case <-first:
	case <-t.done:
	case <-time.After(time.Minute):
	}
}

// speak sends a numbered line, four times a second, until quit.
func (t *talk) speak(in io.WriteCloser, quit <-chan struct{}) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		n, err := fmt.Fprintf(in, "%08d %0200d\n", i, i)
		t.sent.Add(int64(n))
		if err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-quit:
			_ = in.Close() // cat ends, and so does ssh
			return
		}
	}
}

// listen compares what comes back.
func (t *talk) listen(out io.Reader, first chan<- struct{}) {
	lines := bufio.NewScanner(out)
	for i := 0; lines.Scan(); i++ {
		if i == 0 {
			close(first)
		}
		if lines.Text() != fmt.Sprintf("%08d %0200d", i, i) {
			t.wrong.Store(true)
		}
		t.received.Add(int64(len(lines.Bytes()) + 1))
	}
	t.err = t.cmd.Wait()
	close(t.done)
}

// stop ends the sessions properly. A session that ended before, or with an
// error, was dropped; what was sent and did not come back is lost.
func (h *holding) stop() (dropped int, lost, echoed int64) {
	for _, t := range h.sessions {
		select {
		case <-t.done:
			dropped++
		default:
		}
	}
	close(h.quit)
	for _, t := range h.sessions {
		select {
		case <-t.done:
		case <-time.After(time.Minute):
			h.bed.t.Error("a session does not end")
			continue
		}
		if t.err != nil || t.wrong.Load() {
			dropped++
		}
		lost += t.sent.Load() - t.received.Load()
		echoed += t.received.Load()
	}
	return dropped, lost, echoed
}

// ended reports whether every session ends within a time.
func (h *holding) ended(limit time.Duration) bool {
	deadline := time.After(limit)
	for _, t := range h.sessions {
		select {
		case <-t.done:
		case <-deadline:
			return false
		}
	}
	return true
}
