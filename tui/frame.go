package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/shells"
	"github.com/berth-sh/berth/tui/term"
)

// The least time between two compositions of the screen. A key is answered
// sooner than what happens by itself.
const (
	frameEvery = 16 * time.Millisecond
	keyEvery   = 4 * time.Millisecond
)

// frame is the composed screen and when the next one is due.
type frame struct {
	dirty bool
	armed bool // a frameMsg is on its way
	every time.Duration
	last  time.Time // by the real clock, not by Config.Now
	typed bool      // the frame that is due answers a key
	view  tea.View

	early  early
	urgent bool // the frame that is due shows an echo
}

// arm asks for a frame later when the last one was a moment ago.
func (f *frame) arm() tea.Cmd {
	wait := f.wait()
	if !f.dirty || f.armed || wait <= 0 {
		return nil
	}
	f.armed = true
	return tea.Tick(wait, func(time.Time) tea.Msg { return frameMsg{} })
}

// wait returns how long the next frame has to wait.
func (f *frame) wait() time.Duration {
	every := f.every
	if f.typed {
		every = min(every, keyEvery)
	}
	return every - time.Since(f.last)
}

// View returns the screen; it is composed only when something changed.
func (a *App) View() tea.View {
	f := &a.frame
	if f.dirty && f.wait() <= 0 {
		f.view, f.dirty, f.urgent, f.typed = a.compose(), false, false, false
		f.last = time.Now()
	}
	f.view.AltScreen = true
	return f.view
}

func (a *App) compose() tea.View {
	v := tea.View{AltScreen: true, WindowTitle: a.title()}
	if a.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	if t := a.shellTab(); t != nil && a.shell.focus {
		a.shellView(&v, t)
	}
	if a.w <= 0 || a.h <= 0 {
		return v
	}
	lines, cursor := a.screen()
	a.frame.early.paint(lines, a.frame.urgent && len(a.dialogs) == 0, a.profile)
	v.Content = join(lines)
	v.Cursor = cursor
	return v
}

// shellView asks the terminal for what the program in a shell wants of its own.
func (a *App) shellView(v *tea.View, t *shells.Tab) {
	m := t.Modes()
	v.ReportFocus = m.Focus
	if a.mouse && m.Mouse == term.MouseMotion && len(a.dialogs) == 0 {
		v.MouseMode = tea.MouseModeAllMotion
	}
	v.WindowTitle = "berth · " + t.Workspace.Name
	if title := t.Title(); title != "" {
		v.WindowTitle += " · " + title
	}
}

func (a *App) title() string {
	if a.snap.Context == "" {
		return "berth"
	}
	return "berth · " + a.snap.Context
}

func join(lines []string) string {
	n := 0
	for _, l := range lines {
		n += len(l) + 1
	}
	b := make([]byte, 0, n)
	for i, l := range lines {
		if i > 0 {
			b = append(b, '\n')
		}
		b = append(b, l...)
	}
	return string(b)
}

// dialogScene is the room for dialogs.
func (a *App) dialogScene() dialog.Scene {
	return dialog.Scene{Theme: a.theme, W: a.w, H: a.h, Plain: a.cfg.Plain}
}
