package tui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/keymap"
	"github.com/berth-sh/berth/tui/shells"
	"github.com/berth-sh/berth/tui/term"
)

// shellState is what the program knows of its shells besides the tabs.
type shellState struct {
	deck  *shells.Deck // nil when there are none to be had
	focus bool         // the shell has the keys and the screen
	split bool         // the list stays above it

	prefix   prefix
	chosen   string // the key of the action that runs
	deaf     deafness
	mayCopy  map[string]bool // what was answered, by workspace
	asking   bool            // that question is on the screen
	rang     time.Time       // when a bell was passed on
	dragging *drag
}

// shellRooms says which lines belong to what while a shell is shown.
type shellRooms struct {
	list, listH int // listH is 0 without a split
	bar         int
	term, termH int
	footer      int
}

// splitLeast is the lowest screen that can be split.
const splitLeast = 22

func (a *App) splits() bool { return a.shell.split && a.h >= splitLeast }

func (a *App) shellLayout() shellRooms {
	r := shellRooms{footer: a.h - 1}
	if a.splits() {
		r.list, r.listH = 1, max(5, (a.h-4)/4)
		r.bar = r.list + r.listH
	}
	r.term = r.bar + 1
	r.termH = max(1, r.footer-r.term)
	return r
}

// fitShell gives the terminals their room.
func (a *App) fitShell() {
	if a.shell.deck != nil && a.w > 0 && a.h > 0 {
		a.shell.deck.SetSize(a.shellLayout().termH, a.w)
	}
}

func (a *App) shellScene(h int) shells.Scene {
	return shells.Scene{Theme: a.theme, Now: a.now(), Spin: a.spin, W: a.w, H: h, Rule: a.splits()}
}

// shellScreen composes the screen while a shell has the keys.
func (a *App) shellScreen(lines []string) *tea.Cursor {
	r := a.shellLayout()
	if r.listH > 0 {
		lines[0] = cells.Fit(a.header(), a.w)
		copy(lines[r.list:], a.list(r.listH))
	}
	lines[r.bar] = a.shellBar()
	a.plainLines(lines[:r.term])
	rows, cursor := a.shell.deck.Draw(a.shellScene(r.termH))
	copy(lines[r.term:], rows)
	lines[r.footer] = a.theme.Written(cells.Fit(a.shellFooter(), a.w))
	if a.shell.prefix.shown {
		a.drawPrefix(lines)
	}
	if cursor == nil {
		return nil
	}
	c := tea.NewCursor(cursor.X, r.term+cursor.Y)
	c.Shape = map[term.CursorShape]tea.CursorShape{term.Block: tea.CursorBlock, term.Underline: tea.CursorUnderline, term.Bar: tea.CursorBar}[cursor.Shape]
	c.Blink = cursor.Blink
	return c
}

// shellBar is the tabs and where one is.
func (a *App) shellBar() string {
	return a.shell.deck.Bar(a.shellScene(1), a.shellPlace())
}

// shellPlace stands at the right end of the tabs.
func (a *App) shellPlace() string {
	if place := a.shell.deck.Place(); place != "" {
		return a.theme.Busy.Paint(place)
	}
	if t := a.shell.deck.Current(); t != nil && !a.splits() {
		w := t.Workspace
		return a.theme.Muted.Paint(cells.Cut(orElse(a.snap.Context, "no context"), a.w/4) + " ▸ " + cells.Cut(w.Namespace, a.w/4))
	}
	return ""
}

// shellFooter says who has the keys, in a word, and how to get away.
func (a *App) shellFooter() string {
	right := a.shellRight()
	if t := a.shell.deck.Current(); t != nil && t.Looking() {
		line := a.theme.Match.Paint(" SCROLL ") + " "
		return cells.Spread(line+a.lookKeys(a.w-cells.Width(line)-cells.Width(right)-2), right+" ", a.w)
	}
	line := a.shellLead()
	for _, action := range a.shellHints() {
		line += a.hint(action)
	}
	return cells.Spread(line, right+" ", a.w)
}

// shellLead is the beginning of a shell's footer.
func (a *App) shellLead() string {
	then := " then"
	if a.shell.prefix.on {
		then = " …"
	}
	return a.theme.Button.Paint(" SHELL ") + " " + a.theme.Key.Paint(a.cfg.Prefix) + a.theme.Muted.Paint(then)
}

// shellRight is the end of a shell's footer: what was said last, or that the
// workspace does not answer.
func (a *App) shellRight() string {
	right := a.toastText(a.w - cells.Width(a.shellLead()) - 2)
	if right == "" && a.shell.deck.Stalled() {
		return a.theme.Busy.Paint("! the workspace does not answer; " + a.cfg.Prefix + " r connects again")
	}
	return right
}

// shellHints are the actions of a shell's footer.
func (a *App) shellHints() []*keymap.Action {
	room := a.w - cells.Width(a.shellLead()) - cells.Width(a.shellRight()) - 2
	return a.fitting(slices.DeleteFunc(a.keys.All(keymap.Shell), func(action *keymap.Action) bool {
		return action.Hint == "" || action.Reason() != ""
	}), room)
}

// lookKeys are the keys of looking around, as many as there is room for.
func (a *App) lookKeys(room int) string {
	pairs := []string{"esc", "back", "↑↓", "move", "/", "find", "v", "select", "y", "copy", "g G", "ends"}
	for len(pairs) > 0 {
		if keys := dialog.Keys(a.theme, pairs...); cells.Width(keys) <= room {
			return keys
		}
		pairs = pairs[:len(pairs)-2]
	}
	return ""
}

// drawPrefix lists what may follow the prefix, over the lower right corner.
func (a *App) drawPrefix(lines []string) {
	box := dialog.Box{Title: "after " + a.cfg.Prefix, Width: 42}
	for _, action := range a.keys.All(keymap.Shell) {
		key := cells.Fit(shownKeys(action), 6)
		if reason := action.Reason(); reason != "" {
			box.Lines = append(box.Lines, a.theme.Muted.Paint(key+action.Title))
			continue
		}
		box.Lines = append(box.Lines, a.theme.Key.Paint(key)+action.Title)
	}
	box.Lines = append(box.Lines, a.theme.Key.Paint(cells.Fit("again", 6))+"the key itself, for the shell")
	drawn, _, _ := dialog.Frame(box, a.dialogScene())
	a.plainLines(drawn)
	cells.Overlay(lines, drawn, max(0, a.w-cells.Width(drawn[0])-1), max(0, a.h-1-len(drawn)))
}
