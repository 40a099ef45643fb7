package term

import (
	"fmt"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
)

// MouseKind is what a mouse did.
type MouseKind uint8

// The kinds. A turn of the wheel is a press of one of its buttons.
const (
	Press MouseKind = iota
	Release
	Motion
)

// Mouse is an event of the mouse. The upper left corner is 0, 0.
type Mouse struct {
	Kind   MouseKind
	X, Y   int
	Button uv.MouseButton
	Mod    uv.KeyMod
}

// EncodeMouse returns what to send for an event, nothing if the program has not
// asked for it.
func EncodeMouse(e Mouse, m Modes) []byte {
	if !wanted(e, m.Mouse) || e.X < 0 || e.Y < 0 {
		return nil
	}
	button := e.Button
	if e.Kind == Release && !m.MouseSGR {
		button = uv.MouseNone // the older form does not say which one
	}
	b := ansi.EncodeMouseButton(button, e.Kind == Motion, e.Mod&uv.ModShift != 0, e.Mod&uv.ModAlt != 0, e.Mod&uv.ModCtrl != 0)
	if b == 0xff {
		return nil
	}
	if m.MouseSGR {
		final := 'M'
		if e.Kind == Release {
			final = 'm'
		}
		return fmt.Appendf(nil, "\x1b[<%d;%d;%d%c", b, e.X+1, e.Y+1, final)
	}
	const offset, most = 32, 255
	if e.X+1+offset > most || e.Y+1+offset > most {
		return nil // the older form ends at 223
	}
	return []byte{0x1b, '[', 'M', b + offset, byte(e.X + 1 + offset), byte(e.Y + 1 + offset)}
}

func wanted(e Mouse, mode MouseMode) bool {
	switch e.Kind {
	case Press:
		return mode >= MousePress
	case Release:
		return mode >= MouseClicks
	case Motion:
		return mode == MouseMotion || mode == MouseDrag && e.Button != uv.MouseNone
	}
	return false
}
