// Package detail is the pane below the list: why a workspace is as it is, its
// events, log, objects and YAML.
//
// What it shows is loaded by commands that carry the pane's generation; an
// answer for a workspace or a tab that is no longer shown is dropped, and its
// request is cancelled.
package detail

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/workspace"
)

// Tab is one of the pane's views.
type Tab int

// The tabs, in their order.
const (
	Why Tab = iota
	Events
	Logs
	Objects
	YAML
	tabs
)

// String returns the tab's title.
func (t Tab) String() string {
	return [...]string{"why", "events", "logs", "objects", "yaml"}[t]
}

const (
	settle  = 120 * time.Millisecond // a cursor that runs through the list loads nothing
	refresh = 5 * time.Second        // events and objects are read again
)

// Go runs f outside the program's loop, with a context that ends with the
// program or with cancel. The message goes back to the pane's Update.
type Go func(f func(ctx context.Context) tea.Msg) (cmd tea.Cmd, cancel context.CancelFunc)

// Pane is owned by the program's loop.
type Pane struct {
	reader Reader
	spawn  Go
	now    func() time.Time

	tab    Tab
	target workspace.Workspace
	shown  bool   // there is a target
	view   Tab    // what is loaded or loading
	run    string // the container's run that the log is of

	gen    int                // of the load in progress
	cancel context.CancelFunc // of the load
	unwait context.CancelFunc // of the wait for log lines

	loaded  bool
	err     error
	lastAt  time.Time
	events  []workspace.Event
	objects []workspace.Object
	yaml    []string
	log     *ring
	logEnd  bool
	again   bool // the log has failed and is being read again

	top      int // first line shown, of all tabs but logs
	back     int // logs: how many lines from the end the view is
	seen     int // logs: total when back was last right
	left     int // logs: total when the view left the end
	follow   bool
	wrap     bool
	previous bool
	height   int // of the last drawing
	last     int // the largest useful top
}

// New returns an empty pane. reader may be nil.
func New(reader Reader, spawn Go, now func() time.Time) *Pane {
	return &Pane{reader: reader, spawn: spawn, now: now, follow: true, log: newRing()}
}

type loadedMsg struct {
	gen     int
	events  []workspace.Event
	objects []workspace.Object
	yaml    string
	err     error
}

type (
	settledMsg struct{ gen int }
	logMsg     struct {
		gen   int
		alive bool
	}
	logEndMsg struct {
		gen int
		err error
	}
)

// Show points the pane at a workspace; ok is false for none.
func (p *Pane) Show(w workspace.Workspace, ok bool) tea.Cmd {
	same := ok == p.shown && w.Key() == p.target.Key()
	p.target, p.shown = w, ok
	if same && p.view == p.tab && (p.tab != Logs || runOf(w) == p.run) {
		return nil
	}
	if !same {
		p.top, p.back, p.follow, p.previous = 0, 0, true, false
	}
	return p.load()
}

// Tab returns the tab that is shown.
func (p *Pane) Tab() Tab { return p.tab }

// SetTab shows a tab.
func (p *Pane) SetTab(t Tab) tea.Cmd {
	t = (t + tabs) % tabs
	if t == p.tab {
		return nil
	}
	p.tab, p.top, p.back, p.follow = t, 0, 0, true
	return p.load()
}

// load cancels what is loading and starts anew, after the cursor has settled.
func (p *Pane) load() tea.Cmd {
	p.Stop()
	p.gen++
	p.view, p.run, p.again = p.tab, runOf(p.target), false
	p.loaded, p.err, p.logEnd = false, nil, false
	p.events, p.objects, p.yaml, p.log = nil, nil, nil, newRing()
	if !p.shown || p.tab == Why {
		return nil
	}
	gen := p.gen
	return tea.Tick(settle, func(time.Time) tea.Msg { return settledMsg{gen} })
}

// Stop cancels what is loading.
func (p *Pane) Stop() {
	for _, cancel := range []*context.CancelFunc{&p.cancel, &p.unwait} {
		if *cancel != nil {
			(*cancel)()
			*cancel = nil
		}
	}
}

// Update takes the pane's own messages; handled is false for others.
func (p *Pane) Update(msg tea.Msg) (handled bool, cmd tea.Cmd) {
	switch msg := msg.(type) {
	case settledMsg:
		if msg.gen == p.gen {
			cmd = p.fetch()
		}
	case loadedMsg:
		if msg.gen == p.gen {
			p.loaded, p.err, p.lastAt = true, msg.err, p.now()
			if msg.err == nil {
				p.events, p.objects, p.yaml = msg.events, msg.objects, split(msg.yaml)
			}
		}
	case logMsg:
		if msg.gen == p.gen && msg.alive {
			p.loaded = true
			if p.again {
				p.again, p.err, p.logEnd = false, nil, false
			}
			cmd = p.waitLog()
		}
	case logEndMsg:
		if msg.gen == p.gen {
			p.loaded, p.logEnd, p.again, p.err, p.lastAt = true, true, false, msg.err, p.now()
		}
	default:
		return false, nil
	}
	return true, cmd
}

// Refresh reads events and objects again when they are old, and whatever could
// not be read. It is called once a second.
func (p *Pane) Refresh() tea.Cmd {
	if !p.loaded || p.now().Sub(p.lastAt) < refresh || (p.err == nil && p.view != Events && p.view != Objects) {
		return nil
	}
	p.lastAt = p.now()
	if p.view == Logs {
		if !p.follow { // somebody reads what there is
			return nil
		}
		p.gen++
		p.again, p.log = true, newRing() // the error stays until there is a line
	}
	return p.fetch()
}

// runOf names a container's run: a restarted one has another log.
func runOf(w workspace.Workspace) string { return fmt.Sprint(w.Pod, "/", w.Restarts) }

func (p *Pane) fetch() tea.Cmd {
	if p.reader == nil {
		return nil
	}
	w, gen, r, o := p.target, p.gen, p.reader, LogOptions{Follow: !p.previous, Previous: p.previous}
	log := p.log
	var load func(ctx context.Context) tea.Msg
	switch p.view {
	case Events:
		load = func(ctx context.Context) tea.Msg {
			events, err := r.Events(ctx, w)
			return loadedMsg{gen: gen, events: events, err: err}
		}
	case Objects:
		load = func(ctx context.Context) tea.Msg {
			objects, err := r.Objects(ctx, w)
			return loadedMsg{gen: gen, objects: objects, err: err}
		}
	case YAML:
		load = func(ctx context.Context) tea.Msg {
			text, err := r.YAML(ctx, w)
			return loadedMsg{gen: gen, yaml: text, err: err}
		}
	case Logs:
		load = func(ctx context.Context) tea.Msg { return logEndMsg{gen, r.Logs(ctx, w, o, log.add)} }
	case Why, tabs:
		return nil
	}
	p.Stop()
	cmd, cancel := p.spawn(load)
	p.cancel = cancel
	if p.view != Logs {
		return cmd
	}
	return tea.Batch(cmd, p.waitLog())
}

// waitLog arms the one command that waits for more lines.
func (p *Pane) waitLog() tea.Cmd {
	log, gen := p.log, p.gen
	cmd, cancel := p.spawn(func(ctx context.Context) tea.Msg { return logMsg{gen, log.wait(ctx)} })
	p.unwait = cancel
	return cmd
}
