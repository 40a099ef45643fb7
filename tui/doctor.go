package tui

// The way to a workspace, examined while one watches: what `berth doctor`
// prints, hop by hop as it is found out, with the first failure explained.

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/keymap"
	"github.com/berth-sh/berth/tui/theme"
	"github.com/berth-sh/berth/workspace"
)

// Examiner goes the whole way to a workspace.
type Examiner interface {
	// Examine calls hear with each check as it is made, from one goroutine, and
	// returns when all are made or ctx ends. Its texts are fit for a terminal.
	Examine(ctx context.Context, w workspace.Workspace, hear func(workspace.Check))
}

// doctorActions is the one action of this file.
func (a *App) doctorActions() []*keymap.Action {
	return []*keymap.Action{{
		ID: "doctor", Title: "doctor: examine the way to it", Group: "look closer", Keys: []string{"X"}, Contexts: living(),
		Enabled: func() string {
			if a.cfg.Examiner == nil {
				return "not available here"
			}
			return a.whenSelected()
		},
		Run: a.examine,
	}}
}

// examine opens the dialog and starts.
func (a *App) examine() tea.Cmd {
	w, ok := a.selected()
	if !ok {
		return nil
	}
	d := &doctor{w: w, begin: a.beginExamination, copied: a.copyText}
	a.open(d)
	return a.beginExamination(d)
}

// beginExamination starts anew; the dialog's stop ends it.
func (a *App) beginExamination(d *doctor) tea.Cmd {
	d.checks, d.running, d.top = nil, true, -1
	found := make(chan workspace.Check)
	look, stop := a.spawn(func(ctx context.Context) tea.Msg {
		defer close(found)
		a.cfg.Examiner.Examine(ctx, d.w, func(c workspace.Check) {
			select {
			case found <- c:
			case <-ctx.Done():
			}
		})
		return nil
	})
	d.stop = stop
	d.run++
	return tea.Batch(look, a.hearCheck(d, d.run, found))
}

// hearCheck takes one check into the dialog and waits for the next. An
// examination that another one has replaced is heard by nobody.
func (a *App) hearCheck(d *doctor, run int, found <-chan workspace.Check) tea.Cmd {
	return a.do(func(ctx context.Context) tea.Msg {
		select {
		case c, more := <-found:
			return runMsg{func() tea.Cmd {
				switch {
				case run != d.run:
					return nil
				case !more:
					d.running = false
					return nil
				}
				d.checks = append(d.checks, c)
				return a.hearCheck(d, run, found)
			}}
		case <-ctx.Done():
			return nil
		}
	})
}

// doctor is the dialog.
type doctor struct {
	w       workspace.Workspace
	checks  []workspace.Check
	running bool
	run     int
	stop    context.CancelFunc
	begin   func(*doctor) tea.Cmd
	copied  func(string) tea.Cmd
	top     int // first line shown; -1 follows the newest
	last    int // the largest useful top
}

// Update scrolls, starts anew, copies and closes.
func (d *doctor) Update(msg tea.Msg) (bool, tea.Cmd) {
	key, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return false, nil
	}
	switch key.String() {
	case "esc", "q", "ctrl+c":
		d.stop()
		d.run++ // nothing is heard any more
		return true, nil
	case "r":
		if !d.running {
			return false, d.begin(d)
		}
	case "y":
		return false, d.copied(d.report())
	case "up", "k":
		d.Scroll(-1)
	case "down", "j":
		d.Scroll(1)
	case "pgup":
		d.Scroll(-10)
	case "pgdown", "space":
		d.Scroll(10)
	case "home", "g":
		d.Scroll(-d.last)
	case "end", "G":
		d.top = -1
	}
	return false, nil
}

// Scroll moves the view.
func (d *doctor) Scroll(n int) {
	if d.top < 0 {
		d.top = d.last
	}
	d.top = max(0, min(d.top+n, d.last))
}

// Draw shows the checks, and below them the first problem and what to do.
func (d *doctor) Draw(s dialog.Scene) dialog.Box {
	b := dialog.Box{Title: "doctor · " + d.w.Name + " · " + d.verdict(), Width: min(100, s.W-6)}
	var lines []string
	for _, c := range d.checks {
		lines = append(lines, d.lines(c, b.Width, s.Theme)...)
	}
	if d.running {
		lines = append(lines, s.Theme.Muted.Paint("… looking"))
	}
	b.Tail = d.advice(b.Width, s.Theme)
	keys := []string{"esc", "close", "y", "copy", "↑↓", "scroll"}
	if d.running {
		keys = []string{"esc", "cancel", "↑↓", "scroll"}
	} else {
		keys = append(keys, "r", "again")
	}
	b.Footer = dialog.Keys(s.Theme, keys...)
	below := 2 // the footer and the line above it
	if len(b.Tail) > 0 {
		below += len(b.Tail) + 1
	}
	room := max(1, s.H-2-below)
	d.last = max(0, len(lines)-room)
	top := d.last
	if d.top >= 0 {
		top = min(d.top, d.last)
	}
	b.Lines = lines[top:min(len(lines), top+room)]
	return b
}

// verdict sums up.
func (d *doctor) verdict() string {
	problems := 0
	for _, c := range d.checks {
		if c.State == workspace.CheckProblem {
			problems++
		}
	}
	switch {
	case problems == 1:
		return "one problem"
	case problems > 1:
		return fmt.Sprintf("%d problems", problems)
	case d.running:
		return "looking"
	}
	return "all is well"
}

const nameWidth = 13 // the longest name, and a blank

func (d *doctor) lines(c workspace.Check, width int, t theme.Theme) []string {
	sign, ink := "-", t.Muted
	switch c.State {
	case workspace.CheckOK:
		sign, ink = "✓", t.Good
	case workspace.CheckNote:
		sign, ink = "!", t.Busy
	case workspace.CheckProblem:
		sign, ink = "✕", t.Bad
	case workspace.CheckSkipped, workspace.CheckNotMet:
	}
	text := c.Text
	if text == "" {
		text = string(c.State)
	}
	took := ""
	if c.Took >= time.Millisecond {
		took = fmt.Sprintf("%d ms", c.Took.Milliseconds())
	}
	room := max(10, width-2-nameWidth-1-9)
	var out []string
	for i, line := range cells.Wrap(text, room) {
		if c.State == workspace.CheckSkipped || c.State == workspace.CheckNotMet {
			line = t.Muted.Paint(line)
		}
		if i > 0 {
			out = append(out, strings.Repeat(" ", 2+nameWidth)+line)
			continue
		}
		pad := max(1, width-2-nameWidth-cells.Width(line)-len(took))
		out = append(out, ink.Paint(sign)+" "+cells.Fit(c.Name, nameWidth)+line+strings.Repeat(" ", pad)+t.Muted.Paint(took))
	}
	return out
}

// advice explains the first problem: what comes after it may be its
// consequence.
func (d *doctor) advice(width int, t theme.Theme) []string {
	c, ok := workspace.Report{Checks: d.checks}.First()
	if !ok {
		return nil
	}
	lines := []string{t.Bad.Paint("first problem: ") + t.Strong.Paint(c.Name)}
	for _, next := range c.Next {
		for i, line := range cells.Wrap(next, max(10, width-6)) {
			lead := "next: "
			if i > 0 {
				lead = "      "
			}
			lines = append(lines, t.Muted.Paint(lead)+line)
		}
	}
	return lines
}

// report is the same as text, to hand on.
func (d *doctor) report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", d.w.Ref, d.verdict())
	for _, c := range d.checks {
		fmt.Fprintf(&b, "%-13s %-12s %s", c.Name, c.State, c.Text)
		if c.Took >= time.Millisecond {
			fmt.Fprintf(&b, " (%d ms)", c.Took.Milliseconds())
		}
		b.WriteString("\n")
		for _, next := range c.Next {
			b.WriteString("    next: " + next + "\n")
		}
	}
	return b.String()
}
