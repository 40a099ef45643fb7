package tui

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/workspace"
)

const (
	toastFor = 3 * time.Second
	undoFor  = 10 * time.Second
	errorLog = 100 // errors kept
)

// toast is one line at the lower right corner.
type toast struct {
	text    string
	short   string    // instead of text, where there is no room for it; "" is the same cut off
	until   time.Time // zero when sticky
	sticky  bool      // an error: stays until a key or until superseded
	refusal bool      // of the last key: the next one takes it away
}

// logged is one entry of the error log.
type logged struct {
	at   time.Time
	what string
	err  error
}

// say shows an information for three seconds.
func (a *App) say(text string) {
	a.toast = toast{text: workspace.Safe(text), until: a.now().Add(toastFor)}
}

// refuse says why a key did nothing. What it would have done goes first where
// there is no room for both.
func (a *App) refuse(what, reason string) {
	a.say(reason)
	a.toast.refusal = true
	if what != "" {
		a.toast.text, a.toast.short = workspace.Safe(what)+": "+a.toast.text, a.toast.text
	}
}

// fail shows an error and keeps it in the log.
func (a *App) fail(what string, err error) {
	a.logError(what, err)
	a.alarm(what + ": " + err.Error())
	a.toast.short = workspace.Safe(err.Error()) // why it failed says more than what has
}

// logError keeps an error in the log.
func (a *App) logError(what string, err error) {
	a.errors = append(a.errors, logged{a.now(), what, err})
	a.errors = a.errors[max(0, len(a.errors)-errorLog):]
}

// alarm shows an error until a key comes.
func (a *App) alarm(text string) { a.toast = toast{text: workspace.Safe(text), sticky: true} }

// toastText writes the toast in a number of cells.
func (a *App) toastText(room int) string {
	t, sign, more := a.toast, "", ""
	switch {
	case t.text == "", !t.sticky && !a.now().Before(t.until):
		return ""
	case t.sticky && a.shell.focus: // E is a letter for the shell
		sign = "✕ "
	case t.sticky:
		sign, more = "✕ ", "  E more"
	}
	room = max(10, room-len(more))
	text := sign + t.text
	if t.short != "" && cells.Width(text) > room {
		text = sign + t.short
	}
	if text = cells.Cut(text, room); t.sticky {
		text = a.theme.Bad.Paint(text)
	}
	return text + a.theme.Muted.Paint(more)
}

// offer shows an information with a way back for ten seconds.
func (a *App) offer(text string, undo func() tea.Cmd) {
	a.say(text + " · u undo")
	a.toast.until = a.now().Add(undoFor)
	a.undo, a.undoBy = undo, a.now().Add(undoFor)
}

// canUndo reports whether there is something to undo, as a reason.
func (a *App) canUndo() string {
	if a.undo == nil || !a.now().Before(a.undoBy) {
		return "nothing to undo"
	}
	return ""
}

func (a *App) runUndo() tea.Cmd {
	undo := a.undo
	a.undo, a.toast = nil, toast{}
	return undo()
}

// lacking tells what the user may not read, all of it: the strip names the first.
func (a *App) lacking() []string {
	if len(a.snap.Denied) == 0 {
		return nil
	}
	lines := []string{a.theme.Strong.Paint("this list is partial")}
	for _, d := range a.snap.Denied {
		lines = append(lines, "  no permission to "+d.String())
	}
	return append(lines, a.theme.Muted.Paint("  hint: ask for the role berth-developer in the namespace"), "")
}

// showErrors opens the error log, the newest first.
func (a *App) showErrors() tea.Cmd {
	var lines []string
	if a.snap.Problem != "" { // the strip has no room for all of it
		lines = append(lines, a.theme.Strong.Paint("now"), "  "+a.snap.Problem)
		if a.snap.Hint != "" {
			lines = append(lines, a.theme.Muted.Paint("  hint: "+workspace.Safe(a.snap.Hint)))
		}
		lines = append(lines, "")
	}
	lines = append(lines, a.lacking()...)
	for i := len(a.errors) - 1; i >= 0; i-- {
		e := a.errors[i]
		lines = append(lines, a.theme.Muted.Paint(cells.Since(e.at, a.now())+" ago  ")+a.theme.Strong.Paint(e.what))
		lines = append(lines, "  "+workspace.SafeText(e.err.Error()))
		if hint := workspace.HintOf(e.err); hint != "" {
			lines = append(lines, a.theme.Muted.Paint("  hint: "+workspace.Safe(hint)))
		}
		lines = append(lines, "")
	}
	if a.cfg.LogPath != "" {
		lines = append(lines, a.theme.Muted.Paint("log file: "+a.cfg.LogPath))
	}
	a.open(&dialog.Text{Title: fmt.Sprintf("errors (%d)", len(a.errors)), Lines: lines})
	return nil
}
