package detail

import (
	"context"
	"fmt"
	"reflect"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/workspace"
)

type loadedMsg struct {
	gen     int
	account workspace.Account
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

// load cancels what is loading and starts anew, after the cursor has settled.
func (p *Pane) load() tea.Cmd {
	p.Stop()
	p.gen++
	p.view, p.run, p.again, p.behind = p.tab, runOf(p.target), false, false
	p.loaded, p.err, p.logEnd = false, nil, false
	p.account, p.events, p.objects, p.yaml = workspace.Account{}, nil, nil, nil
	p.log.anew()
	if !p.shown || p.reader == nil {
		return nil
	}
	gen := p.gen
	return tea.Tick(p.Settle, func(time.Time) tea.Msg { return settledMsg{gen} })
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

// Refresh reads again what grows old, and whatever could not be read, when that
// is due.
func (p *Pane) Refresh() tea.Cmd {
	if cmd := p.catchUp(); cmd != nil {
		return cmd
	}
	if !p.loaded || p.now().Sub(p.lastAt) < p.period() || (p.err == nil && !p.ages()) {
		return nil
	}
	p.lastAt = p.now()
	if p.view == Logs {
		if !p.log.follow { // somebody reads what there is
			return nil
		}
		p.gen++
		p.again = true // the error stays until there is a line
		p.log.anew()
	}
	return p.fetch()
}

// Due is when Refresh has something to do, the zero time for never.
func (p *Pane) Due() time.Time {
	switch {
	case !p.loaded:
		return time.Time{}
	case p.behind && p.view == Why:
		return p.lastAt.Add(breath)
	case p.err != nil, p.ages():
		return p.lastAt.Add(p.period())
	}
	return time.Time{}
}

// period is how long what is shown may be old. Trouble that has lasted says
// nothing new.
func (p *Pane) period() time.Duration {
	if since := p.target.Status.Since; p.view == Why && p.err == nil && !since.IsZero() && p.now().Sub(since) > lasting {
		return seldom
	}
	return refresh
}

// ages reports whether what is shown is soon no longer true. A workspace that
// is well is explained once: what changes it comes with the list.
func (p *Pane) ages() bool {
	switch p.view {
	case Events, Objects:
		return true
	case Why:
		return p.target.Status.Phase == workspace.Starting || !p.target.Status.Healthy()
	case Logs, YAML, tabs:
	}
	return false
}

// catchUp explains a workspace again that has changed meanwhile.
func (p *Pane) catchUp() tea.Cmd {
	if !p.behind || p.view != Why || !p.loaded || p.now().Sub(p.lastAt) < breath {
		return nil
	}
	p.behind, p.lastAt = false, p.now()
	return p.fetch()
}

// alike reports whether a workspace says the same of itself as before.
func alike(a, b workspace.Workspace) bool {
	return a.Pod == b.Pod && a.Restarts == b.Restarts && a.Timeline == b.Timeline && reflect.DeepEqual(a.Status, b.Status)
}

// runOf names a container's run: a restarted one has another log.
func runOf(w workspace.Workspace) string { return fmt.Sprint(w.Pod, "/", w.Restarts) }

func (p *Pane) fetch() tea.Cmd {
	if p.reader == nil {
		return nil
	}
	w, gen, r := p.target, p.gen, p.reader
	var load func(ctx context.Context) tea.Msg
	switch p.view {
	case Why:
		load = func(ctx context.Context) tea.Msg {
			account, err := r.Why(ctx, w)
			return loadedMsg{gen: gen, account: account, err: err}
		}
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
		lines := p.log.ring
		o := LogOptions{Follow: !p.previous, Previous: p.previous, Container: p.container, Lost: lines.lose}
		load = func(ctx context.Context) tea.Msg { return logEndMsg{gen, r.Logs(ctx, w, o, lines.add)} }
	case tabs:
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
	lines, gen := p.log.ring, p.gen
	cmd, cancel := p.spawn(func(ctx context.Context) tea.Msg { return logMsg{gen, lines.wait(ctx)} })
	p.unwait = cancel
	return cmd
}
