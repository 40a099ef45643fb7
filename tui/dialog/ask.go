package dialog

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
)

// Ask asks for one line of text.
type Ask struct {
	Title string
	Label string // before the text
	Value string // to begin with
	Verb  string // what enter does
	Done  func(text string) tea.Cmd

	input textinput.Model
	ready bool // input is made
}

func (a *Ask) start() {
	if !a.ready {
		a.ready = true
		a.input = NewInput(a.Value)
	}
}

// Update edits the text.
func (a *Ask) Update(msg tea.Msg) (bool, tea.Cmd) {
	a.start()
	switch pressed(msg) {
	case "esc", "ctrl+c":
		return true, nil
	case "enter":
		if text := strings.TrimSpace(a.input.Value()); text != "" {
			return true, a.Done(text)
		}
		return false, nil
	}
	var cmd tea.Cmd
	a.input, cmd = a.input.Update(msg)
	return false, cmd
}

// Draw shows the question.
func (a *Ask) Draw(s Scene) Box {
	a.start()
	b := Box{Title: a.Title, Width: 72, Footer: Keys(s.Theme, "enter", a.Verb, "esc", "cancel")}
	width := max(1, min(b.Width, s.W-6))
	label := a.Label + " "
	a.input.SetWidth(max(1, width-cells.Width(label)-1))
	b.Cursor = &Point{cells.Width(label) + inputCursor(a.input), 0}
	b.Lines = []string{s.Theme.Muted.Paint(label) + a.input.View()}
	return b
}
