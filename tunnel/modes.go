package tunnel

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Leaving a remote program in the middle (a lost connection, ~.) leaves the
// terminal as that program had set it: mouse reports, the other screen, no
// cursor. Resetting everything blindly would itself do harm (leaving a screen
// that was never entered moves the cursor), so the output is watched for
// what is switched on, and exactly that is switched off again.

// modes passes output on and remembers the modes that it leaves set.
type modes struct {
	w io.Writer

	state   int    // of the parser: text, escape, sequence
	params  []byte // of the sequence so far
	private []int  // DEC private modes that are set, in order
	hidden  bool   // the cursor is hidden
	keypad  bool   // application keypad
	kitty   int    // pushes of the kitty keyboard protocol
	keys    bool   // xterm's modifyOtherKeys
}

// The states of the parser.
const (
	inText = iota
	inEscape
	inSequence
)

// maxParams is the longest sequence that is looked at, in bytes.
const maxParams = 64

func (m *modes) Write(b []byte) (int, error) {
	m.scan(b)
	return m.w.Write(b)
}

func (m *modes) scan(b []byte) {
	for len(b) > 0 {
		if m.state == inText {
			i := bytes.IndexByte(b, 0x1b)
			if i < 0 {
				return
			}
			b, m.state = b[i+1:], inEscape
			continue
		}
		m.step(b[0])
		b = b[1:]
	}
}

// step advances the parser within an escape sequence.
func (m *modes) step(c byte) {
	switch {
	case c == 0x1b:
		m.state = inEscape
	case m.state == inEscape && c == '[':
		m.state, m.params = inSequence, m.params[:0]
	case m.state == inEscape:
		m.state = inText
		if c == '=' || c == '>' {
			m.keypad = c == '='
		}
	case c >= 0x20 && c < 0x40 && len(m.params) < maxParams:
		m.params = append(m.params, c)
	default:
		m.state = inText
		m.apply(string(m.params), c)
	}
}

// apply takes note of one complete sequence.
func (m *modes) apply(params string, final byte) {
	switch {
	case strings.HasPrefix(params, "?") && (final == 'h' || final == 'l'):
		for text := range strings.SplitSeq(params[1:], ";") {
			if mode, err := strconv.Atoi(text); err == nil {
				m.set(mode, final == 'h')
			}
		}
	case strings.HasPrefix(params, ">") && final == 'u':
		m.kitty++
	case strings.HasPrefix(params, "<") && final == 'u':
		m.kitty = max(0, m.kitty-1)
	case strings.HasPrefix(params, ">4") && final == 'm':
		m.keys = strings.HasPrefix(params, ">4;") && !strings.HasSuffix(params, ";0")
	}
}

func (m *modes) set(mode int, on bool) {
	const cursor = 25
	if mode == cursor {
		m.hidden = !on
		return
	}
	if !harmful(mode) {
		return
	}
	m.private = slices.DeleteFunc(m.private, func(have int) bool { return have == mode })
	if on {
		m.private = append(m.private, mode)
	}
}

// harmful reports whether a mode left set would spoil the user's own shell.
func harmful(mode int) bool {
	switch mode {
	case 1, // application cursor keys
		9, 1000, 1001, 1002, 1003, 1005, 1006, 1015, 1016, // mouse
		47, 1047, 1049, // the other screen
		1004,       // focus reports
		2004,       // bracketed paste
		2026,       // synchronised output: the screen would stand still
		2031, 2048: // reports of colour scheme and size
		return true
	}
	return false
}

// reset returns what puts the terminal back, the latest change first.
func (m *modes) reset() string {
	var b strings.Builder
	if m.state != inText {
		b.WriteByte(0x18) // CAN: ends a sequence that was cut off
	}
	if m.kitty > 0 {
		fmt.Fprintf(&b, "\x1b[<%du", m.kitty)
	}
	if m.keys {
		b.WriteString("\x1b[>4m")
	}
	for _, mode := range slices.Backward(m.private) {
		fmt.Fprintf(&b, "\x1b[?%dl", mode)
	}
	if m.keypad {
		b.WriteString("\x1b>")
	}
	if m.hidden {
		b.WriteString("\x1b[?25h")
	}
	if b.Len() > 0 {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}
