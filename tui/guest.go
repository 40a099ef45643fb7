package tui

// A guest has the terminal for a while. One that is killed leaves it as it was
// in the middle of its work: without echo, on the other screen, with the mouse.
// Bubble Tea would take that for what to go back to at the end.

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/term"
)

// What a guest may have turned on. The other screen is left only after a guest
// that was killed: to leave it where nobody is on it moves the cursor.
const (
	modesOff  = "\x1b[?1l\x1b>\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2004l\x1b[<99u\x1b[>4m\x1b[?7h\x1b[?25h\x1b[0 q\x1b[m"
	screenOff = "\x1b[?1049l"
)

// PutBack takes a terminal out of every mode that the program or a guest of its
// may have left it in, and off the other screen. What the terminal's driver does
// is another matter.
func PutBack(tty io.Writer) { _, _ = io.WriteString(tty, screenOff+modesOff) } // one that is gone needs nothing

// guest is a command that the terminal is handed over to.
type guest struct {
	ExecCommand
	tty *os.File // nil while it is none
}

// SetStdout hands over the terminal itself: a process that gets anything else
// is given a pipe.
func (g *guest) SetStdout(w io.Writer) {
	if out, ok := w.(*outlet); ok {
		w = out.File
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		g.tty = f
	}
	g.ExecCommand.SetStdout(w)
}

// Run runs the command for at least a blink: Bubble Tea's renderer stops its
// ticker from a goroutine that nobody waits for; a command that fails
// immediately can be overtaken by that, and the screen would stay frozen.
// Afterwards the terminal is as it was.
func (g *guest) Run() error {
	least := time.NewTimer(50 * time.Millisecond)
	defer least.Stop()
	err := g.run()
	<-least.C
	return err
}

func (g *guest) run() (err error) {
	if g.tty == nil {
		return g.ExecCommand.Run()
	}
	before, unknown := term.GetState(int(g.tty.Fd()))
	defer func() {
		off := modesOff
		if g.killed(err) {
			off = screenOff + off
		}
		_, _ = g.tty.WriteString(off) // a terminal that is gone needs nothing
		if unknown == nil {
			_ = term.Restore(int(g.tty.Fd()), before)
		}
	}()
	return g.ExecCommand.Run()
}

// killed reports whether the guest had no time to put anything back. What ctrl+c
// ends was on no other screen, or it would have taken the key.
func (g *guest) killed(err error) bool {
	var exit interface { // *exec.ExitError
		error
		Sys() any
	}
	if errors.As(err, &exit) {
		status, ok := exit.Sys().(syscall.WaitStatus)
		return ok && status.Signaled() && status.Signal() != syscall.SIGINT
	}
	coder, ok := g.ExecCommand.(ExitCoder)
	return ok && coder.ExitCode() > 128 && coder.ExitCode() != 128+int(syscall.SIGINT)
}
