package term

// A program can print much faster than an emulator can follow, and nobody sees
// every line then. What piles up is looked at as a whole: as far as it is a log
// (texts, line breaks, colours), all but its last screen goes to the history as
// it is, which is some thirty times faster than through the cells. Nothing is
// lost by it: screen and history are the same as by the long way, except that a
// long line in the history is not broken.

import "bytes"

// maxLogLine is the longest line that counts as part of a log, in bytes.
const maxLogLine = 16 << 10

// Skim implements Emulator.
func (s *screen) Skim(b []byte) int {
	rows, _ := s.Size()
	head := prefixLines(b, rows) // the screen must be full before it can scroll away as a whole
	end := head + logLength(b[head:])
	tail := suffixLines(b[:end], rows)
	if tail <= head || bytes.Count(b[head:tail], []byte{'\n'}) < 2*rows { // it would take longer than the long way
		return 0
	}
	s.Write(b[:head])
	if !s.plain() {
		return head
	}
	s.scrollAway()
	s.addLog(b[head:tail])
	s.put("\x1b[H")
	s.Write(b[tail:end])
	return end
}

// plain reports whether the screen does what it does at a prompt: nothing else
// than text and scrolling, and is at the beginning of its last line.
func (s *screen) plain() bool {
	rows, _ := s.Size()
	at, st := s.emu.CursorPosition(), s.state
	return s.lexer.grounded() && at.X == 0 && at.Y == rows-1 && !s.modes.AltScreen &&
		!st.noWrap && !st.insert && !st.origin && !st.sides && !st.newLine && st.sets.ascii() && st.top == 0 && st.bottom == rows
}

// scrollAway moves all but the last row, which is empty, to the history.
func (s *screen) scrollAway() {
	rows, _ := s.Size()
	for range rows - 1 {
		s.put("\x1b[S")
	}
	s.collect()
}

// logLength returns how much at the start of b is a log: whole lines of texts,
// tabs, colours, and commands beside the screen.
func logLength(b []byte) int {
	line, tab, back := 0, false, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c >= 0x20 && c != 0x7f:
		case c == '\n':
			if i == 0 || b[i-1] != '\r' {
				return line // the next line would not begin at the left
			}
			line, tab, back = i+1, false, false
		case c == '\r':
			back = back || i+1 < len(b) && b[i+1] != '\n'
		case c == '\t':
			tab = true
		case c == 0x07:
		case c == 0x1b:
			n := logSequence(b[i:])
			if n == 0 {
				return line
			}
			i += n - 1
		default:
			return line
		}
		if i-line > maxLogLine || tab && back { // a tab leaves what it passes, which a line of text cannot
			return line
		}
	}
	return line
}

// logSequence returns the length of the SGR sequence or the command that b
// begins with, 0 if it is something else or not whole.
func logSequence(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	switch b[1] {
	case '[':
		for i := 2; i < len(b) && i < maxSequence; i++ {
			switch c := b[i]; {
			case c == 'm':
				return i + 1
			case c < '0' || c > ';':
				return 0
			}
		}
	case ']':
		for i := 2; i < len(b) && i < maxLink; i++ {
			switch {
			case b[i] == 0x07:
				return i + 1
			case b[i] == 0x1b && i+1 < len(b) && b[i+1] == '\\':
				return i + 2
			case b[i] < 0x20:
				return 0
			}
		}
	}
	return 0
}

// prefixLines returns the length of the first n lines of b.
func prefixLines(b []byte, n int) int {
	at := 0
	for range n {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return len(b)
		}
		at += i + 1
	}
	return at
}

// suffixLines returns where the last n lines of b begin, one of them being what
// is behind its last line break.
func suffixLines(b []byte, n int) int {
	at := len(b)
	for range n {
		at = bytes.LastIndexByte(b[:at], '\n')
		if at < 0 {
			return 0
		}
	}
	return at + 1
}
