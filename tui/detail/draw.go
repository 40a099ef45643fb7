package detail

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/theme"
	"github.com/berth-sh/berth/workspace"
)

// Scene is the room and the look.
type Scene struct {
	Theme   theme.Theme
	Now     time.Time
	W, H    int
	Focused bool
	Away    bool // the cluster does not answer
	Use     Use  // of the workspace that is shown
}

// Draw returns the pane: its title line and H-1 lines of the tab.
func (p *Pane) Draw(s Scene) []string {
	p.height = max(1, s.H-1)
	width := max(1, s.W-2)
	p.log.size(width, p.height)
	var body []string
	switch {
	case !p.shown:
		p.last = 0
	case p.tab == Logs:
		body = p.drawLogs(s, width)
	default:
		all := p.content(s, width)
		p.last = max(0, len(all)-p.height)
		p.top = max(0, min(p.top, p.last))
		body = all[p.top:]
	}
	lines := []string{p.title(s)}
	for _, line := range body {
		lines = append(lines, " "+line)
	}
	return cells.Block(lines, s.W, s.H)
}

func (p *Pane) content(s Scene, width int) []string {
	switch {
	case p.tab == Why:
		return p.why(s, width)
	case p.reader == nil:
		return []string{s.Theme.Muted.Paint("not available here")}
	case p.err != nil:
		return failure(s, p.err, width)
	case !p.loaded:
		return []string{s.Theme.Muted.Paint("loading…")}
	}
	switch p.tab {
	case Events:
		return p.drawEvents(s, width)
	case Objects:
		return p.drawObjects(s, width)
	case YAML:
		return p.drawYAML(s)
	case Why, Logs, tabs:
	}
	return nil
}

// title is the line that separates the pane from the list.
func (p *Pane) title(s Scene) string {
	t := s.Theme
	if !p.shown {
		return t.Muted.Paint(strings.Repeat("─", max(0, s.W)))
	}
	name := t.Strong
	if s.Focused {
		name = t.Accent
	}
	line := " " + name.Paint(p.name(s)) + t.Muted.Paint(lead)
	for tab := Why; tab < tabs; tab++ {
		ink := t.Muted
		if tab == p.tab {
			ink = t.Strong
			if s.Focused {
				ink = t.Accent.Plus("1;4")
			}
		}
		line += ink.Paint(p.tabText(s, tab)) + "  "
	}
	line = strings.TrimSuffix(line, " ")
	for _, right := range p.stands(s) {
		if fill := s.W - cells.Width(line) - cells.Width(right); fill >= 0 {
			return line + t.Muted.Paint(strings.Repeat("─", fill)) + right
		}
	}
	return cells.Fit(line, s.W)
}

// lead stands between the name and the tabs.
const lead = " ─ "

func (p *Pane) name(s Scene) string { return cells.Cut(p.target.Name, max(4, s.W-36)) }

// tabText is a tab's title. Without colour the one that is shown needs another
// sign.
func (p *Pane) tabText(s Scene, tab Tab) string {
	if tab == p.tab && (s.Theme.Muted == "" || s.Theme.Words) {
		return "[" + tab.String() + "]"
	}
	return tab.String()
}

// TabAt returns the tab whose title is at a column of the title line.
func (p *Pane) TabAt(s Scene, x int) (Tab, bool) {
	at := 1 + cells.Width(p.name(s)) + cells.Width(lead)
	for tab := Why; tab < tabs && p.shown; tab++ {
		w := cells.Width(p.tabText(s, tab))
		if x >= at && x < at+w {
			return tab, true
		}
		at += w + 2
	}
	return 0, false
}

// stands is what the right end of the title says of the view, the longest first.
func (p *Pane) stands(s Scene) []string {
	found, below := p.found(s), p.last-p.top
	switch {
	case p.tab == Logs:
		words := p.logState()
		var all []string
		for i := range words {
			state := s.Theme.Muted.Paint(" " + strings.Join(words[i:], " · ") + " ")
			if i == 0 {
				all = append(all, found+state)
			}
			all = append(all, state)
		}
		return all
	case below > 0:
		more := s.Theme.Muted.Paint(fmt.Sprintf(" ↓ %d more ", below))
		return []string{found + more, cmp.Or(found, more)}
	}
	return []string{found}
}

// indent wraps text behind a mark of two cells.
func indent(mark, text string, ink theme.Ink, width int) []string {
	var lines []string
	for i, line := range cells.Wrap(text, width-2) {
		if i > 0 {
			mark = "  "
		}
		lines = append(lines, mark+ink.Paint(line))
	}
	return lines
}

func failure(s Scene, err error, width int) []string {
	var lines []string
	for _, line := range cells.Wrap(workspace.SafeText(err.Error()), width) {
		lines = append(lines, s.Theme.Bad.Paint(line))
	}
	for _, line := range cells.Wrap(workspace.SafeText(workspace.HintOf(err)), width) {
		lines = append(lines, s.Theme.Muted.Paint(line))
	}
	return lines
}
