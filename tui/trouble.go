package tui

// What is wrong with the cluster, in one line: what it is, what happens next,
// and of when the data on the screen are.

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
)

// problem is why the cluster does not answer, and what to do about it, in a
// number of cells. What is wrong matters most, then a way to log in, then when it
// is tried again; the age of the data is in the header as well.
func (a *App) problem(room int) string {
	t := a.theme
	hint, offer := firstLine(a.snap.Hint), ""
	if a.whenLogin() == "" {
		hint, offer = "", " · L logs in"
	}
	text, tail := "✕ "+a.snap.Problem, offer
	again, age := a.again()
	whole := cells.Width(text)
	if more := offer + " · " + again; whole*3/5+cells.Width(more) <= room { // what is left of the text says enough
		tail = more
	}
	if more := tail + age; tail != offer && whole+cells.Width(more) <= room {
		tail = more
	}
	text = cells.Cut(text, max(0, room-cells.Width(tail)))
	line := t.Bad.Paint(text) + t.Muted.Paint(tail)
	if left := room - cells.Width(line) - 2; hint != "" && left > 12 {
		line += t.Muted.Paint("  " + cells.Cut(hint, left))
	}
	return line
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// again says when the cluster is asked again, and of when the data are.
func (a *App) again() (next, age string) {
	next = "retrying"
	if in := a.snap.Retry.Sub(a.now()); !a.snap.Retry.IsZero() && in > 0 {
		next = fmt.Sprintf("retrying in %d s", int((in+time.Second-1)/time.Second))
	}
	if since := a.snap.StaleSince; a.snap.Synced && !since.IsZero() {
		age = "; showing data from " + moment(since, a.now())
	}
	return next, age
}

// moment is a time of today, or of another day.
func moment(at, now time.Time) string {
	at, now = at.Local(), now.Local()
	if at.Year() == now.Year() && at.YearDay() == now.YearDay() {
		return at.Format("15:04")
	}
	return at.Format("Jan 2 15:04")
}

// logIn hands the terminal to what logs in.
func (a *App) logIn() tea.Cmd {
	a.say("logging in…")
	return a.do(func(context.Context) tea.Msg {
		cmd, err := a.cfg.Login.Login(a.ctx) // it outlives this command
		return doneMsg{what: "logging in", err: err, then: func(a *App) tea.Cmd { return a.handOver("logging in", cmd) }}
	})
}
