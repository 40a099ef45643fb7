package term

import (
	"bytes"
	"unicode/utf8"
)

// The lexer's limits, in bytes. A sequence or string that is longer is no
// terminal's language: it is swallowed to its end.
const (
	maxSequence = 256
	// maxString fits what may go to a clipboard, in base64.
	maxString = 128 << 10
)

// tokens receives the units of a stream of output, each of them whole.
type tokens interface {
	// text is valid UTF-8 without controls.
	text(b []byte)
	// control is one of C0, without those that begin or end sequences.
	control(c byte)
	// sequence is a whole escape or CSI sequence in its 7-bit form.
	sequence(b []byte)
	// osc is the content of an operating system command.
	osc(b []byte)
	// dcs is the content of a device control string.
	dcs(b []byte)
}

type lexerState uint8

const (
	inGround lexerState = iota
	inEscape
	inCSI
	inOSC
	inDCS
	inSwallow // SOS, PM, APC: nothing here knows them
)

// lexer cuts output into tokens. What is unfinished at the end of a write
// waits for the next one, so that the same bytes give the same tokens however
// they are cut.
type lexer struct {
	state   lexerState
	unit    []byte // the sequence or string so far
	tooLong bool
	escaped bool    // in a string, the last byte was ESC
	rune    [4]byte // the beginning of a UTF-8 character
	n       int     // bytes of it
	clean   []byte  // room for text that had to be changed
}

// grounded reports whether the next byte begins a new unit.
func (l *lexer) grounded() bool { return l.state == inGround && l.n == 0 }

func (l *lexer) write(b []byte, to tokens) {
	for len(b) > 0 {
		switch l.state {
		case inGround:
			b = l.ground(b, to)
		case inEscape, inCSI:
			b = l.inSequence(b, to)
		case inOSC, inDCS, inSwallow:
			b = l.inString(b, to)
		}
	}
}

// ground passes texts and controls on and returns what follows them.
func (l *lexer) ground(b []byte, to tokens) []byte {
	if l.n > 0 {
		if b = l.resume(b, to); len(b) == 0 || l.n > 0 {
			return b
		}
	}
	n := printable(b)
	if n > 0 {
		l.text(b[:n], to)
		return b[n:]
	}
	switch c := b[0]; c {
	case 0x1b:
		l.begin(inEscape)
	case 0x7f, 0x18, 0x1a: // DEL fills time; CAN and SUB end what is not there
	default:
		to.control(c)
	}
	return b[1:]
}

// printable returns how many bytes at the start of b are no control
// characters.
func printable(b []byte) int {
	for i, c := range b {
		if c < 0x20 || c == 0x7f {
			return i
		}
	}
	return len(b)
}

// text passes a run without controls on, with what must not be in it taken
// out. A character that the run cuts off at its end is kept for later.
func (l *lexer) text(b []byte, to tokens) {
	if ascii(b) {
		to.text(b)
		return
	}
	if cut := unfinished(b); cut > 0 {
		l.n = copy(l.rune[:], b[len(b)-cut:])
		b = b[:len(b)-cut]
	}
	l.clean = l.clean[:0]
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n <= 1:
			l.clean = utf8.AppendRune(l.clean, utf8.RuneError)
		case !steers(r):
			l.clean = append(l.clean, b[:n]...)
		}
		b = b[n:]
	}
	if len(l.clean) > 0 {
		to.text(l.clean)
	}
}

// resume goes on with a character that the last write has cut.
func (l *lexer) resume(b []byte, to tokens) []byte {
	for len(b) > 0 && l.n < utf8.UTFMax && !utf8.FullRune(l.rune[:l.n]) && b[0]&0xc0 == 0x80 {
		l.rune[l.n] = b[0]
		l.n++
		b = b[1:]
	}
	if len(b) == 0 && !utf8.FullRune(l.rune[:l.n]) {
		return nil
	}
	whole := l.rune[:l.n]
	l.n = 0
	if !utf8.FullRune(whole) {
		whole = []byte(string(utf8.RuneError)) // what follows cannot belong to it
	}
	l.text(whole, to)
	return b
}

// unfinished returns how many bytes at the end of b begin a character that is
// not complete.
func unfinished(b []byte) int {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-i:]) {
				return i
			}
			return 0
		}
	}
	return 0
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// steers reports whether a character is no text but would steer a terminal,
// turn the direction of a line, or hide something in it. What joins other
// characters is text.
func steers(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r == 0x200b, r == 0x200e, r == 0x200f, r == 0x061c: // zero-width space, marks of direction
		return true
	case r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f: // separators, embeddings, isolates
		return true
	case r == 0xfeff, r >= 0xfff9 && r <= 0xfffb: // byte order mark, annotations
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags
		return true
	}
	return false
}

func (l *lexer) begin(state lexerState) {
	l.state, l.unit, l.tooLong, l.escaped = state, l.unit[:0], false, false
	if state == inEscape {
		l.unit = append(l.unit, 0x1b)
	}
}

func (l *lexer) add(c byte, limit int) {
	if len(l.unit) >= limit {
		l.tooLong = true
		return
	}
	l.unit = append(l.unit, c)
}

// inSequence takes one byte of an escape or CSI sequence.
func (l *lexer) inSequence(b []byte, to tokens) []byte {
	c := b[0]
	switch {
	case c == 0x1b:
		l.begin(inEscape)
	case c == 0x18 || c == 0x1a || c == 0x7f || c >= 0x80:
		if c == 0x7f {
			break
		}
		l.state = inGround
		if c >= 0x80 {
			return b // it is text
		}
	case c < 0x20: // acts at once, and the sequence goes on
		to.control(c)
	case l.state == inEscape && len(l.unit) == 1 && l.introduces(c):
	case c >= 0x40 && l.state == inCSI, c >= 0x30 && l.state == inEscape:
		l.add(c, maxSequence)
		l.state = inGround
		if !l.tooLong {
			to.sequence(l.unit)
		}
	default:
		l.add(c, maxSequence)
	}
	return b[1:]
}

// introduces goes on to the longer forms if c introduces one.
func (l *lexer) introduces(c byte) bool {
	switch c {
	case '[':
		l.add(c, maxSequence)
		l.state = inCSI
	case ']':
		l.begin(inOSC)
	case 'P':
		l.begin(inDCS)
	case 'X', '^', '_':
		l.begin(inSwallow)
	default:
		return false
	}
	return true
}

// inString takes the bytes of a string up to its end. An ESC that does not end
// it begins something new, so that a string nobody ends does not swallow the
// session.
func (l *lexer) inString(b []byte, to tokens) []byte {
	if l.escaped {
		l.escaped = false
		if b[0] == '\\' {
			l.endString(to)
			return b[1:]
		}
		l.begin(inEscape)
		return b
	}
	n := bytes.IndexFunc(b, func(r rune) bool { return r < 0x20 })
	if n < 0 {
		n = len(b)
	}
	if n > 0 {
		if l.state != inSwallow {
			keep := b[:min(n, max(0, maxString-len(l.unit)))]
			l.unit = append(l.unit, keep...)
			l.tooLong = l.tooLong || len(keep) < n
		}
		if l.state == inOSC && l.tooLong {
			l.state = inGround // no command is that long: this is a file that nobody should have printed
		}
		return b[n:]
	}
	switch c := b[0]; {
	case c == 0x07 && l.state == inOSC:
		l.endString(to)
	case c == 0x1b:
		l.escaped = true
	case c == 0x18 || c == 0x1a:
		l.state = inGround
	}
	return b[1:]
}

func (l *lexer) endString(to tokens) {
	state := l.state
	l.state = inGround
	switch {
	case l.tooLong:
	case state == inOSC:
		to.osc(l.unit)
	case state == inDCS:
		to.dcs(l.unit)
	}
}
