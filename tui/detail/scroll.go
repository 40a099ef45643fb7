package detail

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/workspace"
)

// Scroll moves the view by n lines, down for positive ones. In the log, moving
// up ends following.
func (p *Pane) Scroll(n int) {
	if p.tab == Logs {
		p.log.scroll(n)
		return
	}
	p.at = -1
	p.top = max(0, min(p.top+n, p.last))
}

// Page scrolls by n screens.
func (p *Pane) Page(n int) { p.Scroll(n * max(1, p.height-1)) }

// Ends scrolls to the first or to the last line; in the log, the last one is
// where lines come, so that it follows.
func (p *Pane) Ends(last bool) {
	switch {
	case p.tab != Logs && last:
		p.top = p.last
	case p.tab != Logs:
		p.top = 0
	case last:
		p.log.follow = true
	default:
		p.log.top()
	}
}

// Follow turns following of the log on or off.
func (p *Pane) Follow() {
	if p.log.follow {
		p.log.pause()
	} else {
		p.log.follow = true
	}
}

// Wrap turns wrapping of long lines on or off, and returns which.
func (p *Pane) Wrap() bool {
	p.log.wrap = !p.log.wrap
	p.log.skip = 0
	p.log.forget()
	return p.log.wrap
}

// Stamps shows or hides the time stamps of the log.
func (p *Pane) Stamps() {
	p.log.bare = !p.log.bare
	p.log.forget()
}

// Previous switches between the log of this container and of the one before.
func (p *Pane) Previous() tea.Cmd {
	p.previous = !p.previous
	return p.load()
}

// Container shows the log of one of the pod's containers, "" for the
// workspace's own.
func (p *Pane) Container(name string) tea.Cmd {
	if p.container == name {
		return nil
	}
	p.container, p.previous = name, false
	return p.load()
}

// Lines returns the lines of the log that are kept, and how many before them
// are not.
func (p *Pane) Lines() (lines []workspace.LogLine, dropped int) { return p.log.ring.since(0) }

// Find looks for a text in the log or in the YAML, "" for nothing.
func (p *Pane) Find(text string) {
	if p.tab == Logs {
		p.log.look(text)
		return
	}
	p.find, p.at = newFinder(text), -1
	if m := p.yamlMatches(); len(m) > 0 {
		i, _ := slices.BinarySearch(m, p.top)
		p.show(m[i%len(m)])
	}
}

// show scrolls to a line of the YAML with a match.
func (p *Pane) show(line int) {
	p.at = line
	if line < p.top || line >= p.top+p.height {
		p.top = max(0, min(line, p.last))
	}
}

// from is the line that jumps in the YAML start at.
func (p *Pane) from() int {
	if p.at >= 0 {
		return p.at
	}
	return p.top
}

// Finding returns what is looked for, and which match is shown of how many.
func (p *Pane) Finding() (text string, nth, of int) {
	switch p.tab {
	case Logs:
		if p.log.find.on() {
			nth, of = p.log.found()
		}
		return p.log.find.text, nth, of
	case YAML:
		m := p.yamlMatches()
		nth, _ = slices.BinarySearch(m, p.from()+1)
		return p.find.text, nth, len(m)
	case Why, Events, Objects, tabs:
	}
	return "", 0, 0
}

// Jump goes to the next match, or to the one before.
func (p *Pane) Jump(by int) {
	if p.tab == Logs {
		p.log.jump(by)
		return
	}
	m := p.yamlMatches()
	if len(m) == 0 {
		return
	}
	i, exact := slices.BinarySearch(m, p.from())
	switch {
	case by > 0 && exact:
		i++
	case by < 0:
		i--
	}
	p.show(m[(i+len(m))%len(m)])
}

// Only shows nothing but lines with a match, or all of them again.
func (p *Pane) Only() { p.log.only = !p.log.only }

// yamlMatches returns the numbers of the lines with a match.
func (p *Pane) yamlMatches() []int {
	if p.tab != YAML || !p.find.on() {
		return nil
	}
	var m []int
	for i, line := range p.yaml {
		if p.find.in(line) {
			m = append(m, i)
		}
	}
	return m
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimRight(text, "\n"), "\n")
}
