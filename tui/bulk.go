package tui

// A change of several workspaces runs a few at a time, whatever the number of
// batches. Each row tells how far it is. One that fails does not keep the
// others from it; in the end failures are told by name. esc drops what has not
// begun, and pressed again cancels what has.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/workspace"
)

// atOnce is how many workspaces are changed at a time.
const atOnce = 4

// bulk is the work of all batches.
type bulk struct {
	batches []*batch
	queue   []queued
	running map[workspace.Key]context.CancelFunc
}

// batch is one verb on several workspaces.
type batch struct {
	verb   *verb
	total  int
	left   int                   // queued or running
	done   []workspace.Workspace // accepted by the cluster
	failed []string              // names
	unmade int                   // dropped or cancelled
}

type queued struct {
	of *batch
	w  workspace.Workspace
}

// runAll starts a verb on several workspaces.
func (a *App) runAll(v *verb, list []workspace.Workspace) tea.Cmd {
	list = slices.DeleteFunc(slices.Clone(list), func(w workspace.Workspace) bool { return a.jobs[w.Key()] != "" })
	switch len(list) {
	case 0:
		return nil
	case 1:
		return a.run(v, list[0])
	}
	b := &batch{verb: v, total: len(list), left: len(list)}
	for _, w := range list {
		a.jobs[w.Key()] = "waiting to " + v.name
		a.bulk.queue = append(a.bulk.queue, queued{b, w})
	}
	a.bulk.batches = append(a.bulk.batches, b)
	return a.pump()
}

// pump begins as many as may run.
func (a *App) pump() tea.Cmd {
	var cmds []tea.Cmd
	for len(a.bulk.queue) > 0 && len(a.bulk.running) < atOnce {
		q := a.bulk.queue[0]
		a.bulk.queue = a.bulk.queue[1:]
		cmds = append(cmds, a.begin(q))
	}
	return tea.Batch(cmds...)
}

func (a *App) begin(q queued) tea.Cmd {
	v, key := q.of.verb, q.w.Key()
	a.jobs[key] = v.ing
	cmd, cancel := a.spawn(func(ctx context.Context) tea.Msg {
		err := v.call(a.cfg.Actions, ctx, q.w, func(workspace.Progress) {})
		return runMsg{func() tea.Cmd { return a.ran(q, err) }}
	})
	if a.bulk.running == nil {
		a.bulk.running = map[workspace.Key]context.CancelFunc{}
	}
	a.bulk.running[key] = cancel
	return cmd
}

// ran takes the end of one of a batch.
func (a *App) ran(q queued, err error) tea.Cmd {
	b, key := q.of, q.w.Key()
	delete(a.jobs, key)
	delete(a.bulk.running, key)
	b.left--
	switch {
	case err == nil:
		b.done = append(b.done, q.w)
	case errors.Is(err, context.Canceled):
		b.unmade++
	default:
		b.failed = append(b.failed, q.w.Name)
		a.logError(b.verb.ing+" "+q.w.Name, err)
	}
	if b.left == 0 {
		a.finishBatch(b)
	}
	return a.pump()
}

// finishBatch says what has become of a batch.
func (a *App) finishBatch(b *batch) {
	a.bulk.batches = slices.DeleteFunc(a.bulk.batches, func(o *batch) bool { return o == b })
	defer a.reassure()
	text := b.verb.past + " " + counted(len(b.done), "workspace")
	if b.unmade > 0 {
		text += fmt.Sprintf(" of %d, the rest was cancelled", b.total)
	}
	back := ""
	if b.verb.undo != nil && len(b.done) > 0 {
		done, undo := b.done, b.verb.undo
		a.offer(text, func() tea.Cmd { return a.runAll(undo(), done) })
		back = " · u undoes the others"
	} else {
		a.say(text)
	}
	if len(b.failed) > 0 {
		a.alarm(fmt.Sprintf("%s failed for %d of %d: %s", b.verb.ing, len(b.failed), b.total, few(b.failed, 3)) + back)
	}
}

// cancelBulk drops what has not begun or, when all has, cancels what runs. It
// reports whether there was anything.
func (a *App) cancelBulk() bool {
	if len(a.bulk.queue) == 0 {
		for _, cancel := range a.bulk.running {
			cancel()
		}
		return len(a.bulk.running) > 0
	}
	queue := a.bulk.queue
	a.bulk.queue = nil
	for _, q := range queue {
		delete(a.jobs, q.w.Key())
		q.of.left--
		q.of.unmade++
		if q.of.left == 0 {
			a.finishBatch(q.of)
		}
	}
	return true
}

// bulkText is how far the batches are: "stopping 4 of 12 · 1 failed".
func (a *App) bulkText() string {
	var parts []string
	for _, b := range a.bulk.batches {
		text := fmt.Sprintf("%s %d of %d", b.verb.ing, b.total-b.left, b.total)
		if len(b.failed) > 0 {
			text += fmt.Sprintf(" · %d failed", len(b.failed))
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// bulkHint is what esc does about it.
func (a *App) bulkHint() string {
	if len(a.bulk.queue) > 0 {
		return "esc leaves out the rest"
	}
	return "esc cancels"
}

// few lists the first n names and counts the others.
func few(names []string, n int) string {
	if len(names) <= n+1 { // "and 1 more" would be as long as the name
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:n], ", ") + fmt.Sprintf(" and %d more", len(names)-n)
}
