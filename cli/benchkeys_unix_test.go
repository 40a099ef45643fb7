//go:build unix

package cli

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui"
	"github.com/berth-sh/berth/workspace"
)

// changing is a list whose rows change all the time, without a cluster behind
// it that would use the processors too.
type changing struct {
	changed chan struct{} // capacity 1

	mu         sync.Mutex // guards what follows
	rows       []workspace.Workspace
	snapshot   workspace.Snapshot
	generation uint64
	taken      uint64 // the generation that snapshot is of
}

func newChanging(n int) *changing {
	c := &changing{changed: make(chan struct{}, 1), generation: 1}
	for i := range n {
		ref := workspace.Ref{Namespace: "crowd", Name: fmt.Sprintf("ws-%05d", i)}
		c.rows = append(c.rows, workspace.Workspace{
			Cluster: "c", UID: ref.Name, Ref: ref, Alias: ref.Alias(), ReadySince: time.Now(),
			Spec:   workspace.Spec{Image: "ubuntu:24.04", CPU: "2", Memory: "4Gi", Profile: workspace.Standard},
			Status: workspace.Status{Phase: workspace.Running, Sentence: "Ready."},
		})
	}
	return c
}

// Snapshot implements tui.Source, at the cost that the watcher's has.
func (c *changing) Snapshot() (workspace.Snapshot, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken != c.generation {
		c.snapshot = workspace.Snapshot{Context: "crowd", Namespace: "crowd", Synced: true, Workspaces: slices.Clone(c.rows)}
		c.taken = c.generation
	}
	return c.snapshot, c.generation
}

// Changed implements tui.Source.
func (c *changing) Changed() <-chan struct{} { return c.changed }

// change changes a row, rate times a second, until enough is closed.
func (c *changing) change(rate int, enough <-chan struct{}) {
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-enough:
			return
		}
		c.mu.Lock()
		row := &c.rows[n/2%len(c.rows)]
		if row.Status = (workspace.Status{Phase: workspace.Running, Sentence: "Ready."}); n%2 == 0 {
			row.Status = workspace.Status{Phase: workspace.Failing, Brief: "ssh not answering"}
		}
		c.generation++
		c.mu.Unlock()
		wake(c.changed)
	}
}

// BenchmarkKeysWhileRowsChange measures a key until the frame that shows it, of
// ten thousand rows of which two hundred change each second.
func BenchmarkKeysWhileRowsChange(b *testing.B) {
	source := newChanging(10_000)
	enough := make(chan struct{})
	var working sync.WaitGroup
	working.Go(func() { source.change(200, enough) })
	defer working.Wait()
	defer close(enough)
	l := newLoop(b, source)
	for b.Loop() {
		took := l.keys(1000, 10*time.Millisecond)
		b.ReportMetric(percentile(took, 0.5), "p50-ms")
		b.ReportMetric(percentile(took, 0.9), "p90-ms")
		b.ReportMetric(percentile(took, 0.99), "p99-ms")
	}
	b.ReportMetric(0, "ns/op")
}

// loop is the program's loop without a terminal.
type loop struct {
	b     *testing.B
	app   *tui.App
	msgs  chan tea.Msg
	shown string
}

func newLoop(b *testing.B, source tui.Source) *loop {
	b.Helper()
	app, err := tui.New(tui.Config{Source: source})
	if err != nil {
		b.Fatal(err)
	}
	l := &loop{b: b, app: app, msgs: make(chan tea.Msg)}
	l.run(app.Init())
	l.take(tea.WindowSizeMsg{Width: 160, Height: 45})
	return l
}

// run does a command as the runtime does.
func (l *loop) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		msg := cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for _, one := range batch {
				l.run(one)
			}
			return
		}
		if msg == nil || reflect.TypeOf(msg).PkgPath() == "charm.land/bubbletea/v2" {
			return // for the terminal
		}
		select {
		case l.msgs <- msg:
		case <-l.b.Context().Done():
		}
	}()
}

// take handles one message and reports whether the screen is another one.
func (l *loop) take(msg tea.Msg) bool {
	_, cmd := l.app.Update(msg)
	l.run(cmd)
	shown := l.app.View().Content
	changed := shown != l.shown
	l.shown = shown
	return changed
}

func (l *loop) until(done func() bool) {
	for !done() {
		l.take(<-l.msgs)
	}
}

// keys moves the cursor n times, every so often, and returns how long each took
// to be seen.
func (l *loop) keys(n int, every time.Duration) []time.Duration {
	var took []time.Duration
	typed := make(chan time.Time, n)
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for range n {
			typed <- <-tick.C
		}
	}()
	var waiting []time.Time
	for len(took) < n {
		var msg tea.Msg
		select {
		case at := <-typed:
			waiting = append(waiting, at)
			msg = tea.KeyPressMsg{Code: 'j', Text: "j"}
		case msg = <-l.msgs:
		}
		if l.take(msg) {
			for _, at := range waiting {
				took = append(took, time.Since(at))
			}
			waiting = nil
		}
	}
	return took
}
