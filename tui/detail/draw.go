package detail

import (
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
	Use     Use // of the workspace that is shown
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
	line := " " + name.Paint(cells.Cut(p.target.Name, max(4, s.W-36))) + t.Muted.Paint(" ─ ")
	for tab := Why; tab < tabs; tab++ {
		ink := t.Muted
		text := tab.String()
		if tab == p.tab {
			ink = t.Strong
			if s.Focused {
				ink = t.Accent.Plus("1;4")
			}
			if t.Muted == "" || t.Words { // without colour the tab needs another sign
				text = "[" + text + "]"
			}
		}
		line += ink.Paint(text) + "  "
	}
	line = strings.TrimSuffix(line, " ")
	right := p.found(s)
	switch below := p.last - p.top; {
	case p.tab == Logs:
		right += p.logState(s)
	case below > 0:
		right += t.Muted.Paint(fmt.Sprintf(" ↓ %d more ", below))
	}
	fill := s.W - cells.Width(line) - cells.Width(right)
	if fill < 0 {
		return cells.Fit(line, s.W)
	}
	return line + t.Muted.Paint(strings.Repeat("─", fill)) + right
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
