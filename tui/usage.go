package tui

// What workspaces use. The policy:
//
//   - One request each fifteen seconds tells all rows of the namespace that is
//     shown; none while nobody has pressed a key for a minute, or while a shell
//     has the screen.
//   - Where the metrics of all namespaces may not be had, those of the selected
//     row's namespace are asked for.
//   - A cluster without metrics is asked again after ten minutes, or when
//     another namespace is shown. It is no error: the amounts stay "n/a".
//   - The samples live here and not in the snapshot, so that they rebuild no
//     rows; those of workspaces that are gone are dropped.
//   - How full a home is, is asked of a workspace that is looked at and has a
//     shell open, once a minute, over that shell's connection.

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/workspace"
)

const (
	usageEvery   = 15 * time.Second
	usageSeldom  = 10 * time.Minute // where there are no metrics
	usageIdle    = time.Minute      // without a key
	usageSamples = 24               // kept of each workspace
	homeEvery    = time.Minute
)

// ErrNoMetrics is what a Meter returns, wrapped, where there are none.
var ErrNoMetrics = errors.New("no metrics")

// Meter measures what workspaces use. Calls may block until ctx ends.
type Meter interface {
	// Usage tells the workspaces of a namespace, "" for all. An error that wraps
	// ErrNoMetrics says that there is nothing to be had for now.
	Usage(ctx context.Context, namespace string) (map[workspace.Ref]workspace.Usage, error)
	// Home tells how full a workspace's home is over a connection that is open
	// anyway; ok is false where there is none. It never opens one.
	Home(ctx context.Context, w workspace.Workspace) (u workspace.HomeUsage, ok bool)
}

// meter is what is known of the use of workspaces.
type meter struct {
	samples map[workspace.Key][]workspace.Usage // the newest last
	homes   map[workspace.Key]workspace.HomeUsage

	of      string    // the namespace that is shown
	narrow  bool      // metrics of all namespaces may not be had
	next    time.Time // when usage is asked again
	asking  bool
	homeAt  time.Time // when a home was asked last
	homeOf  workspace.Key
	touched time.Time // the last key or click
}

// usageOf returns what a workspace uses, false when that is not known.
func (m *meter) usageOf(key workspace.Key) (workspace.Usage, bool) {
	s := m.samples[key]
	if len(s) == 0 {
		return workspace.Usage{}, false
	}
	return s[len(s)-1], true
}

// measures reports whether anything is asked at the moment.
func (a *App) measures() bool {
	return a.cfg.Meter != nil && a.snap.Synced && a.now().Sub(a.meter.touched) <= usageIdle && (!a.shell.focus || a.splits())
}

// measure asks what is due.
func (a *App) measure() tea.Cmd {
	if !a.measures() {
		return nil
	}
	return tea.Batch(a.measureUsage(), a.measureHome())
}

// measureDue is when measure has something to ask, the zero time where it has
// not. What is overdue is given a moment, in which most often more comes to be
// due.
func (a *App) measureDue() time.Time {
	if !a.measures() {
		return time.Time{}
	}
	usage, home := a.usageDue(), a.homeDue()
	if usage.IsZero() || !home.IsZero() && home.Before(usage) {
		usage = home
	}
	if soon := a.now().Add(time.Second); !usage.IsZero() && usage.Before(soon) {
		return soon
	}
	return usage
}

// usageDue is when usage is asked next, the zero time where it is not.
func (a *App) usageDue() time.Time {
	switch m := &a.meter; {
	case m.asking || a.counted[1] == 0:
		return time.Time{}
	case m.of != a.snap.Namespace || m.next.IsZero():
		return a.now()
	default:
		return m.next
	}
}

func (a *App) measureUsage() tea.Cmd {
	m, namespace := &a.meter, a.snap.Namespace
	if due := a.usageDue(); due.IsZero() || a.now().Before(due) {
		return nil
	}
	if m.of != namespace {
		m.of, m.narrow = namespace, false
	}
	m.asking = true
	ask := namespace
	if w, ok := a.selected(); ok && m.narrow {
		ask = w.Namespace
	}
	return a.do(func(ctx context.Context) tea.Msg {
		usage, err := a.cfg.Meter.Usage(ctx, ask)
		return runMsg{func() tea.Cmd { a.takeUsage(namespace, usage, err); return nil }}
	})
}

// takeUsage keeps the newest samples of the workspaces that there are.
func (a *App) takeUsage(namespace string, usage map[workspace.Ref]workspace.Usage, err error) {
	m := &a.meter
	m.asking = false
	if namespace != m.of {
		return
	}
	m.next = a.now().Add(usageEvery)
	if err != nil {
		if errors.Is(err, ErrNoMetrics) && namespace == "" && !m.narrow {
			m.narrow, m.next = true, a.now()
			return
		}
		if errors.Is(err, ErrNoMetrics) {
			m.next = a.now().Add(usageSeldom)
			m.samples = nil
			a.live.SetUsage(m.usageOf)
		}
		return
	}
	kept := make(map[workspace.Key][]workspace.Usage, len(usage))
	for i := range a.snap.Workspaces {
		w := &a.snap.Workspaces[i]
		u, ok := usage[w.Ref]
		if !ok || w.Deleted() {
			continue
		}
		samples := m.samples[w.Key()]
		if n := len(samples); n == 0 || !samples[n-1].At.Equal(u.At) || u.At.IsZero() {
			samples = append(samples, u)
		}
		kept[w.Key()] = samples[max(0, len(samples)-usageSamples):]
	}
	m.samples = kept
	a.live.SetUsage(m.usageOf)
}

// homeDue is when a home is asked next, the zero time where none is.
func (a *App) homeDue() time.Time {
	m := &a.meter
	w, ok := a.pane.Target()
	switch {
	case !ok || a.pane.Tab() != detail.Why || a.shell.deck == nil || a.shell.deck.Find(w.Key()) == nil:
		return time.Time{}
	case m.homeOf != w.Key():
		return a.now()
	default:
		return m.homeAt.Add(homeEvery)
	}
}

func (a *App) measureHome() tea.Cmd {
	m := &a.meter
	if due := a.homeDue(); due.IsZero() || a.now().Before(due) {
		return nil
	}
	w, _ := a.pane.Target()
	m.homeOf, m.homeAt = w.Key(), a.now()
	return a.do(func(ctx context.Context) tea.Msg {
		u, ok := a.cfg.Meter.Home(ctx, w)
		return runMsg{func() tea.Cmd {
			if ok {
				if m.homes == nil {
					m.homes = map[workspace.Key]workspace.HomeUsage{}
				}
				m.homes[w.Key()] = u
			}
			return nil
		}}
	})
}

// usageScene is what the pane shows of a workspace's use.
func (a *App) usageScene() detail.Use {
	w, ok := a.pane.Target()
	if !ok || a.cfg.Meter == nil {
		return detail.Use{}
	}
	return detail.Use{Known: true, Samples: a.meter.samples[w.Key()], Home: a.meter.homes[w.Key()]}
}
