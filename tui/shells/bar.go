package shells

import (
	"fmt"
	"strings"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/tui/theme"
)

// part is one tab in the bar.
type part struct {
	tab  *Tab
	text string // plain
	mark string
	ink  theme.Ink // of the mark
}

// Bar draws the tabs as one line and leaves room for right, which is painted
// already. The current one is always in it.
func (d *Deck) Bar(s Scene, right string) string {
	room := s.W - cells.Width(right) - 1
	line := ""
	for _, p := range d.fit(s, room) {
		ink := s.Theme.Muted
		if p.tab == d.current {
			ink = s.Theme.Strong
		}
		if p.tab == nil {
			line += s.Theme.Muted.Paint(p.text)
			continue
		}
		line += ink.Paint(p.text) + p.ink.Paint(p.mark) + "  "
	}
	if s.Rule {
		n := s.W - cells.Width(line) - cells.Width(right) - 2
		line += s.Theme.Muted.Paint(strings.Repeat("─", max(0, n)))
	}
	return cells.Spread(line, right+" ", s.W)
}

// parts describes the tabs.
func (d *Deck) parts(s Scene) []part {
	parts := make([]part, len(d.tabs))
	for i, t := range d.tabs {
		p := part{tab: t, text: fmt.Sprintf(" %d %s", i+1, t.Name())}
		if title := t.Title(); t == d.current && title != "" {
			p.text += " " + title
		}
		p.mark, p.ink = t.mark(s)
		parts[i] = p
	}
	return parts
}

// mark is what a tab has to say: one glyph, "" for nothing.
func (t *Tab) mark(s Scene) (string, theme.Ink) {
	st := t.Status()
	switch {
	case st.Phase == term.Connecting:
		return " " + theme.Spin(s.Spin), s.Theme.Busy
	case st.Phase == term.Lost, st.Phase == term.Failed:
		return " ✕", s.Theme.Bad
	case st.Phase == term.Ended:
		return " –", s.Theme.Muted
	case st.Stalled:
		return " !", s.Theme.Busy
	case t.bell:
		return " ♪", s.Theme.Busy
	case t != t.deck.current && t.session.Generation() != t.seen:
		return " +", s.Theme.Muted
	}
	return "", ""
}

// fit returns the parts that fit, with a sign at each end where some do not.
func (d *Deck) fit(s Scene, room int) []part {
	parts := d.parts(s)
	width := func(ps []part) int {
		n := 0
		for _, p := range ps {
			n += cells.Width(p.text+p.mark) + 2
		}
		return n
	}
	now := 0
	for i, p := range parts {
		if p.tab == d.current {
			now = i
		}
	}
	from, to := 0, len(parts)
	const more = 2
	for to-from > 1 && width(parts[from:to])+2*more > room && width(parts) > room {
		if now-from > to-1-now {
			from++
		} else {
			to--
		}
	}
	out := append([]part(nil), parts[from:to]...)
	if from > 0 {
		out = append([]part{{text: " …"}}, out...)
	}
	if to < len(parts) {
		out = append(out, part{text: " …"})
	}
	return out
}

// At returns the tab at column x of the bar, nil for none.
func (d *Deck) At(s Scene, x, right int) *Tab {
	at := 0
	for _, p := range d.fit(s, s.W-right-1) {
		w := cells.Width(p.text + p.mark)
		if p.tab != nil {
			w += 2
		}
		if x >= at && x < at+w {
			return p.tab
		}
		at += w
	}
	return nil
}

// Stalled reports for how long the current shell has not answered, "" when it
// does.
func (d *Deck) Stalled() bool { return d.current != nil && d.current.Status().Stalled }

// Place says where the view is while somebody looks around, "" else.
func (d *Deck) Place() string {
	if t := d.current; t != nil && t.look != nil {
		return t.look.place(t.session.Frame().Total)
	}
	return ""
}
