package tui

// While a shell has the keys, all of them go to it but one, the prefix. What
// follows the prefix is looked up in the same registry as every other key.
// The prefix pressed twice sends it to the shell once.

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/keymap"
	"github.com/berth-sh/berth/tui/shells"
	"github.com/berth-sh/berth/tui/term"
)

// DefaultPrefix is the one key that a shell does not get.
const DefaultPrefix = "ctrl+]"

// prefix is the state after the prefix was pressed.
type prefix struct {
	on    bool
	shown bool // the list of what may follow is on the screen
	turn  int  // counts presses, so that a late tick shows nothing
}

// prefixFor is how long the prefix waits before it shows what may follow.
const prefixFor = 400 * time.Millisecond

// prefixMsg shows what may follow the prefix.
type prefixMsg struct{ turn int }

// deafness keeps plain keys from doing something where they were not meant:
// whoever still types into a shell that has just ended types into the list.
type deafness struct {
	until time.Time
}

const deafFor = 300 * time.Millisecond

// hears reports whether a key counts. A letter in a stream of letters does not.
func (d *deafness) hears(now time.Time, msg tea.KeyPressMsg) bool {
	if !now.Before(d.until) {
		return true
	}
	if msg.Text != "" || msg.Code == tea.KeyEnter {
		d.until = now.Add(deafFor)
		return false
	}
	return true
}

// shellKey handles a key while a shell has them.
func (a *App) shellKey(msg tea.KeyPressMsg) tea.Cmd {
	t := a.shell.deck.Current()
	if t == nil {
		a.leaveShell()
		return nil
	}
	name := msg.String()
	if a.shell.prefix.on {
		a.shell.prefix.on, a.shell.prefix.shown = false, false
		return a.shellCommand(t, name, msg)
	}
	if name == a.cfg.Prefix {
		a.shell.prefix.on = true
		a.shell.prefix.turn++
		turn := a.shell.prefix.turn
		return tea.Tick(prefixFor, func(time.Time) tea.Msg { return prefixMsg{turn} })
	}
	switch {
	case t.Looking():
		looked := t.LookKey(msg)
		if looked.Pass {
			t.Press(uv.Key(msg))
		}
		if looked.Said != "" {
			a.say(looked.Said)
		}
		return a.copyText(looked.Copied)
	case t.Live():
		t.Press(uv.Key(msg))
		a.quiet = true // what it does comes back as output
		return nil
	}
	switch t.Answer(name, msg.Text != "") {
	case "r":
		t.Reconnect()
	case "x":
		return a.closeTab(t)
	}
	return nil
}

// shellCommand is what follows the prefix.
func (a *App) shellCommand(t *shells.Tab, name string, msg tea.KeyPressMsg) tea.Cmd {
	if name == a.cfg.Prefix {
		t.Press(uv.Key(msg))
		return nil
	}
	if name == "esc" {
		return nil
	}
	action := a.keys.Lookup(keymap.Shell, name)
	if action == nil {
		a.say(a.cfg.Prefix + " " + name + " does nothing; " + a.cfg.Prefix + " ? lists all")
		return nil
	}
	a.shell.chosen = name
	return a.invoke(action)
}

// showPrefix shows what may follow if the prefix still waits.
func (a *App) showPrefix(msg prefixMsg) {
	if a.shell.prefix.on && a.shell.prefix.turn == msg.turn {
		a.shell.prefix.shown = true
	}
}

// shellPaste pastes into the shell. Lines that would run one by one are shown
// before.
func (a *App) shellPaste(text string) tea.Cmd {
	t := a.shell.deck.Current()
	if t == nil || !t.Live() {
		return nil
	}
	t.Unlook()
	if !term.Runs(text, t.Modes()) {
		t.Paste(text)
		a.quiet = true
		return nil
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	a.open(&dialog.Confirm{
		Title: "paste " + counted(len(lines), "line") + " into " + t.Name() + "?", Verb: "paste", Now: a.now, Opened: a.now(), Letterless: true,
		Body: append([]string{"Each line runs at once, as if typed:", ""}, preview(lines)...),
		Yes:  func() tea.Cmd { t.Paste(text); return nil },
	})
	return nil
}

// shellFocus tells the program in the shell about the terminal's focus.
func (a *App) shellFocus(in bool) {
	if t := a.shellTab(); t != nil && a.shell.focus {
		t.Focus(in)
		a.quiet = true
	}
}

// shellTab is the current tab, nil without any.
func (a *App) shellTab() *shells.Tab {
	if a.shell.deck == nil {
		return nil
	}
	return a.shell.deck.Current()
}
