package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/workspace"
)

// refreshPane has the pane look again, when it is on the screen.
func (a *App) refreshPane() tea.Cmd {
	if !a.paneVisible() {
		return nil
	}
	return a.pane.Refresh()
}

// paneDue is when that is to happen, the zero time for not at all.
func (a *App) paneDue() time.Time {
	if !a.paneVisible() {
		return time.Time{}
	}
	return a.pane.Due()
}

func (a *App) paneVisible() bool {
	return a.layout().paneH > 0 && (!a.shell.focus || a.splits())
}

// leavePane clears what was looked for, then gives the keys back to the list.
func (a *App) leavePane() {
	if text, _, _ := a.pane.Finding(); text != "" {
		a.pane.Find("")
		return
	}
	a.focusPane, a.zoom = false, false
}

// wrapLog says what it did: where no line is long, nothing is to be seen of it.
func (a *App) wrapLog() {
	if a.pane.Wrap() {
		a.say("long lines are wrapped")
	} else {
		a.say("long lines are cut")
	}
}

func (a *App) startFind() tea.Cmd {
	text, _, _ := a.pane.Finding()
	a.sought, a.finding = dialog.NewInput(text), true
	return nil
}

// keyFind edits what is looked for in the pane; the view goes along.
func (a *App) keyFind(msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "esc":
			a.finding = false
			a.pane.Find("")
			return nil
		case "enter", "tab":
			a.finding = false
			return nil
		case "up":
			a.pane.Jump(-1)
			return nil
		case "down":
			a.pane.Jump(1)
			return nil
		}
	}
	var cmd tea.Cmd
	a.sought, cmd = a.sought.Update(msg)
	a.pane.Find(a.sought.Value())
	return cmd
}

// findLine is the footer while somebody types what to find.
func (a *App) findLine(y int) (string, *dialog.Point) {
	a.sought.SetWidth(max(4, a.w-24))
	x := 3
	if c := a.sought.Cursor(); c != nil {
		x += c.X
	}
	text := " " + a.theme.Key.Paint("/") + " " + strings.TrimRight(a.sought.View(), " ") + " "
	if _, nth, of := a.pane.Finding(); a.sought.Value() != "" {
		text += a.theme.Muted.Paint(fmt.Sprintf("  %d/%d", nth, of))
	}
	return text, &dialog.Point{X: x, Y: y}
}

// chooseContainer picks whose log is shown.
func (a *App) chooseContainer() tea.Cmd {
	w, ok := a.pane.Target()
	if !ok || a.cfg.Reader == nil {
		return nil
	}
	menu := &dialog.Menu{Title: "log of", Empty: "loading…", Verb: "show", Wide: 40}
	a.open(menu)
	return a.do(func(ctx context.Context) tea.Msg {
		names, err := a.cfg.Reader.Containers(ctx, w)
		return runMsg{func() tea.Cmd {
			if err != nil {
				a.close(menu)
				a.fail("listing the containers of "+w.Name, err)
				return nil
			}
			var items []dialog.Item
			for i, name := range names {
				choose := name
				if i == 0 {
					choose = ""
				}
				items = append(items, dialog.Item{Key: fmt.Sprint(i + 1), Label: name, Choose: func() tea.Cmd { return a.pane.Container(choose) }})
			}
			menu.Empty = "there is no pod"
			menu.SetItems(items)
			return nil
		}}
	})
}

func (a *App) whenSavable() string {
	switch {
	case a.pane.Tab() != detail.Logs:
		return "only in the log"
	case a.cfg.Files == nil:
		return "not available here"
	}
	return ""
}

// askSaveLog asks where the log goes. A file that is there is never replaced
// without being asked about.
func (a *App) askSaveLog() tea.Cmd {
	w, ok := a.pane.Target()
	if !ok {
		return nil
	}
	lines, dropped := a.pane.Lines()
	if len(lines) == 0 {
		a.say("the log is empty")
		return nil
	}
	name := fmt.Sprintf("%s-%s-%s.log", w.Namespace, w.Name, a.now().Local().Format("20060102-150405"))
	title := fmt.Sprintf("write %d lines of %s's log", len(lines), w.Name)
	a.open(&dialog.Ask{
		Title: title, Label: "to", Value: a.cfg.Files.Propose(name), Verb: "write",
		Done: func(path string) tea.Cmd { return a.saveLog(path, lines, dropped, false) },
	})
	return nil
}

func (a *App) saveLog(path string, lines []workspace.LogLine, dropped int, replace bool) tea.Cmd {
	return a.do(func(ctx context.Context) tea.Msg {
		written, err := a.cfg.Files.Write(ctx, path, logText(lines, dropped), replace)
		return runMsg{func() tea.Cmd {
			switch {
			case errors.Is(err, workspace.ErrConflict) && !replace:
				a.open(&dialog.Confirm{
					Title: "replace the file?", Verb: "replace", Danger: true, Trigger: "enter", Now: a.now, Opened: a.now(),
					Body: []string{workspace.Safe(err.Error()), "", "goes: what is in it"},
					Yes:  func() tea.Cmd { return a.saveLog(path, lines, dropped, true) },
				})
			case err != nil:
				a.fail("writing the log", err)
			default:
				a.say(fmt.Sprintf("wrote %d lines to %s", len(lines), written))
			}
			return nil
		}}
	})
}

// logText is a log as a file.
func logText(lines []workspace.LogLine, dropped int) []byte {
	var b strings.Builder
	if dropped > 0 {
		fmt.Fprintf(&b, "… %d lines dropped\n", dropped)
	}
	for _, l := range lines {
		if !l.Time.IsZero() {
			b.WriteString(l.Time.UTC().Format(time.RFC3339) + " ")
		}
		b.WriteString(l.Text + "\n")
	}
	return []byte(b.String())
}
