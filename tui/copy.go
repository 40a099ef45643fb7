package tui

// What is copied goes through the terminal (OSC 52), which reaches the user's
// own machine over any number of hops, and, where this is that machine, to its
// clipboard as well. The toast says how much went which way.

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/workspace"
)

// Clipboard is that of this machine. It is nil where that is not the user's,
// as in an SSH session.
type Clipboard interface {
	// Copy may block; it is called outside the program's loop.
	Copy(ctx context.Context, text string) error
}

// copyText sends a text to the clipboard.
func (a *App) copyText(text string) tea.Cmd {
	if text == "" {
		return nil
	}
	if len(text) > term.MaxClipboard {
		a.say("too much for the clipboard: " + amount(len(text)))
		return nil
	}
	size := fmt.Sprintf("%d B", len(text))
	said := "copied " + size + " (OSC 52)"
	a.say(said)
	if a.cfg.Clipboard == nil {
		return tea.SetClipboard(text)
	}
	native := a.do(func(ctx context.Context) tea.Msg {
		err := a.cfg.Clipboard.Copy(ctx, text)
		return runMsg{func() tea.Cmd {
			if err == nil && a.toast.text == said {
				a.say("copied " + size + " (clipboard, OSC 52)")
			}
			return nil // the terminal has it in any case
		}}
	})
	return tea.Batch(tea.SetClipboard(text), native)
}

// chooseCopy offers what can be copied of the workspace, or of all that are
// marked, a line each.
func (a *App) chooseCopy() tea.Cmd {
	list := a.targets()
	if len(list) == 0 {
		return nil
	}
	title := "copy"
	if len(list) > 1 {
		title = "copy of " + counted(len(list), "workspace")
	}
	item := func(key, label string, of func(workspace.Workspace) string) dialog.Item {
		lines := make([]string, len(list))
		for i, w := range list {
			lines[i] = of(w)
		}
		note := lines[0]
		if len(list) > 1 {
			note = counted(len(list), "line")
		}
		return dialog.Item{Key: key, Label: label, Note: note, Choose: func() tea.Cmd { return a.copyText(strings.Join(lines, "\n")) }}
	}
	items := []dialog.Item{
		item("s", "ssh command", func(w workspace.Workspace) string { return "ssh " + w.Alias }),
		item("a", "alias", func(w workspace.Workspace) string { return w.Alias }),
		item("n", "name", func(w workspace.Workspace) string { return w.Name }),
		item("u", "URL", func(w workspace.Workspace) string { return "ssh://" + w.Alias }),
	}
	yaml := dialog.Item{Key: "Y", Label: "YAML", Choose: func() tea.Cmd { return a.copyYAML(list) }}
	if a.cfg.Reader == nil {
		yaml.Disabled = "not available here"
	}
	items = append(items, yaml)
	wide := 0 // as is usual
	if len(list) == 1 {
		for i, c := range a.pane.Copyables() {
			it := dialog.Item{Label: c.Label, Note: c.Text, Choose: func() tea.Cmd { return a.copyText(c.Text) }}
			if strings.Contains(c.Text, "\n") {
				continue // the YAML, which is offered already
			}
			if i < 9 {
				it.Key = strconv.Itoa(i + 1)
			}
			items, wide = append(items, it), 96
		}
	}
	a.open(&dialog.Menu{Title: title, Verb: "copy", Items: items, Wide: wide})
	return nil
}

// copyYAML reads the YAML of workspaces and copies it, as one file.
func (a *App) copyYAML(list []workspace.Workspace) tea.Cmd {
	a.say("reading the YAML…")
	return a.do(func(ctx context.Context) tea.Msg {
		var texts []string
		for _, w := range list {
			text, err := a.cfg.Reader.YAML(ctx, w)
			if err != nil {
				return runMsg{func() tea.Cmd { a.fail("reading the YAML of "+w.Name, err); return nil }}
			}
			texts = append(texts, text)
		}
		return runMsg{func() tea.Cmd { return a.copyText(strings.Join(texts, "---\n")) }}
	})
}
