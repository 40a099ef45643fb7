package detail

import (
	"fmt"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/theme"
	"github.com/berth-sh/berth/workspace"
)

// logState is what the title says about the log, what matters most at the end.
func (p *Pane) logState() []string {
	dropped, _ := p.log.ring.bounds()
	var words []string
	if p.container != "" {
		words = append(words, "container "+p.container)
	}
	if p.previous {
		words = append(words, "previous run")
	}
	if dropped > 0 {
		words = append(words, fmt.Sprintf("%d older lines dropped", dropped))
	}
	if p.log.narrowed() {
		words = append(words, "only matches")
	}
	switch unseen := p.log.unseen(); {
	case !p.log.follow && unseen > 0:
		words = append(words, fmt.Sprintf("↓ %d new", unseen))
	case !p.log.follow:
		words = append(words, "paused")
	case p.logEnd:
		words = append(words, "ended")
	case p.log.ring.trouble() != nil:
		words = append(words, "reconnecting")
	default:
		words = append(words, "following")
	}
	return words
}

func (p *Pane) drawLogs(s Scene, width int) []string {
	if p.reader == nil {
		return []string{s.Theme.Muted.Paint("not available here")}
	}
	var tail []string // below the lines
	switch lost := p.log.ring.trouble(); {
	case p.err != nil && p.log.follow:
		tail = failure(s, p.err, width)
	case lost != nil && p.log.follow:
		text := "✕ the log has stopped: " + workspace.Safe(lost.Error()) + "; the rest comes when it can be had"
		tail = []string{s.Theme.Busy.Paint(cells.Cut(text, width))}
	}
	rows := p.log.screen()
	out := p.paintRows(s, rows)
	if len(out) == 0 && p.err == nil {
		text := "no lines yet…"
		switch {
		case p.log.narrowed():
			text = "no line has " + p.log.find.text + " in it"
		case p.logEnd:
			text = "the log is empty"
		case s.Away:
			text = "the cluster does not answer; the log comes when it does"
		}
		out = append(out, s.Theme.Muted.Paint(text))
	}
	out = append(out, tail...)
	return out[max(0, len(out)-p.height):]
}

// paintRows writes rows with their time, the matches marked.
func (p *Pane) paintRows(s Scene, rows []row) []string {
	var out []string
	for _, r := range rows {
		if p.log.marked(r.line) {
			if r.nth--; r.nth < 0 {
				out = append(out, s.Theme.Muted.Paint(r.text))
				continue
			}
		}
		l, _ := p.log.ring.line(r.line)
		stamp := ""
		switch {
		case !p.log.stamped() || l.Time.IsZero():
		case r.nth > 0:
			stamp = cells.Spaces(len(stampFormat))
		default:
			stamp = l.Time.Local().Format(stampFormat)
		}
		match := s.Theme.Match
		if r.line == p.log.at {
			match = s.Theme.Button
		}
		out = append(out, s.Theme.Muted.Paint(stamp)+p.log.find.paint(r.text, theme.Ink(""), match))
	}
	return out
}
