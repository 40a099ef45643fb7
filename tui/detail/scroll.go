package detail

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// Scroll moves the view by n lines, down for positive ones. In the log it
// decides about following: away from the end nothing moves by itself, and
// reaching the end follows again.
func (p *Pane) Scroll(n int) {
	if p.tab != Logs {
		p.top = max(0, min(p.top+n, p.last))
		return
	}
	_, total, _ := p.log.read(0, 0)
	if p.follow {
		p.left = total
	} else {
		p.back += total - p.seen
	}
	p.seen = total
	p.back = max(0, min(p.back-n, p.log.len()-p.height))
	p.follow = p.back == 0
}

// Page scrolls by n screens.
func (p *Pane) Page(n int) { p.Scroll(n * max(1, p.height-1)) }

// Ends scrolls to the first or to the last line.
func (p *Pane) Ends(last bool) {
	if last {
		p.Scroll(1 << 20)
		return
	}
	p.Scroll(-1 << 20)
}

// Follow turns following of the log on or off.
func (p *Pane) Follow() {
	if p.follow = !p.follow; p.follow {
		p.back = 0
	} else {
		_, p.seen, _ = p.log.read(0, 0)
		p.left = p.seen
	}
}

// Wrap turns wrapping of long lines on or off.
func (p *Pane) Wrap() { p.wrap = !p.wrap }

// Previous switches between the log of this container and of the one before.
func (p *Pane) Previous() tea.Cmd {
	p.previous = !p.previous
	p.back, p.follow = 0, true
	return p.load()
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimRight(text, "\n"), "\n")
}
