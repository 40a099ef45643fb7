package dialog

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// NewInput returns a focused one-line input that uses the terminal's own
// cursor, which does not blink: a blinking one would write for ever.
func NewInput(value string) textinput.Model {
	in := textinput.New()
	in.Prompt = ""
	in.SetVirtualCursor(false)
	in.SetStyles(textinput.Styles{})
	in.SetValue(value)
	in.CursorEnd()
	in.Focus()
	return in
}

// inputCursor is the column of an input's cursor.
func inputCursor(in textinput.Model) int {
	if c := in.Cursor(); c != nil {
		return c.X
	}
	return 0
}

// pressed returns the key of a key press, "" for other messages.
func pressed(msg tea.Msg) string {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		return k.String()
	}
	return ""
}

// text reports whether a message types something.
func text(msg tea.Msg) bool {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		return k.Text != ""
	}
	_, ok := msg.(tea.PasteMsg)
	return ok
}
