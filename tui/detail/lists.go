package detail

import (
	"fmt"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/theme"
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

// drawYAML marks what is looked for.
func (p *Pane) drawYAML(s Scene) []string {
	if !p.find.on() {
		return p.yaml
	}
	lines := make([]string, len(p.yaml))
	for i, line := range p.yaml {
		match := s.Theme.Match
		if i == p.at {
			match = s.Theme.Button
		}
		lines[i] = p.find.paint(line, theme.Ink(""), match)
	}
	return lines
}

// found says in the title what is looked for, and where that is.
func (p *Pane) found(s Scene) string {
	text, nth, of := p.Finding()
	if text == "" {
		return ""
	}
	ink := s.Theme.Strong
	if of == 0 {
		ink = s.Theme.Bad
	}
	return " " + ink.Paint(fmt.Sprintf("/%s %d/%d", cells.Cut(text, 16), nth, of)) + " "
}
