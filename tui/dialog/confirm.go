package dialog

// How a question protects from an accident:
//   - Cancel has the focus, and enter does what has the focus.
//   - The key that opened the dialog does nothing in it, so that a key held
//     down or pressed twice cannot answer.
//   - For a moment after opening no key answers: what was typed before the
//     dialog was seen does not count.
//   - One that comes in the way of typing takes no letters at all, and stays
//     deaf for as long as letters come.
//   - It is bound to a workspace's identity. When that goes, or another one
//     takes its name, it says so and only closes.

import (
	"cmp"
	"strings"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/workspace"
)

// Grace is how long after opening a question takes no answer.
const Grace = 200 * time.Millisecond

// Double is how long after opening a question takes no click: the second one of a
// double click is not meant for it.
const Double = 500 * time.Millisecond

// Pause is how long after a letter a question without letters takes no answer
// but esc: whoever types has not seen it yet, and a name ends with tab or
// enter.
const Pause = time.Second

// low is the height of a screen below which what must be typed pushes the rest
// aside.
const low = 14

// Confirm is a question with Cancel as its default.
type Confirm struct {
	Title   string
	Warning string // a word on a badge above the body; "" for none
	Body    []string
	Verb    string // on the button: "delete"
	Stay    string // on the other one; "" is "cancel"
	Trigger string // the key that opened it
	Typed   string // text that must be typed instead of y; "" for none
	Danger  bool

	// Letterless takes no letter for an answer, for a question that comes where
	// something else was expected and may get what was typed for that.
	Letterless bool

	List  []Listed // the workspaces, of a question about several
	After []string // below the list

	Target workspace.Key    // zero when it is about no workspace, or about several
	Yes    func() tea.Cmd   // what confirming does
	No     func() tea.Cmd   // what cancelling does; may be nil
	Later  func() tea.Cmd   // what esc does; nil is No
	Now    func() time.Time // must be set
	Opened time.Time        // the grace counts from here

	onYes bool            // where the focus is
	deaf  time.Time       // until when letters make it so
	gone  string          // why it does nothing any more
	input textinput.Model // of Typed
	ready bool            // input is made

	buttons string // the line with them, as it was drawn

	top, shown int // of the list: the first line, and how many there is room for
	lost       int // of the list, have gone
}

// Watch makes the dialog harmless when its workspace is no longer there.
func (c *Confirm) Watch(find func(workspace.Key) (workspace.Workspace, bool)) {
	if c.gone != "" {
		return
	}
	if c.watchList(find); c.Target == (workspace.Key{}) {
		return
	}
	if _, ok := find(c.Target); !ok {
		c.gone = "this workspace has changed or gone meanwhile; nothing was done"
	}
}

func (c *Confirm) start() {
	if !c.ready {
		c.ready = true
		c.input = NewInput("")
	}
}

// Update answers the question.
func (c *Confirm) Update(msg tea.Msg) (bool, tea.Cmd) {
	c.start()
	key := pressed(msg)
	switch {
	case key == "esc" || key == "ctrl+c":
		return true, c.later()
	case key != "" && c.gone != "":
		return key == "enter", nil
	case c.scroll(key):
		return false, nil
	case c.Typed != "":
		return c.updateTyped(msg, key)
	case c.Letterless && text(msg):
		c.deaf = c.Now().Add(Pause)
		return false, nil
	case c.Now().Before(c.deaf):
		return false, nil
	case key == "" || key == c.Trigger || c.Now().Sub(c.Opened) < Grace:
		return false, nil
	}
	switch key {
	case "y":
		return true, c.Yes()
	case "n":
		return true, c.cancel()
	case "tab", "shift+tab", "left", "right", "h", "l":
		c.onYes = !c.onYes
	case "enter":
		if c.onYes {
			return true, c.Yes()
		}
		return true, c.cancel()
	}
	return false, nil
}

func (c *Confirm) updateTyped(msg tea.Msg, key string) (bool, tea.Cmd) {
	if key == "enter" {
		if c.input.Value() == c.Typed {
			return true, c.Yes()
		}
		return false, nil
	}
	if key != "" && c.Now().Sub(c.Opened) < Grace {
		return false, nil
	}
	var cmd tea.Cmd
	c.input, cmd = c.input.Update(msg)
	return false, cmd
}

func (c *Confirm) cancel() tea.Cmd {
	if c.No != nil && c.gone == "" {
		return c.No()
	}
	return nil
}

func (c *Confirm) later() tea.Cmd {
	if c.Later != nil && c.gone == "" {
		return c.Later()
	}
	return c.cancel()
}

// Click answers by the button that is there. A second click of the mouse that has
// opened the question is no answer yet.
func (c *Confirm) Click(line string, at Point) (bool, tea.Cmd) {
	now := c.Now()
	if c.gone != "" || c.Typed != "" || line != c.buttons || now.Before(c.deaf) || now.Sub(c.Opened) < Double {
		return false, nil
	}
	no, yes := c.labels()
	switch to := 1 + cells.Width(no); {
	case at.X < to:
		return true, c.cancel()
	case at.X >= to+between && at.X < to+between+1+cells.Width(yes):
		return true, c.Yes()
	}
	return false, nil
}

// between is the room between the two buttons; each has a mark before its label.
const between = 3

// labels are what stands on the buttons.
func (c *Confirm) labels() (no, yes string) {
	return " " + cmp.Or(c.Stay, "cancel") + " ", " " + c.Verb + " "
}

// Draw shows the question.
func (c *Confirm) Draw(s Scene) Box {
	c.start()
	b := Box{Title: c.Title, Width: 64, Danger: c.Danger}
	width := max(1, min(b.Width, s.W-6))
	c.drawBody(s, &b, width)
	switch {
	case c.gone != "":
		for _, line := range cells.Wrap(c.gone, width) {
			b.Tail = append(b.Tail, s.Theme.Bad.Paint(line))
		}
		b.Footer = Keys(s.Theme, "esc", "close")
	case c.Typed != "":
		c.drawTyped(s, &b, width)
	default:
		no, yes := c.labels()
		gap := cells.Spaces(between)
		if c.onYes {
			b.Tail = append(b.Tail, s.Theme.Muted.Paint(" "+no)+gap+s.Theme.Button.Paint("▸"+yes))
		} else {
			b.Tail = append(b.Tail, s.Theme.Button.Paint("▸"+no)+gap+s.Theme.Muted.Paint(" "+yes))
		}
		b.Focus = b.Tail[len(b.Tail)-1]
		c.buttons = b.Focus
		b.Footer = Keys(s.Theme, "y", c.Verb, "n", strings.TrimSpace(no), "tab", "switch")
		if c.Letterless {
			b.Footer = Keys(s.Theme, "enter", strings.TrimSpace(map[bool]string{true: yes, false: no}[c.onYes]), "tab", "switch", "esc", "not now")
		}
	}
	return b
}

// drawBody writes what the question is about.
func (c *Confirm) drawBody(s Scene, b *Box, width int) {
	wrapped := func(text []string) (lines []string) {
		for _, line := range text {
			lines = append(lines, cells.Wrap(line, width)...)
		}
		return lines
	}
	before, after := wrapped(c.Body), wrapped(c.After)
	if c.Warning != "" { // beside the first line, which says where
		badge := s.Theme.Alarm.Paint(" " + c.Warning + " ")
		if len(before) > 0 && cells.Width(before[0])+cells.Width(badge)+2 <= width {
			before[0] += "  " + badge
		} else {
			before = append([]string{badge}, before...)
		}
	}
	buttons := 5
	if c.Typed != "" {
		buttons = 4
	}
	if c.Typed != "" && s.H < low { // the input must stay in sight
		before, after = before[:min(1, len(before))], nil
		if len(c.List) > 0 {
			before = nil
		}
	}
	b.Lines = append(before, c.drawList(s, len(before)+len(after)+buttons, width)...)
	b.Lines = append(b.Lines, after...)
}

func (c *Confirm) drawTyped(s Scene, b *Box, width int) {
	if s.H >= low {
		b.Lines = append(b.Lines, "")
	}
	prompt := "type " + c.Typed + " to " + c.Verb + ": "
	if w := cells.Width(prompt); w > width-len(c.Typed)-1 {
		b.Lines = append(b.Lines, prompt)
		prompt = "> "
	}
	c.input.SetWidth(max(1, width-cells.Width(prompt)-1))
	b.Cursor = &Point{cells.Width(prompt) + inputCursor(c.input), len(b.Lines)}
	b.Lines = append(b.Lines, prompt+c.input.View())
	b.Footer = Keys(s.Theme, "enter", c.Verb, "esc", "cancel")
	if c.input.Value() != c.Typed {
		b.Footer = Keys(s.Theme, "esc", "cancel")
	}
}
