package term

import "image/color"

// Emulator makes a screen of what a program prints. It is used by one
// goroutine at a time.
type Emulator interface {
	// Write takes output of any kind, cut anywhere.
	Write(b []byte)
	// Skim is Write for a backlog that nobody can have read: as far as it is a
	// log, all but its last screen goes to the history at once. It returns how
	// much it has taken, 0 when b is something else.
	Skim(b []byte) int
	// Resize changes the size. Both numbers are at least 1.
	Resize(rows, cols int)
	Size() (rows, cols int)
	// Render draws the screen: one string for each row, styled, safe for any
	// terminal and not longer than the screen is wide.
	Render() []string
	Cursor() Cursor
	Modes() Modes
	History() *History
	// SetColors tells what the terminal's own colours are, for programs that
	// ask. Nil is not known.
	SetColors(foreground, background color.Color)
	// Replies returns what the program must be sent in answer to its questions,
	// and forgets it.
	Replies() []byte
	// Events returns what happened beside the screen, and forgets it.
	Events() []Event
	// Restart prepares the screen for another program: what it shows stays and
	// scrolls up, modes are as in the beginning.
	Restart(note string)
}

// CursorShape is how a cursor looks.
type CursorShape uint8

// The shapes.
const (
	Block CursorShape = iota
	Underline
	Bar
)

// Cursor is where the next character goes.
type Cursor struct {
	X, Y   int
	Shape  CursorShape
	Blink  bool
	Hidden bool
}

// Modes are what a program has asked of its terminal, as far as they matter
// for input.
type Modes struct {
	AltScreen bool // a screen without history, for programs that fill it
	AppCursor bool // DECCKM: arrows are sent as SS3
	AppKeypad bool // DECKPAM
	Paste     bool // 2004: pastes are wanted in brackets
	Focus     bool // 1004: wants to know about the focus
	Mouse     MouseMode
	MouseSGR  bool // 1006: coordinates as decimal numbers
	Hold      bool // 2026: a frame is being made and not yet complete
}

// MouseMode is which events of the mouse a program wants.
type MouseMode uint8

// The modes, each with all of the ones before.
const (
	MouseNone   MouseMode = iota
	MousePress            // 9
	MouseClicks           // 1000: presses and releases
	MouseDrag             // 1002: and motion while a button is down
	MouseMotion           // 1003: and any motion
)

// EventKind is what an Event is about.
type EventKind uint8

// The kinds of events.
const (
	Bell EventKind = iota
	Title
	Directory // a program tells where it is, by a file: URL
	Clipboard // a program wants Text to be copied
	Notice    // a program wants Text to be seen
)

// Event is something that a program wants beside its screen. Text is safe to
// be shown, except that of Clipboard, which is what it is.
type Event struct {
	Kind EventKind
	Text string
}

// NewEmulator returns an emulator. history is the number of lines that are
// kept of what has left the screen.
func NewEmulator(rows, cols, history int) Emulator { return newScreen(rows, cols, history) }
