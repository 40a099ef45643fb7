package tui

// Plain is the program for screen readers and braille displays, and for whoever
// likes it calm:
//   - no lines, boxes, bars or spinners; states are words;
//   - a dialog has the screen to itself, from its upper left corner;
//   - the terminal's own cursor is on what has the focus, wherever that is;
//   - the mouse is left to the terminal.
// What a program in a shell draws is its own.

import (
	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/theme"
)

// restyle makes the theme anew.
func (a *App) restyle() {
	a.theme = theme.New(a.dark, a.profile)
	a.theme.Words = a.cfg.Plain
}

// plainLines takes what is drawn rather than written out of lines.
func (a *App) plainLines(lines []string) {
	if !a.cfg.Plain {
		return
	}
	for i := range lines {
		lines[i] = a.theme.Written(lines[i])
	}
}

// parked is where the cursor is when nothing is typed: on the focused row.
func (a *App) parked(r rooms) *dialog.Point {
	switch line, ok := a.table().CursorLine(); {
	case !a.cfg.Plain:
		return nil
	case a.focusPane:
		return &dialog.Point{X: 0, Y: r.pane}
	case ok && line < r.listH:
		return &dialog.Point{X: 1, Y: r.list + line}
	}
	return &dialog.Point{X: 0, Y: r.list}
}

// overlay lays a dialog over the screen, or, where it is to be plain, in place of
// it.
func (a *App) overlay(lines []string, d dialog.Dialog) ([]string, *tea.Cursor) {
	box, at, where := dialog.Frame(d.Draw(a.dialogScene()), a.dialogScene())
	if a.cfg.Plain {
		a.plainLines(box)
		lines = cells.Block(nil, a.w, a.h)
	}
	cells.Overlay(lines, box, at.X, at.Y)
	if said := a.toastText(a.w - 4); said != "" && (a.cfg.Plain || at.Y+len(box) >= a.h) { // its line is covered
		said = " " + a.theme.Written(said) + " "
		cells.Overlay(lines, []string{said}, max(0, a.w-cells.Width(said)-1), a.h-1)
	}
	return lines, steady(where)
}
