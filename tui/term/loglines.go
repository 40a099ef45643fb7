package term

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

const tabWidth = 8

// pen is the SGR sequences since the last reset: what styles the next letter.
type pen string

// maxPen is how much of a pen is kept, in bytes.
const maxPen = 128

// with returns the pen after one more sequence.
func (p pen) with(sgr []byte) pen {
	switch {
	case string(sgr) == "\x1b[m", string(sgr) == "\x1b[0m":
		return ""
	case bytes.HasPrefix(sgr, []byte("\x1b[0;")), bytes.HasPrefix(sgr, []byte("\x1b[;")), len(p)+len(sgr) > maxPen:
		return pen(sgr)
	}
	return p + pen(sgr)
}

// addLog appends the lines of a log to the history. b ends with a line break.
func (s *screen) addLog(b []byte) {
	if skip := suffixLines(b, s.history.limit+1); skip > 0 { // they would fall out of it at once
		s.history.total += bytes.Count(b[:skip], []byte{'\n'})
		s.beside(b[:skip])
		b = b[skip:]
	}
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		s.addLine(bytes.TrimSuffix(b[:i], []byte{'\r'}))
		b = b[i+1:]
	}
	s.put("\x1b[m" + string(s.state.pen))
}

// beside does what is in b beside its text.
func (s *screen) beside(b []byte) {
	for {
		i := bytes.IndexByte(b, 0x1b)
		if i < 0 {
			return
		}
		n := logSequence(b[i:])
		s.besideSequence(b[i : i+n])
		b = b[i+n:]
	}
}

// besideSequence takes note of a style, or does what a command says.
func (s *screen) besideSequence(b []byte) {
	switch {
	case b[1] == '[':
		s.state.pen = s.state.pen.with(b)
	case b[len(b)-1] == 0x07:
		s.osc(b[2 : len(b)-1])
	default:
		s.osc(b[2 : len(b)-2])
	}
}

// addLine appends one line to the history. A carriage return within it begins
// to write over what is there.
func (s *screen) addLine(b []byte) {
	if s.state.pen == "" && printable(b) == len(b) && ascii(b) {
		s.history.Add(strings.TrimRight(string(b), " "))
		return
	}
	whole := ""
	for part := range bytes.SplitSeq(b, []byte{'\r'}) {
		text := s.linePart(part)
		if rest := ansi.TruncateLeft(whole, ansi.StringWidth(text), ""); Plain(rest) != "" {
			text += rest
		}
		whole = text
	}
	s.history.Add(whole)
}

// linePart makes one printable string of what stands between two carriage
// returns.
func (s *screen) linePart(b []byte) string {
	var out strings.Builder
	out.WriteString(string(s.state.pen))
	styled, column := s.state.pen != "", 0
	_, cols := s.Size()
	for len(b) > 0 {
		n := 1
		switch c := b[0]; c {
		case 0x1b:
			n = logSequence(b)
			s.besideSequence(b[:n])
			if b[1] == '[' {
				out.Write(b[:n])
				styled = true
			}
		case '\t':
			gap := tabGap(column, cols)
			out.WriteString(strings.Repeat(" ", gap))
			column += gap
		case 0x07:
			s.event(Event{Kind: Bell})
		default:
			n = printable(b)
			text := visible(b[:n])
			out.Write(text)
			column += ansi.StringWidth(string(text))
		}
		b = b[n:]
	}
	if styled {
		out.WriteString(ansi.ResetStyle)
	}
	return out.String()
}

// tabGap is how far a tab goes in a line that has column cells already. The last
// column stops it.
func tabGap(column, cols int) int {
	x := column % cols
	if x == 0 && column > 0 {
		return 0 // the line is full, and the next letter begins another one
	}
	return max(0, min(tabWidth-x%tabWidth, cols-1-x))
}

// visible returns b without what steers a terminal.
func visible(b []byte) []byte {
	if ascii(b) {
		return b
	}
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if !steers(r) {
			out = utf8.AppendRune(out, r)
		}
		b = b[n:]
	}
	return out
}
