package dialog

// The list of a question about several workspaces. Each line is bound to an
// identity; one whose workspace changes or goes is taken off and counted. The
// list scrolls when it is longer than its room.

import (
	"fmt"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/workspace"
)

// Listed is one workspace of a question about several.
type Listed struct {
	Key  workspace.Key
	Text string
}

// most is how many lines of the list are shown at once.
const most = 8

// watchList takes what has gone off the list.
func (c *Confirm) watchList(find func(workspace.Key) (workspace.Workspace, bool)) {
	if len(c.List) == 0 {
		return
	}
	kept := c.List[:0:0]
	for _, l := range c.List {
		if _, ok := find(l.Key); ok {
			kept = append(kept, l)
		}
	}
	c.lost += len(c.List) - len(kept)
	c.List = kept
	if len(kept) == 0 {
		c.gone = "all of them have changed or gone meanwhile; nothing was done"
	}
}

// scroll moves the list by a key and reports whether the key does that.
func (c *Confirm) scroll(key string) bool {
	n := map[string]int{"up": -1, "down": 1, "pgup": -c.shown, "pgdown": c.shown}[key]
	if n == 0 || len(c.List) <= c.shown {
		return false
	}
	c.Scroll(n)
	return true
}

// Scroll moves the list.
func (c *Confirm) Scroll(n int) { c.top = max(0, min(c.top+n, len(c.List)-c.shown)) }

// drawList returns as much of the list as there is room for besides others.
func (c *Confirm) drawList(s Scene, others, width int) []string {
	if len(c.List)+c.lost == 0 {
		return nil
	}
	c.shown = max(1, min(most, len(c.List), s.H-2-others))
	c.top = max(0, min(c.top, len(c.List)-c.shown))
	var lines []string
	for _, l := range c.List[c.top:min(len(c.List), c.top+c.shown)] {
		lines = append(lines, s.Theme.Strong.Paint(cells.Cut("  "+l.Text, width)))
	}
	if n := len(c.List) - c.shown; n > 0 {
		lines = append(lines, s.Theme.Muted.Paint(fmt.Sprintf("  and %d more, ↑↓ shows them", n)))
	}
	if c.lost > 0 {
		lines = append(lines, s.Theme.Bad.Paint(cells.Cut(fmt.Sprintf("  %d changed or gone meanwhile: left alone", c.lost), width)))
	}
	return lines
}
