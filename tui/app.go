package tui

import (
	"context"
	"image/color"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/berth-sh/berth/tui/detail"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/keymap"
	"github.com/berth-sh/berth/tui/shells"
	"github.com/berth-sh/berth/tui/table"
	"github.com/berth-sh/berth/tui/theme"
	"github.com/berth-sh/berth/workspace"
)

// App is the program's model. All of it belongs to the program's loop; what
// runs outside answers with messages.
type App struct {
	cfg  Config
	ctx  context.Context // ends with the program
	stop context.CancelFunc
	crew *crew
	now  func() time.Time

	keys    *keymap.Registry
	theme   theme.Theme
	dark    bool
	profile colorprofile.Profile
	w, h    int
	mouse   bool
	clicked clicked

	snap    workspace.Snapshot
	snapGen uint64
	looked  time.Duration         // how long the last snapshot took
	counted [3]int                // workspaces, running, failing of snap
	guards  map[[2]string]Guard   // by context and namespace
	index   map[workspace.Key]int // places in snap; nil until somebody asks

	live, gone  *table.Table
	showDeleted bool
	pane        *detail.Pane
	focusPane   bool
	zoom        bool
	split       int // hundredths of the screen for the pane; 0 is the default

	filtering bool
	filter    textinput.Model
	finding   bool // in the pane
	sought    textinput.Model

	dialogs []dialog.Dialog
	create  *dialog.Create           // the form whose creation runs, even when closed
	jobs    map[workspace.Key]string // "stopping"
	work    map[workspace.Key]string // the same with names, for those that are not in the list any more
	bulk    bulk
	mail    *mailbox
	toast   toast
	undo    func() tea.Cmd
	undoBy  time.Time
	errors  []logged
	kept    Look            // what Memory has
	keeping bool            // a keepMsg is on its way
	asked   bool            // consent was asked in this run
	leaving *dialog.Confirm // asks whether to quit while something runs
	moving  goal            // where the list is on its way to
	places  places
	recent  []string // choices of the palette, the newest first
	shell   shellState
	meter   meter

	foreground, background color.Color // of the terminal; nil is not known

	frame frame
	first tea.Cmd // what the first snapshot asks for
	quiet bool    // the message at hand changes nothing on the screen
	spin  int
	ticks ticks
}

// New makes the program from its parts. It fails when there is no Source.
func New(cfg Config) (*App, error) {
	if cfg.Source == nil {
		return nil, errNoSource
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	a := &App{
		cfg: cfg, now: cfg.Now, crew: newCrew(), dark: !cfg.Light, profile: colorprofile.TrueColor, mouse: true,
		live: table.New(false), gone: table.New(true), jobs: map[workspace.Key]string{}, work: map[workspace.Key]string{}, mail: newMailbox(),
		filter: dialog.NewInput(""), sought: dialog.NewInput(""),
	}
	if a.cfg.Prefix == "" {
		a.cfg.Prefix = DefaultPrefix
	}
	a.shell.mayCopy = map[string]bool{}
	if cfg.Shells != nil {
		a.shell.deck = shells.New(cfg.Shells, cfg.History, cfg.Now)
	}
	a.meter.touched = a.now()
	a.ctx, a.stop = context.WithCancel(context.Background())
	a.restyle()
	a.mouse = !cfg.Plain
	a.pane = detail.New(cfg.Reader, a.spawn, a.now)
	a.frame.every = frameEvery
	keys, err := keymap.New(a.actions())
	if err != nil {
		return nil, err
	}
	a.keys = keys
	a.recall()
	a.first = a.takeSnapshot()
	return a, nil
}

// Messages of the program itself.
type (
	changedMsg struct{ sight *sight } // nil where it has not been taken yet
	mailMsg    struct{}
	frameMsg   struct{}
	spinMsg    struct{}
)

// Init asks for the background colour and starts listening.
func (a *App) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, tea.RequestForegroundColor, a.waitSource(), a.waitMail(), a.waitShells(), a.wind(), a.first)
}

// Update handles one message and sees to it that a frame follows.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, ok := msg.(frameMsg); ok {
		a.frame.armed = false
		return a, a.frame.arm() // this frame may have come too early for what came after it was asked for
	}
	cmd := a.route(msg)
	if a.quiet {
		a.quiet = false
		return a, cmd
	}
	a.frame.dirty = true
	if _, ok := msg.(tea.KeyPressMsg); ok {
		a.frame.typed = true
	}
	return a, tea.Batch(cmd, a.frame.arm(), a.animate(), a.wind(), a.keepSoon())
}

func (a *App) route(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.w, a.h = msg.Width, msg.Height
		a.fitShell()
		return nil
	case tea.ColorProfileMsg:
		a.profile = msg.Profile
		a.restyle()
		return nil
	case tea.BackgroundColorMsg:
		a.dark, a.background = msg.IsDark(), msg.Color
		a.tellColors()
		a.restyle()
		return a.toDialog(msg)
	case tea.ForegroundColorMsg:
		a.foreground = msg.Color
		a.tellColors()
		return nil
	case changedMsg:
		if msg.sight == nil {
			msg.sight = see(a.cfg.Source)
		}
		return tea.Batch(a.take(msg.sight), a.waitSource())
	case mailMsg:
		a.readMail()
		return a.waitMail()
	case clockMsg:
		a.ticks.rang(msg)
		return tea.Batch(a.refreshPane(), a.measure())
	case spinMsg:
		a.ticks.spinning = false
		a.spin++
		return nil
	case tea.KeyPressMsg:
		a.meter.touched = a.now()
		return a.key(msg)
	case tea.PasteMsg:
		return a.typed(msg)
	case tea.FocusMsg, tea.BlurMsg:
		_, in := msg.(tea.FocusMsg)
		a.shellFocus(in)
		return nil
	case tea.MouseMsg:
		a.meter.touched = a.now()
		return a.mouseEvent(msg)
	case prefixMsg:
		a.showPrefix(msg)
		return nil
	case pokedMsg:
		return tea.Batch(a.collect(), a.waitShells())
	case shownMsg:
		msg.t.Arrived()
		a.quiet = !a.shell.focus || msg.t != a.shellTab()
		a.frame.urgent = a.frame.urgent || !a.quiet
		return a.watchShell()
	case doneMsg:
		return a.finish(msg)
	case runMsg:
		return msg.run()
	case keepMsg:
		return a.keep()
	}
	if handled, cmd := a.pane.Update(msg); handled {
		return cmd
	}
	return a.toDialog(msg)
}

// key dispatches a key press: the topmost dialog, then the filter's input,
// then the registry.
func (a *App) key(msg tea.KeyPressMsg) tea.Cmd {
	name := msg.String()
	if a.toast.sticky || a.toast.refusal && !a.shell.focus {
		a.toast = toast{}
	}
	switch {
	case a.shell.focus && len(a.dialogs) == 0:
		return a.shellKey(msg)
	case !a.shell.deaf.hears(a.now(), msg):
		return nil
	case name == "ctrl+l":
		return tea.ClearScreen
	case name == "ctrl+z":
		return tea.Suspend
	case name == "ctrl+c" && a.insists():
		return a.leave()
	case len(a.dialogs) > 0:
		return a.toDialog(msg)
	case name == "ctrl+c":
		return a.quit()
	case a.filtering:
		return a.keyFilter(msg)
	case a.finding:
		return a.keyFind(msg)
	}
	action := a.keys.Lookup(a.context(), name)
	if action == nil {
		a.unknown(name)
		return nil
	}
	return a.invoke(action)
}

// unknown says of a key that it does nothing here, and where it would.
func (a *App) unknown(name string) {
	for _, ctx := range everywhere() {
		if action := a.keys.Lookup(ctx, name); action != nil {
			a.refuse(action.Title, "only "+placeOf(ctx))
			return
		}
	}
	a.refuse("", name+" does nothing here")
	a.toast.text, a.toast.short = a.toast.text+"; ? lists all keys", a.toast.text
}

// invoke runs an action, or says why it cannot be run.
func (a *App) invoke(action *keymap.Action) tea.Cmd {
	if reason := action.Reason(); reason != "" {
		a.refuse(action.Title, reason)
		return nil
	}
	return action.Run()
}

// typed hands pasted text to whatever takes text.
func (a *App) typed(msg tea.PasteMsg) tea.Cmd {
	if len(a.dialogs) > 0 {
		return a.toDialog(msg)
	}
	if a.shell.focus {
		return a.shellPaste(msg.Content)
	}
	switch {
	case a.filtering:
		return a.keyFilter(msg)
	case a.finding:
		return a.keyFind(msg)
	}
	return nil
}

// tellColors tells the shells what the terminal's own colours are.
func (a *App) tellColors() {
	if a.shell.deck != nil {
		a.shell.deck.SetColors(a.foreground, a.background)
	}
}

// context says what keys mean at the moment.
func (a *App) context() keymap.Context {
	switch {
	case a.shell.focus:
		return keymap.Shell
	case a.focusPane:
		return keymap.Detail
	case a.showDeleted:
		return keymap.Deleted
	}
	return keymap.List
}

// table returns the view that is shown.
func (a *App) table() *table.Table {
	if a.showDeleted {
		return a.gone
	}
	return a.live
}

// selected returns the workspace that actions are about.
func (a *App) selected() (workspace.Workspace, bool) { return a.table().Selected() }

// follow points the pane, and whoever finds out more, at the selected workspace.
func (a *App) follow() tea.Cmd {
	w, ok := a.selected()
	a.look(w, ok)
	return a.pane.Show(w, ok)
}

// look tells the Looker what is looked at.
func (a *App) look(w workspace.Workspace, ok bool) {
	if a.cfg.Looker != nil {
		a.cfg.Looker.Look(w, ok)
	}
}
