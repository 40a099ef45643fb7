// Package detail is the pane below the list: why a workspace is as it is, its
// events, log, objects and YAML.
//
// What it shows is loaded by commands that carry the pane's generation; an
// answer for a workspace or a tab that is no longer shown is dropped, and its
// request is cancelled.
package detail

import (
	"context"
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
	refresh = 5 * time.Second  // events, objects and trouble are read again
	lasting = 2 * time.Minute  // trouble that is older than this
	seldom  = 30 * time.Second // is looked into again this often
	breath  = time.Second      // a workspace that changes is explained this often
)

// Go runs f outside the program's loop, with a context that ends with the
// program or with cancel. The message goes back to the pane's Update.
type Go func(f func(ctx context.Context) tea.Msg) (cmd tea.Cmd, cancel context.CancelFunc)

// Settle is the default of Pane.Settle.
const Settle = 120 * time.Millisecond

// Pane is owned by the program's loop.
type Pane struct {
	// Settle is how long the cursor has to rest before anything is loaded: one
	// that runs through the list loads nothing.
	Settle time.Duration

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
	behind  bool // the target has changed since it was explained
	account workspace.Account
	toldAt  time.Time // when account came
	events  []workspace.Event
	objects []workspace.Object
	yaml    []string

	log       logView
	logEnd    bool
	again     bool // the log has failed and is being read again
	previous  bool
	container string // whose log; "" is the workspace's own

	find   finder // in the YAML
	at     int    // line of the match that was jumped to, -1 when the view has moved since
	top    int    // first line shown, of all tabs but logs
	height int    // of the last drawing
	last   int    // the largest useful top
}

// New returns an empty pane. reader may be nil.
func New(reader Reader, spawn Go, now func() time.Time) *Pane {
	return &Pane{Settle: Settle, reader: reader, spawn: spawn, now: now, log: newLogView()}
}

// Show points the pane at a workspace; ok is false for none.
func (p *Pane) Show(w workspace.Workspace, ok bool) tea.Cmd {
	same := ok == p.shown && w.Key() == p.target.Key()
	p.behind = p.behind || same && !alike(w, p.target)
	p.target, p.shown = w, ok
	if same && p.view == p.tab && (p.tab != Logs || runOf(w) == p.run) {
		return p.catchUp()
	}
	if !same {
		p.top, p.previous, p.container, p.find = 0, false, "", finder{}
		p.log.find, p.log.only = finder{}, false
	}
	return p.load()
}

// Tab returns the tab that is shown.
func (p *Pane) Tab() Tab { return p.tab }

// Target returns the workspace that is shown; ok is false for none.
func (p *Pane) Target() (w workspace.Workspace, ok bool) { return p.target, p.shown }

// SetTab shows a tab.
func (p *Pane) SetTab(t Tab) tea.Cmd {
	t = (t + tabs) % tabs
	if t == p.tab {
		return nil
	}
	p.tab, p.top = t, 0
	return p.load()
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
			p.take(msg)
		}
	case logMsg:
		if msg.gen == p.gen && msg.alive {
			p.loaded = true
			if _, next := p.log.ring.bounds(); p.again && next > 0 {
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

// take shows what has been loaded. What was there stays when it could not be
// read again.
func (p *Pane) take(msg loadedMsg) {
	p.loaded, p.err, p.lastAt = true, msg.err, p.now()
	switch {
	case p.view == Why:
		p.account, p.toldAt = msg.account, p.lastAt
	case msg.err == nil:
		p.events, p.objects, p.yaml = msg.events, msg.objects, split(msg.yaml)
	}
}
