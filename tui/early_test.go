//go:build unix

package tui

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/google/go-cmp/cmp"
)

// earlyRun is an early with the screen that it writes to.
type earlyRun struct {
	early
	out bytes.Buffer
}

// rows returns which rows were written since the last call.
func (e *earlyRun) written(t *testing.T) []string {
	t.Helper()
	text := e.out.String()
	e.out.Reset()
	if text == "" {
		return nil
	}
	if !strings.HasPrefix(text, "\x1b7") || !strings.HasSuffix(text, "\x1b8") {
		t.Fatalf("the cursor is not put back: %q", text)
	}
	var rows []string
	for _, part := range strings.Split(text[2:len(text)-2], "\x1b[m") {
		if part != "" {
			rows = append(rows, part)
		}
	}
	return rows
}

func TestAnEchoIsWrittenEarly(t *testing.T) {
	e := &earlyRun{}
	e.early.out = &e.out
	paint := func(urgent bool, lines ...string) []string {
		e.paint(lines, urgent, colorprofile.Ascii)
		return e.written(t)
	}
	check := func(what string, got []string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	check("the first frame", paint(true, "a", "b", "c", "d"))
	check("a row", paint(true, "a", "b", "cx", "d"), "\x1b[3;1H", "cx")
	check("nothing", paint(true, "a", "b", "cx", "d"))
	check("the row goes back", paint(false, "a", "b", "c", "d"), "\x1b[3;1H", "c")
	check("no echo", paint(false, "a", "b2", "c", "d"))
	check("too many", paint(true, "1", "2", "3", "d"), "\x1b[3;1H", "3") // the third was written early before
	check("no ASCII", paint(true, "1", "2", "世", "d"))
	check("another size", paint(true, "1", "2", "3"))
	check("colours", paint(true, "1", "\x1b[31mred\x1b[m", "3"), "\x1b[2;1H", "red")
	e.rows[1] = earlyRow{"\x1b[31mred\x1b[m", time.Now().Add(-time.Second)}
	check("what the renderer has written itself", paint(false, "1", "2", "3"))
}

// TestLinesAtOnceLeaveTheRightScreen sends whole lines, each answered by the shell,
// before the renderer has drawn the one before: it then moves lines that were
// written early.
func TestLinesAtOnceLeaveTheRightScreen(t *testing.T) {
	s := startScreen(t, "shells")
	s.sees("api")
	s.press("\r")
	s.sees("api-1 $")
	want := ""
	for round := range 9 {
		line := fmt.Sprintf("line %d", round)
		s.press("echo " + line + "\r")
		want += "api-1 $ echo " + line + "\n" + line + "\n"
		s.sees(want + "api-1 $")
	}
	s.press("\x1dd")
	leaveOne(s)
}

// TestFastTypingLeavesTheRightScreen types, and deletes, faster than the
// renderer draws.
func TestFastTypingLeavesTheRightScreen(t *testing.T) {
	s := startScreen(t, "shells")
	s.sees("api")
	s.press("\r")
	s.sees("api-1 $")
	for round := range 20 {
		s.press("\x15") // empties the line
		want := ""
		for i := range 30 {
			c := string(rune('a' + (round+i)%26))
			s.press(c)
			want += c
			if i%3 == 2 {
				s.press("\x7f")
				want = want[:len(want)-1]
			}
			if i%7 == 0 {
				<-time.After(time.Duration(i%5) * time.Millisecond)
			}
		}
		s.sees("api-1 $ " + want + "\n")
		s.press(fmt.Sprintf(" r%d", round))
		s.sees("api-1 $ " + want + fmt.Sprintf(" r%d\n", round))
	}
	s.press("\x15\x1dd")
	leaveOne(s)
}

// leaveOne leaves the program from the list, with one shell open.
func leaveOne(s *screen) {
	s.t.Helper()
	s.sees("●1")
	s.press("q")
	s.sees("leave now?")
	<-time.After(300 * time.Millisecond)
	s.press("y")
	s.ended()
}

func TestWhatTheRendererMovesIsWrittenAnew(t *testing.T) {
	e := &earlyRun{}
	e.early.out = &e.out
	e.paint([]string{"tabs", "$", "", "", "keys ▸"}, true, colorprofile.Ascii)
	e.heal([]byte("\x1b[2;4r\x1b[2T\x1b[1;5r"))
	if got := e.written(t); got != nil {
		t.Fatalf("nothing was early, and %q is written", got)
	}
	e.paint([]string{"tabs", "$ date", "", "", "keys ▸"}, true, colorprofile.Ascii)
	e.written(t)
	e.heal([]byte("\x1b[2;3Hdate"))
	if got := e.written(t); got != nil {
		t.Fatalf("nothing has moved, and %q is written", got)
	}
	e.heal([]byte("\x1b[2;4r\x1b[2T\x1b[1;5r"))
	want := []string{"\x1b[1;1H", "tabs", "\x1b[2;1H", "$ date", "\x1b[3;1H", "\x1b[4;1H", "\x1b[5;1H", "keys ▸"}
	if diff := cmp.Diff(want, e.written(t)); diff != "" {
		t.Error(diff)
	}
	e.heal([]byte("\x1b[2;4r\x1b[2T\x1b[1;5r")) // the frame was so new that it may still be early
	if diff := cmp.Diff(want, e.written(t)); diff != "" {
		t.Error(diff)
	}
	e.made = time.Now().Add(-time.Second)
	e.heal([]byte("\x1b[2;4r\x1b[2T\x1b[1;5r"))
	e.written(t)
	e.heal([]byte("\x1b[2;4r\x1b[2T\x1b[1;5r"))
	if got := e.written(t); got != nil {
		t.Errorf("the renderer has it all, and %q is written", got)
	}
}

func TestNothingIsWrittenOverWhatTheScreenIsLeftFor(t *testing.T) {
	e := &earlyRun{}
	e.early.out = &e.out
	e.paint([]string{"tabs", "$"}, true, colorprofile.Ascii)
	e.paint([]string{"tabs", "$ exit"}, true, colorprofile.Ascii)
	e.written(t)
	for _, last := range []string{"\x1b[1;2r\x1b[1T\x1b[r\x1b[?1049l\x1b[?25h", "\x1b[1;2r\x1b[1T"} {
		e.heal([]byte(last))
		if got := e.written(t); got != nil {
			t.Errorf("after %q, %q is written", last, got)
		}
	}
}

func TestMoves(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "rSTLM@P": false, "\x1b[31mred\x1b[m": false, "\x1b[2;3Hdate\x1b[K\x1b[J\x1b[5X": false, "\x1b[?25h\x1b[?1000r": false, "\x1b": false, "\x1b[": false, "\x1b[12": false,
		"\x1b[1;24r": true, "\x1b[S": true, "x\x1b[2T": true, "\x1b[L": true, "\x1b[3M": true, "\x1b[@": true, "\x1b[2P": true, "\x1bM": true, "\x1b7\x1b[H\x1b[m\x1b[P": true,
	} {
		if got := moves([]byte(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
