// Package shells is the tabs of shells inside the program: which ones there
// are, how they look, and the mode in which one looks around in what a shell
// has printed.
//
// A shell belongs to a workspace, not to what is on the screen: it goes on when
// nobody looks. All of the deck belongs to the program's loop; what happens
// outside is told by one channel of capacity 1.
package shells

import (
	"context"
	"image/color"
	"slices"
	"time"

	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/workspace"
)

// Opener opens shells. It may block; it is called outside the program's loop.
type Opener interface {
	// OpenShell starts the user's shell in w. number tells the shells of one
	// workspace apart, from 1; the one that was opened with the same number
	// before is the one to find again when start says so. An error of kind
	// workspace.ErrUnreachable, or one that is term.ErrLost, is tried again.
	OpenShell(ctx context.Context, w workspace.Workspace, number int, start term.Start) (term.Shell, error)
}

// Deck is the tabs.
type Deck struct {
	Pause func(attempt int) time.Duration // before attempts to connect again; nil is term.Backoff

	opener  Opener
	now     func() time.Time
	history int
	colors  [2]color.Color

	tabs    []*Tab
	current *Tab // nil when there is none
	size    [2]int
	poked   chan struct{} // capacity 1: something has happened in some tab
	ending  []*term.Session
}

// New returns a deck without tabs. history is the number of lines that a shell
// keeps, 0 for the usual one.
func New(opener Opener, history int, now func() time.Time) *Deck {
	return &Deck{opener: opener, now: now, history: history, size: [2]int{24, 80}, poked: make(chan struct{}, 1)}
}

// Poked tells that Collect has something to do.
func (d *Deck) Poked() <-chan struct{} { return d.poked }

// Open opens another shell in a workspace and shows it.
func (d *Deck) Open(w workspace.Workspace) *Tab {
	number := 1
	for slices.ContainsFunc(d.tabs, func(t *Tab) bool { return t.Key() == w.Key() && t.Number == number }) {
		number++
	}
	t := &Tab{Workspace: w, Number: number, deck: d}
	t.session = term.NewSession(term.Options{
		Rows: d.size[0], Cols: d.size[1], History: d.history, Now: d.now, Colors: d.colors, Pause: d.Pause,
		Notify: func() {
			select {
			case d.poked <- struct{}{}:
			default:
			}
		},
		Open: func(ctx context.Context, start term.Start) (term.Shell, error) {
			return d.opener.OpenShell(ctx, w, number, start)
		},
	})
	at := len(d.tabs)
	for i, other := range d.tabs { // beside the others of its workspace
		if other.Key() == w.Key() {
			at = i + 1
		}
	}
	d.tabs = slices.Insert(d.tabs, at, t)
	d.show(t)
	return t
}

// show makes a tab the current one.
func (d *Deck) show(t *Tab) {
	if d.current != nil && d.current != t {
		d.current.Focus(false)
	}
	d.current = t
	t.bell = false
	t.shown = d.now()
	t.session.Resize(d.size[0], d.size[1])
}

// Current is the tab that is shown, nil when there is none.
func (d *Deck) Current() *Tab { return d.current }

// Tabs returns all tabs in order.
func (d *Deck) Tabs() []*Tab { return slices.Clone(d.tabs) }

// Find returns the tab of a workspace that was shown last, nil when there is
// none.
func (d *Deck) Find(key workspace.Key) *Tab {
	var last *Tab
	for _, t := range d.tabs {
		if t.Key() == key && (last == nil || t.shown.After(last.shown)) {
			last = t
		}
	}
	return last
}

// Select shows a tab.
func (d *Deck) Select(t *Tab) {
	if slices.Contains(d.tabs, t) {
		d.show(t)
	}
}

// Pick shows tab i, from 0, and reports whether there is one.
func (d *Deck) Pick(i int) bool {
	if i < 0 || i >= len(d.tabs) {
		return false
	}
	d.show(d.tabs[i])
	return true
}

// Step shows the tab that is n further on, around the end.
func (d *Deck) Step(n int) {
	if i := slices.Index(d.tabs, d.current); i >= 0 {
		d.show(d.tabs[((i+n)%len(d.tabs)+len(d.tabs))%len(d.tabs)])
	}
}

// Close ends a tab and its shell. Another one of the workspace is shown then,
// or none.
func (d *Deck) Close(t *Tab) {
	i := slices.Index(d.tabs, t)
	if i < 0 {
		return
	}
	t.session.Close()
	d.ending = append(d.ending, t.session)
	d.tabs = slices.Delete(d.tabs, i, i+1)
	if d.current == t {
		if d.current = nil; d.Find(t.Key()) != nil {
			d.show(d.Find(t.Key()))
		}
	}
}

// Count returns how many shells a workspace has, those that have ended left
// out.
func (d *Deck) Count(key workspace.Key) int {
	n := 0
	for _, t := range d.tabs {
		if t.Key() == key && t.Status().Phase != term.Ended {
			n++
		}
	}
	return n
}

// Counts returns how many shells each workspace has.
func (d *Deck) Counts() map[workspace.Key]int {
	counts := map[workspace.Key]int{}
	for _, t := range d.tabs {
		if n := d.Count(t.Key()); n > 0 {
			counts[t.Key()] = n
		}
	}
	return counts
}

// SetSize gives the terminals their room.
func (d *Deck) SetSize(rows, cols int) {
	d.size = [2]int{rows, cols}
	if d.current == nil {
		return
	}
	d.current.session.Resize(rows, cols)
	if l := d.current.look; l != nil {
		l.snap.SetHeight(rows)
	}
}

// SetColors tells the terminals what the outer one's colours are.
func (d *Deck) SetColors(foreground, background color.Color) {
	d.colors = [2]color.Color{foreground, background}
	for _, t := range d.tabs {
		t.session.SetColors(foreground, background)
	}
}

// Happened is an event of a tab.
type Happened struct {
	Tab *Tab
	term.Event
}

// Collect returns what has happened since the last call. Bells of tabs that
// nobody sees mark them.
func (d *Deck) Collect(visible bool) []Happened {
	var all []Happened
	for _, t := range d.tabs {
		for _, e := range t.session.Events() {
			if e.Kind == term.Bell && (!visible || t != d.current) {
				t.bell = true
			}
			all = append(all, Happened{t, e})
		}
		if visible && t == d.current {
			t.seen = t.session.Generation()
		}
	}
	return all
}

// Follow takes the workspaces as they are now. A shell that waits for its
// workspace to run is connected at once when it does.
func (d *Deck) Follow(find func(workspace.Key) (workspace.Workspace, bool)) {
	for _, t := range d.tabs {
		w, ok := find(t.Key())
		if !ok {
			continue
		}
		if w.Status.Phase == workspace.Running && t.Workspace.Status.Phase != workspace.Running {
			if p := t.Status().Phase; p == term.Lost || p == term.Failed || t.Unasked() {
				t.session.Reconnect()
			}
		}
		t.Workspace = w
	}
}

// End ends all tabs. With keep, shells that can go on without us do. The
// channel is closed when nothing runs any more.
func (d *Deck) End(keep bool) <-chan struct{} {
	for _, t := range d.tabs {
		if keep {
			t.session.Leave()
		} else {
			t.session.Close()
		}
		d.ending = append(d.ending, t.session)
	}
	d.tabs, d.current = nil, nil
	done := make(chan struct{})
	ending := d.ending
	go func() {
		defer close(done)
		for _, s := range ending {
			<-s.Done()
		}
	}()
	return done
}
