package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/table"
	"github.com/berth-sh/berth/workspace"
)

// The smallest screen that is drawn.
const (
	minW = 40
	minH = 10
)

// rooms says which lines belong to what.
type rooms struct {
	strip  int // line for filter or banner; 0 when there is none
	list   int // first line of the table
	listH  int
	pane   int
	paneH  int
	footer int
}

// layout divides the screen. The pane goes first when the screen is low, but
// it gets the room of the list when it has the keys.
func (a *App) layout() rooms {
	r := rooms{list: 1, footer: a.h - 1}
	if a.stripNeeded() || a.h >= 14 {
		r.strip, r.list = 1, 2
	}
	end := a.h - 1
	if a.h >= 20 {
		end--
	}
	rest := max(0, end-r.list)
	switch {
	case a.focusPane && (a.zoom || rest < 14):
		r.paneH = rest
	case a.split > 0 && rest >= 11:
		r.paneH = max(5, min(rest-4, rest*a.split/100))
	case a.focusPane:
		r.paneH = rest * 3 / 5
	case rest >= 11:
		r.paneH = max(5, min(16, rest*2/5))
	}
	r.listH = rest - r.paneH
	r.pane = r.list + r.listH
	return r
}

// screen composes all lines and says where the cursor is.
func (a *App) screen() ([]string, *tea.Cursor) {
	if a.w < minW || a.h < minH {
		text := fmt.Sprintf("too small: %d×%d, at least %d×%d", a.w, a.h, minW, minH)
		return cells.Block([]string{text}, a.w, a.h), nil
	}
	lines := cells.Block(nil, a.w, a.h)
	var cursor *tea.Cursor
	if a.shell.focus {
		cursor = a.shellScreen(lines)
	} else {
		cursor = steady(a.listScreen(lines))
		a.plainLines(lines)
	}
	if n := len(a.dialogs); n > 0 {
		return a.overlay(lines, a.dialogs[n-1])
	}
	return lines, cursor
}

// steady is a cursor where something is typed. It does not blink: that would
// be output for ever.
func steady(at *dialog.Point) *tea.Cursor {
	if at == nil {
		return nil
	}
	c := tea.NewCursor(at.X, at.Y)
	c.Blink = false
	return c
}

// listScreen composes the screen of list and pane.
func (a *App) listScreen(lines []string) *dialog.Point {
	r := a.layout()
	lines[0] = cells.Fit(a.header(), a.w)
	var cursor *dialog.Point
	if r.strip > 0 {
		var text string
		text, cursor = a.strip(r.strip)
		lines[r.strip] = cells.Fit(text, a.w)
	}
	if r.listH > 0 {
		copy(lines[r.list:], a.list(r.listH))
	}
	if r.paneH > 0 {
		copy(lines[r.pane:], a.pane.Draw(a.paneScene(r.paneH)))
	}
	footer := ""
	if a.finding {
		footer, cursor = a.findLine(r.footer)
	} else {
		footer = a.footer()
	}
	lines[r.footer] = cells.Fit(footer, a.w)
	if cursor == nil {
		cursor = a.parked(r)
	}
	return cursor
}

func (a *App) paneScene(h int) detail.Scene {
	return detail.Scene{
		Theme: a.theme, Now: a.now(), W: a.w, H: h, Focused: a.focusPane, Away: !a.snap.StaleSince.IsZero(), Use: a.usageScene(),
	}
}

// list draws the table, or what stands there instead.
func (a *App) list(h int) []string {
	t := a.table()
	t.SetSize(a.w, h)
	if shown, _ := t.Counts(); shown == 0 {
		return cells.Block(a.empty(), a.w, h)
	}
	return t.Draw(table.Scene{
		Theme: a.theme, Now: a.now(), Spin: a.spin, Focused: !a.focusPane && !a.shell.focus,
		Job: func(k workspace.Key) string { return a.jobs[k] },
	})
}

// empty says why there is nothing to see and what to do about it.
func (a *App) empty() []string {
	t := a.theme
	line := func(s string) string { return "   " + cells.Cut(s, a.w-4) }
	key := func(k, s string) string { return "   " + t.Key.Paint(k) + "  " + cells.Cut(s, a.w-8-len(k)) }
	_, total := a.table().Counts()
	switch {
	case total > 0 && a.table().UnknownKey() != "":
		return append(append([]string{""}, paragraph("no workspace has a key or label "+workspace.Safe(a.table().UnknownKey())+"; keys: "+strings.Join(table.FilterKeys(), ", "), a.w)...), "", key("esc", "clear it"))
	case total > 0:
		return []string{"", line(fmt.Sprintf("none of %d workspaces matches the filter", total)), "", key("esc", "clear it")}
	case !a.snap.Synced && a.snap.Problem != "":
		lines := append([]string{""}, paragraph(a.snap.Problem, a.w)...)
		lines = append(append(lines, ""), line("nothing to show yet; trying again"))
		switch {
		case a.whenLogin() == "":
			lines = append(lines, "", key("L", "log in"))
		case a.snap.Hint != "":
			lines = append(append(lines, ""), paragraph(firstLine(a.snap.Hint), a.w)...)
		}
		return append(lines, "", key("C", "go to another context"), key("?", "help"), key("q", "quit"))
	case a.moving.namespace != nil && a.moving.in == "":
		return []string{"", line("looking " + where(*a.moving.namespace) + "…")}
	case a.moving.context != nil:
		return []string{"", line("connecting to " + workspace.Safe(*a.moving.context) + "…"), "", key("C", "go to another context")}
	case !a.snap.Synced:
		return []string{"", line("connecting to " + orElse(a.snap.Context, "the cluster") + "…"), "", key("C", "go to another context")}
	case a.showDeleted:
		return []string{"", line("no deleted workspaces here"), "", line("what is deleted keeps its home until it is purged"), "", key("D", "back to the list")}
	}
	return []string{
		"", "   " + t.Strong.Paint("no workspaces "+a.here()+" yet"), "",
		line("a workspace is a machine of your own in the cluster, reached by ssh"), "",
		key("c", "create the first one"), key("n", "look into another namespace"), key("?", "all keys"),
	}
}

// paragraph wraps a text between the list's margins.
func paragraph(text string, w int) []string {
	lines := cells.Wrap(text, max(1, w-6))
	for i := range lines {
		lines[i] = "   " + lines[i]
	}
	return lines
}

// here says where the list looks.
func (a *App) here() string {
	if names := a.namespaces(); len(names) > 1 {
		return "in " + strings.Join(names, ", ")
	}
	return where(a.snap.Namespace)
}

func where(namespace string) string {
	if namespace == "" {
		return "in any namespace"
	}
	return "in " + namespace
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
