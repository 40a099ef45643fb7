package tui

// How the list looks is kept from one run to the next. It is written a moment
// after it has changed, and at the end, never by the loop itself.

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/tui/table"
)

// Memory keeps how the list looks. What it was given it need not understand.
type Memory interface {
	// Recall returns what was kept; the zero Look when there is nothing that
	// can be used. It is called once, before the first frame.
	Recall() Look
	// Keep is called outside the program's loop, and once more when the program
	// has ended.
	Keep(ctx context.Context, l Look) error
}

// Look is how the list looks. Names are those of columns, tabs and groupings;
// unknown ones are passed over.
type Look struct {
	Sort           string `json:"sort,omitempty"`
	Reverse        bool   `json:"reverse,omitempty"`
	DeletedSort    string `json:"deletedSort,omitempty"`
	DeletedReverse bool   `json:"deletedReverse,omitempty"`
	Group          string `json:"group,omitempty"`
	Hidden         string `json:"hidden,omitempty"` // columns, separated by commas
	DeletedHidden  string `json:"deletedHidden,omitempty"`
	Tab            string `json:"tab,omitempty"`
	Split          int    `json:"split,omitempty"` // hundredths of the screen for the pane; 0 is the default
}

const (
	keepAfter = time.Second     // changes come in bunches
	keepFor   = 2 * time.Second // at the end of the program
)

// keepMsg says that what has changed is to be kept now.
type keepMsg struct{}

// lookNow says how the list looks now.
func (a *App) lookNow() Look {
	l := Look{Group: string(a.live.Grouped()), Tab: a.pane.Tab().String(), Split: a.split, Hidden: hiddenColumns(a.live), DeletedHidden: hiddenColumns(a.gone)}
	id, reverse := a.live.Sorted()
	l.Sort, l.Reverse = string(id), reverse
	id, reverse = a.gone.Sorted()
	l.DeletedSort, l.DeletedReverse = string(id), reverse
	return l
}

func hiddenColumns(t *table.Table) string {
	var names []string
	for _, id := range t.HiddenColumns() {
		names = append(names, string(id))
	}
	return strings.Join(names, ",")
}

// recall makes the list look as it did.
func (a *App) recall() {
	if a.cfg.Memory == nil {
		return
	}
	l := a.cfg.Memory.Recall()
	if g := table.Grouping(l.Group); g.Known() {
		a.live.GroupBy(g)
	}
	if l.Sort != "" {
		a.live.SetSort(table.ColumnID(l.Sort), l.Reverse)
	}
	if l.DeletedSort != "" {
		a.gone.SetSort(table.ColumnID(l.DeletedSort), l.DeletedReverse)
	}
	for _, name := range strings.Split(l.Hidden, ",") {
		a.live.Hide(table.ColumnID(name), true)
	}
	for _, name := range strings.Split(l.DeletedHidden, ",") {
		a.gone.Hide(table.ColumnID(name), true)
	}
	if l.Split >= paneLeast && l.Split <= paneMost {
		a.split = l.Split
	}
	for tab := detail.Why; tab <= detail.YAML; tab++ {
		if tab.String() == l.Tab {
			a.pane.SetTab(tab) // loads nothing: it shows no workspace yet
		}
	}
	a.kept = a.lookNow()
}

// keepSoon sees to it that a change is kept in a moment.
func (a *App) keepSoon() tea.Cmd {
	if a.cfg.Memory == nil || a.keeping || a.lookNow() == a.kept {
		return nil
	}
	a.keeping = true
	return tea.Tick(keepAfter, func(time.Time) tea.Msg { return keepMsg{} })
}

// keep writes what has changed.
func (a *App) keep() tea.Cmd {
	a.keeping = false
	l := a.lookNow()
	if l == a.kept {
		return nil
	}
	a.kept = l
	return a.do(func(ctx context.Context) tea.Msg {
		if err := a.cfg.Memory.Keep(ctx, l); err != nil {
			return runMsg{func() tea.Cmd { a.logError("remembering how the list looks", err); return nil }}
		}
		return nil
	})
}

// keepAtEnd writes what has changed since, after the loop has ended.
func (a *App) keepAtEnd() {
	l := a.lookNow()
	if a.cfg.Memory == nil || l == a.kept && !a.keeping {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), keepFor)
	defer cancel()
	_ = a.cfg.Memory.Keep(ctx, l) // there is no screen any more to tell it on
}
