package tui

// The clock of the screen. The policy:
//
//   - A screen on which nothing happens is still: its ages turn together, once a
//     minute (cells.Since), and between two turns not a byte is written.
//   - Nothing ticks. One timer waits until the clock next changes something, or
//     until it is time to read something again; a message that makes that sooner
//     sets another one, and the first comes to nothing.
//   - Seconds are counted where somebody waits for them: beside a spinner, and
//     until the cluster or a shell is tried again.

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
)

// ticks are the two clocks.
type ticks struct {
	spinning bool
	due      time.Time // when the timer that counts rings; zero is none
	timer    int       // that timer
}

// clockMsg is a timer that rings.
type clockMsg struct{ timer int }

// rang takes a timer's message.
func (t *ticks) rang(msg clockMsg) {
	if msg.timer == t.timer {
		t.due = time.Time{}
	}
}

// wind sets the timer, unless it rings soon enough.
func (a *App) wind() tea.Cmd {
	t, due := &a.ticks, a.due()
	if !t.due.IsZero() && !due.Before(t.due) {
		return nil
	}
	t.due = due
	t.timer++
	timer := t.timer
	return tea.Tick(due.Sub(a.now()), func(time.Time) tea.Msg { return clockMsg{timer} })
}

// due is when the clock next changes something, or something is to be read
// again.
func (a *App) due() time.Time {
	now := a.now()
	due := now.Truncate(cells.Turn).Add(cells.Turn)
	for _, at := range []time.Time{a.toast.until, a.nextSecond(now), a.paneDue(), a.measureDue()} {
		if at.After(now) && at.Before(due) {
			due = at
		}
	}
	return due
}

// nextSecond is when the next of the seconds that somebody counts has passed,
// the zero time where nobody does.
func (a *App) nextSecond(now time.Time) time.Time {
	switch left := a.snap.Retry.Sub(now); {
	case a.shell.focus && a.shell.deck.Waits():
		return now.Add(time.Second)
	case a.snap.Problem != "" && left > 0:
		return now.Add((left-1)%time.Second + 1)
	}
	return time.Time{}
}

// animate turns the spinner, eight times a second, while something visible
// moves.
func (a *App) animate() tea.Cmd {
	moving := a.live.Moving() && !a.showDeleted || len(a.jobs) > 0
	if a.shell.focus && !a.splits() {
		moving = a.shell.deck.Waits()
	}
	if !moving || a.ticks.spinning || a.cfg.Plain {
		return nil
	}
	a.ticks.spinning = true
	return tea.Tick(125*time.Millisecond, func(time.Time) tea.Msg { return spinMsg{} })
}
