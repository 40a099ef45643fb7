package detail

import (
	"fmt"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/theme"
	"github.com/berth-sh/berth/workspace"
)

func (p *Pane) drawEvents(s Scene, width int) []string {
	if len(p.events) == 0 {
		return []string{s.Theme.Muted.Paint("no events; the cluster keeps them for about an hour")}
	}
	var lines []string
	for _, e := range p.events {
		ink := theme.Ink("")
		if e.Type == "Warning" {
			ink = s.Theme.Bad
		}
		head := cells.Fit(cells.Since(e.Time, s.Now), 5) + cells.Fit(e.Reason, 20) + " "
		text := e.Message
		if e.Count > 1 {
			text = fmt.Sprintf("%s (%d times)", text, e.Count)
		}
		rest := width - cells.Width(head)
		if rest < 20 {
			lines = append(lines, ink.Paint(cells.Cut(head, width)), "  "+cells.Cut(text, width-2))
			continue
		}
		for i, line := range cells.Wrap(text, rest) {
			if i > 0 {
				head = cells.Spaces(cells.Width(head))
			}
			lines = append(lines, ink.Paint(head)+line)
		}
	}
	return lines
}

func (p *Pane) drawObjects(s Scene, width int) []string {
	var lines []string
	for _, o := range p.objects {
		ink := s.Theme.Plain
		if o.State == "missing" || o.State == "no permission" {
			ink = s.Theme.Bad
		}
		line := cells.Fit(o.Kind, 22) + " " + cells.Fit(o.Name, 24) + " " + ink.Paint(cells.Fit(o.State, 14)) + " "
		if o.Age > 0 {
			line += cells.Fit(cells.Age(o.Age), 5)
		} else {
			line += cells.Fit("–", 5)
		}
		lines = append(lines, cells.Cut(line+s.Theme.Muted.Paint(o.Detail), width))
	}
	return lines
}

func (p *Pane) drawLogs(s Scene, width int) []string {
	if p.reader == nil {
		return []string{s.Theme.Muted.Paint("not available here")}
	}
	back := p.back
	if _, total, _ := p.log.read(0, 0); !p.follow { // what arrived since must not push the view
		back += max(0, total-p.seen)
	}
	lines, _, _ := p.log.read(back, p.height)
	var out []string
	for _, l := range lines {
		out = append(out, p.logLine(s, l, width)...)
	}
	if len(out) == 0 && p.err == nil {
		text := "no lines yet…"
		if p.logEnd {
			text = "the log is empty"
		}
		out = append(out, s.Theme.Muted.Paint(text))
	}
	if p.err != nil && p.follow {
		out = append(out, failure(s, p.err, width)...)
	}
	return out[max(0, len(out)-p.height):]
}

func (p *Pane) logLine(s Scene, l workspace.LogLine, width int) []string {
	stamp := ""
	if !l.Time.IsZero() && width > 50 {
		stamp = l.Time.Local().Format("15:04:05 ")
	}
	if !p.wrap {
		return []string{s.Theme.Muted.Paint(stamp) + cells.Cut(l.Text, width-len(stamp))}
	}
	var lines []string
	for _, line := range cells.Wrap(l.Text, width-len(stamp)) {
		lines = append(lines, s.Theme.Muted.Paint(stamp)+line)
		stamp = cells.Spaces(len(stamp))
	}
	return lines
}
