package term

import (
	"bytes"
	"fmt"
	"image/color"
)

// maxReplies caps the answers that wait, in bytes. A program that asks for ever
// and reads nothing gets no more of them.
const maxReplies = 4 << 10

func (s *screen) reply(text string) {
	if len(s.replies)+len(text) <= maxReplies {
		s.replies = append(s.replies, text...)
	}
}

// ask answers the questions that a program may put in a CSI sequence. Answers
// are constants and places, never text that came from the program: what a
// question makes a terminal send is typed into a shell.
func (s *screen) ask(c csi) {
	rows, cols := s.Size()
	switch {
	case c.final == 'c' && c.inter == 0 && c.param(0, 0) == 0:
		switch c.prefix {
		case 0:
			s.reply("\x1b[?62;22c") // a VT220 with colours
		case '>':
			s.reply("\x1b[>1;10;0c")
		}
	case c.final == 'n' && c.inter == 0:
		s.askStatus(c)
	case c.final == 'p' && c.inter == '$' && c.prefix == 0:
		on, known := s.ansiMode(c.param(0, 0))
		s.reply(fmt.Sprintf("\x1b[%d;%d$y", c.param(0, 0), report(on, known)))
	case c.final == 'p' && c.inter == '$' && c.prefix == '?':
		on, known := s.privateMode(c.param(0, 0))
		s.reply(fmt.Sprintf("\x1b[?%d;%d$y", c.param(0, 0), report(on, known)))
	case c.final == 'q' && c.prefix == '>':
		s.reply("\x1bP>|berth\x1b\\")
	case c.final == 't' && c.prefix == 0 && c.param(0, 0) == 18:
		s.reply(fmt.Sprintf("\x1b[8;%d;%dt", rows, cols))
	case c.final == 'x' && c.prefix == 0 && c.param(0, 0) <= 1:
		s.reply(fmt.Sprintf("\x1b[%d;1;1;128;128;1;0x", c.param(0, 0)+2))
	}
}

func (s *screen) askStatus(c csi) {
	at := s.Cursor()
	switch {
	case c.prefix == 0 && c.param(0, 0) == 5:
		s.reply("\x1b[0n")
	case c.prefix == 0 && c.param(0, 0) == 6:
		y := at.Y
		if s.state.origin {
			y -= s.state.top
		}
		s.reply(fmt.Sprintf("\x1b[%d;%dR", max(0, y)+1, at.X+1))
	case c.prefix == '?' && c.param(0, 0) == 6:
		s.reply(fmt.Sprintf("\x1b[?%d;%d;1R", at.Y+1, at.X+1))
	}
}

// report is a mode in an answer.
func report(on, known bool) int {
	switch {
	case !known:
		return 0
	case on:
		return 1
	}
	return 2
}

// dcs implements tokens: the two questions that programs put this way get the
// answer that the value is not known.
func (s *screen) dcs(b []byte) {
	s.printer.forget()
	switch {
	case bytes.HasPrefix(b, []byte("$q")):
		s.reply("\x1bP0$r\x1b\\")
	case bytes.HasPrefix(b, []byte("+q")):
		s.reply("\x1bP0+r\x1b\\")
	}
}

// askColor answers what the terminal's own colours are, if that is known.
func (s *screen) askColor(command int) {
	c := map[int]color.Color{10: s.foreground, 11: s.background, 12: s.foreground}[command]
	if c == nil {
		return
	}
	r, g, b, _ := c.RGBA()
	s.reply(fmt.Sprintf("\x1b]%d;rgb:%04x/%04x/%04x\x1b\\", command, r, g, b))
}
