package dialog

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/huh/v2"
	"charm.land/lipgloss/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/theme"
	"github.com/berth-sh/berth/workspace"
)

// Draw shows the form, then what is wrong or what happens.
func (c *Create) Draw(s Scene) Box {
	b := Box{Title: "new workspace", Width: 68}
	if c.Named {
		b.Title += " in " + workspace.Safe(c.Context)
	}
	width := max(1, min(b.Width, s.W-6))
	if c.running || len(c.steps) > 0 {
		b.Lines = append(b.Lines, s.Theme.Strong.Paint(c.ref().Name)+s.Theme.Muted.Paint(" in "+c.ref().Namespace), "")
		b.Lines = append(b.Lines, c.progress(s, max(3, s.H-12))...)
	} else {
		b.Lines = append(b.Lines, c.inputs(s, width, max(1, s.H-6))...)
	}
	b.Tail = c.below(s, width)
	switch {
	case c.running:
		b.Footer = Keys(s.Theme, "esc", "go on in the background")
	case c.err != nil && len(c.steps) > 0 && c.Undo != nil:
		b.Footer = Keys(s.Theme, "ctrl+s", "resume", "u", "undo", "enter", "change", "esc", "close")
	case c.err != nil && len(c.steps) > 0:
		b.Footer = Keys(s.Theme, "ctrl+s", "try again", "enter", "change", "esc", "close")
	default:
		b.Footer = Keys(s.Theme, "enter", "next", "ctrl+s", "create", "←→", "choose", "esc", "cancel")
	}
	return b
}

// below is the line under the form: what is wrong, or how it will be reached.
func (c *Create) below(s Scene, width int) []string {
	err := c.err
	if err == nil && c.fields.name != "" {
		err = workspace.ValidateName(c.fields.name)
	}
	if err == nil && !c.running {
		if err = c.spec().Validate(); err == nil && c.fields.name != "" {
			return []string{s.Theme.Muted.Paint(cells.Cut("ssh "+c.ref().Alias(), width))}
		}
	}
	if err == nil {
		return []string{""}
	}
	var lines []string
	for _, line := range cells.Wrap(workspace.SafeText(err.Error()), width) {
		lines = append(lines, s.Theme.Bad.Paint(line))
	}
	for _, line := range cells.Wrap(workspace.SafeText(workspace.HintOf(err)), width) {
		lines = append(lines, s.Theme.Muted.Paint(line))
	}
	return lines
}

// progress shows the last steps.
func (c *Create) progress(s Scene, room int) []string {
	var lines []string
	for _, p := range c.steps[max(0, len(c.steps)-room):] {
		mark := s.Theme.Busy.Paint("◐")
		if p.Done {
			mark = s.Theme.Good.Paint("✓")
		} else if !c.running {
			mark = s.Theme.Bad.Paint("✕")
		}
		lines = append(lines, mark+" "+workspace.Safe(p.Step)+s.Theme.Muted.Paint("  "+cells.Age(p.Elapsed)))
	}
	if len(lines) == 0 {
		lines = append(lines, s.Theme.Busy.Paint("◐")+" starting")
	}
	return lines
}

// inputs draws one line per field, those around the focus when not all fit.
func (c *Create) inputs(s Scene, width, room int) []string {
	focused, at := c.form.GetFocusedField(), 0
	lines := make([]string, 0, len(c.rows))
	for i, r := range c.rows {
		ink, bar := s.Theme.Muted, "  "
		if r.field == focused {
			ink, bar, at = s.Theme.Accent, "▌ ", i
		}
		r.field.WithWidth(max(1, width-labelWidth-2))
		value, _, _ := strings.Cut(r.field.View(), "\n")
		lines = append(lines, ink.Paint(bar+cells.Fit(r.label, labelWidth))+value)
	}
	if len(lines) > room {
		return around(lines, at, room)
	}
	return lines
}

// around returns the room lines around line at.
func around(lines []string, at, room int) []string {
	top := max(0, min(at-room/2, len(lines)-room))
	return lines[top : top+min(room, len(lines)-top)]
}

// formTheme makes huh's form look like the rest: one line per field, labels
// quiet, the focused one strong.
func formTheme() huh.Theme {
	return huh.ThemeFunc(func(isDark bool) *huh.Styles {
		p := theme.LightPalette
		if isDark {
			p = theme.DarkPalette
		}
		plain := lipgloss.NewStyle()
		muted := plain.Foreground(p.Muted)
		accent := plain.Foreground(p.Accent).Bold(true)
		st := &huh.Styles{FieldSeparator: plain.SetString("\n")}
		st.Blurred = huh.FieldStyles{
			Title: muted, SelectedOption: plain, Option: plain, NextIndicator: plain, PrevIndicator: plain,
			TextInput: huh.TextInputStyles{Placeholder: muted},
		}
		st.Focused = huh.FieldStyles{
			Title: accent, SelectedOption: plain, Option: plain,
			NextIndicator: accent.SetString(" ›"), PrevIndicator: accent.SetString("‹ "),
			TextInput: huh.TextInputStyles{Placeholder: muted, Cursor: accent},
		}
		return st
	})
}

// formKeys adds the arrow keys to huh's own.
func formKeys() *huh.KeyMap {
	k := huh.NewDefaultKeyMap()
	k.Quit = key.NewBinding(key.WithDisabled())
	next, prev := key.NewBinding(key.WithKeys("enter", "tab", "down")), key.NewBinding(key.WithKeys("shift+tab", "up"))
	k.Input.Next, k.Input.Prev = next, prev
	k.Select.Next, k.Select.Prev = next, prev
	k.Select.Left, k.Select.Right = key.NewBinding(key.WithKeys("left")), key.NewBinding(key.WithKeys("right", "space"))
	k.Select.Submit, k.Input.Submit = key.NewBinding(key.WithKeys("enter")), key.NewBinding(key.WithKeys("enter"))
	k.Select.Filter = key.NewBinding(key.WithDisabled())
	return k
}
