package shells

import (
	"context"
	"strconv"
	"time"

	uv "github.com/charmbracelet/ultraviolet"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/workspace"
)

// Pause is how long after the last letter a shell that has ended takes keys as
// answers: whoever still types has not seen it yet.
const Pause = time.Second

// Tab is one shell.
type Tab struct {
	Workspace workspace.Workspace // as it is now
	Number    int                 // among those of the workspace

	deck    *Deck
	session *term.Session
	shown   time.Time // when it was last chosen
	bell    bool      // rang while nobody looked
	seen    uint64    // generation of the screen when somebody looked
	look    *Look     // the mode in which one looks around; nil in the usual one
	deaf    time.Time // until when keys are no answers
	drawn   time.Time // when the last frame was taken
	waiting bool      // somebody waits for the next one
}

// Key is the workspace's.
func (t *Tab) Key() workspace.Key { return t.Workspace.Key() }

// Status is how the shell is.
func (t *Tab) Status() term.Status { return t.session.Status() }

// Brief reports whether the shell ended right after it had begun: what it said
// is the reason.
func (t *Tab) Brief() bool { return t.Status().Lived < 2*time.Second }

// Live reports whether keys reach the shell.
func (t *Tab) Live() bool { return t.Status().Phase == term.Live }

// Modes is what the program in the shell wants.
func (t *Tab) Modes() term.Modes { return t.session.Modes() }

// Directory is where the shell says that it is, "" if it does not.
func (t *Tab) Directory() string { return t.session.Directory() }

// Name is what the tab is called: its workspace, and its number if there may
// be others.
func (t *Tab) Name() string {
	if t.Number > 1 {
		return t.Workspace.Name + "·" + strconv.Itoa(t.Number)
	}
	return t.Workspace.Name
}

// Title is what the program in it calls itself, "" if nothing.
func (t *Tab) Title() string { return cells.Cut(t.session.Title(), 40) }

// Press sends a key.
func (t *Tab) Press(k uv.Key) { t.session.Press(k) }

// Paste sends a text.
func (t *Tab) Paste(text string) { t.session.Paste(text) }

// Mouse sends an event of the mouse, if the program in it wants it.
func (t *Tab) Mouse(e term.Mouse) bool { return t.session.Mouse(e) }

// Focus tells the program in it whether it has the focus.
func (t *Tab) Focus(in bool) {
	t.seen = t.session.Generation()
	t.session.Focus(in)
}

// Fits reports whether the terminal has the size that it should have.
func (t *Tab) Fits() bool {
	f := t.session.Frame()
	return [2]int{f.Rows, f.Cols} == t.deck.size
}

// Reconnect connects now.
func (t *Tab) Reconnect() { t.session.Reconnect() }

// Answer takes a key for a shell that is not live: "r", "x" or "". Letters that
// come in a stream are what somebody still types into the shell.
func (t *Tab) Answer(key string, letter bool) string {
	now := t.deck.now()
	deaf := now.Before(t.deaf) || now.Sub(t.Status().Since) < Pause
	if letter {
		t.deaf = now.Add(Pause)
	}
	switch {
	case deaf:
		return ""
	case key == "enter" && t.Status().Phase == term.Ended:
		return "x"
	case key == "r", key == "x":
		return key
	}
	return ""
}

// Await returns a function that waits for the next frame, nil when somebody
// waits already. It returns false when ctx has ended.
func (t *Tab) Await() func(ctx context.Context) bool {
	if t.waiting {
		return nil
	}
	t.waiting = true
	// The first frame after a pause is shown at once; others wait for their turn.
	changed, due := t.session.Changed(), t.drawn.Add(t.session.Pace())
	return func(ctx context.Context) bool {
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
}

// Arrived is called when the function from Await has returned.
func (t *Tab) Arrived() { t.waiting, t.drawn = false, time.Now() }
