package tui

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tui/term"
)

func TestPastingLinesAsks(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.send(tea.PasteMsg{Content: "one word"})
	s.typed(0, "one word")
	s.send(tea.PasteMsg{Content: "first\nsecond\x1b[201~\nthird\n"})
	s.sees("paste 3 lines into api?", "first", "third")
	s.keys("enter")
	s.typed(0, "one word")
	s.send(tea.PasteMsg{Content: "first\nsecond\n"})
	s.keys("tab", "enter")
	s.typed(0, "one wordfirst\rsecond\r")
	s.shell(0).Print("\x1b[?2004h")
	s.until("brackets", func() bool { return s.app.shellTab().Modes().Paste })
	s.send(tea.PasteMsg{Content: "a\nb"})
	s.typed(0, "one wordfirst\rsecond\r\x1b[200~a\rb\x1b[201~")
}

func TestTheClipboardIsAskedForOnce(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	for range 50 {
		s.shell(0).Print("\x1b]52;c;aGVsbG8=\a")
		s.run(s.app.collect(), 0)
	}
	s.shows("may api write to your clipboard?", "hello", "5 bytes")
	if n := len(s.app.dialogs); n != 1 {
		t.Fatalf("%d questions", n)
	}
	s.keys("tab", "enter")
	s.shell(0).Print("\x1b]52;c;d29ybGQ=\a\x1b]52;c;?\a")
	s.until("the second text", func() bool { return cmp.Equal([]string{"hello", "world"}, s.clipboard()) })
	if typed := s.shell(0).Typed(); typed != "" {
		t.Errorf("a question about the clipboard was answered: %q", typed)
	}
	s.prefixed("d")
	s.shell(0).Print("\x1b]52;c;c2VjcmV0\aand \x1b]9;a word\a")
	s.shows("api: a word")
	if len(s.clipboard()) != 2 {
		t.Error("a shell that nobody sees has written to the clipboard")
	}
}

func TestTheClipboardRefusedStaysSo(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.shell(0).Print("\x1b]52;c;aGVsbG8=\a")
	s.shows("may api write")
	s.keys("enter")
	s.shell(0).Print("\x1b]52;c;aGVsbG8=\arung\a")
	s.shows("rung")
	s.lacks("may api write")
	if len(s.clipboard()) > 0 {
		t.Error(s.clipboard())
	}
}

func TestLookingAround(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	for i := range 100 {
		s.shell(0).Print(fmt.Sprintf("line %d of it\r\n", i))
	}
	s.shows("line 99 of it")
	s.prefixed("[")
	s.shows("SCROLL")
	s.keys("g")
	s.sees("line 0 of it")
	s.lacks("line 99 of it")
	s.shell(0).Print("fresh\r\nfresh\r\n")
	s.shows("↓ 2 new")
	s.keys("/")
	s.typing("line 42")
	s.keys("enter")
	s.sees("line 42 of it", "1 of 1")
	s.keys("V", "j", "y")
	if diff := cmp.Diff([]string{"line 42 of it\nline 43 of it\n"}, s.clipboard()); diff != "" {
		t.Error(diff)
	}
	s.sees("SHELL", "fresh")
	if typed := s.shell(0).Typed(); typed != "" {
		t.Errorf("the shell has got %q", typed)
	}
}

func TestTheWheelScrollsAndTypingComesBack(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	for i := range 100 {
		s.shell(0).Print(fmt.Sprintf("line %d of it\r\n", i))
	}
	s.shows("line 99 of it")
	wheel := func(b tea.MouseButton) { s.send(tea.MouseWheelMsg{X: 5, Y: 9, Button: b}) }
	for range 40 {
		wheel(tea.MouseWheelUp)
	}
	s.shows("SCROLL", "line 0 of it")
	s.keys("l")
	s.shows("SHELL", "line 99 of it")
	s.typed(0, "l")
	wheel(tea.MouseWheelUp)
	s.shows("SCROLL")
	wheel(tea.MouseWheelDown)
	s.shows("SHELL")
}

func TestAProgramGetsTheMouse(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.shell(0).Print("\x1b[?1049h\x1b[?1003h\x1b[?1006h\x1b[?1004h")
	s.until("the mouse", func() bool { return s.app.shellTab().Modes().Focus })
	s.app.frame.dirty = true
	if v := s.app.View(); v.MouseMode != tea.MouseModeAllMotion || !v.ReportFocus {
		t.Errorf("mouse %v, focus %v", v.MouseMode, v.ReportFocus)
	}
	s.send(tea.MouseClickMsg{X: 4, Y: 3, Button: tea.MouseLeft})
	s.send(tea.MouseReleaseMsg{X: 4, Y: 3, Button: tea.MouseLeft})
	s.send(tea.MouseMotionMsg{X: 5, Y: 3})
	s.send(tea.MouseWheelMsg{X: 5, Y: 3, Button: tea.MouseWheelDown})
	s.send(tea.BlurMsg{})
	s.send(tea.FocusMsg{})
	want := "\x1b[<0;5;3M\x1b[<0;5;3m\x1b[<35;6;3M\x1b[<65;6;3M\x1b[O\x1b[I"
	s.typed(0, want)
	s.shell(0).Print("\x1b[?1003l")
	s.until("no mouse", func() bool { return s.app.shellTab().Modes().Mouse == term.MouseNone })
	s.send(tea.MouseWheelMsg{X: 5, Y: 3, Button: tea.MouseWheelUp})
	s.typed(0, want+"\x1b[A\x1b[A\x1b[A")
	s.send(tea.MouseClickMsg{X: 2, Y: 0, Button: tea.MouseLeft}) // the tab itself
	s.prefixed("d")
	s.typed(0, want+"\x1b[A\x1b[A\x1b[A\x1b[I\x1b[O")
}

func TestDraggingCopies(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.shell(0).Print("\r\x1b[Ktake this word")
	s.shows("take this word")
	s.send(tea.MouseClickMsg{X: 5, Y: 1, Button: tea.MouseLeft})
	s.send(tea.MouseMotionMsg{X: 7, Y: 1, Button: tea.MouseLeft})
	s.shows("SCROLL")
	s.send(tea.MouseMotionMsg{X: 8, Y: 1, Button: tea.MouseLeft})
	s.send(tea.MouseReleaseMsg{X: 8, Y: 1, Button: tea.MouseLeft})
	if diff := cmp.Diff([]string{"this"}, s.clipboard()); diff != "" {
		t.Error(diff)
	}
	s.sees("SHELL", "copied 4 B")
}

func TestTheBellOfTheShellThatHasTheKeysRings(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	rung := func() (n int) {
		for _, m := range s.ran {
			if raw, ok := m.(tea.RawMsg); ok && raw.Msg == "\a" {
				n++
			}
		}
		return n
	}
	for range 20 {
		s.shell(0).Print("\a")
	}
	s.until("the bell", func() bool { return rung() > 0 })
	s.shell(0).Print("\aquiet")
	s.shows("quiet")
	if n := rung(); n != 1 {
		t.Errorf("it rings %d times within a second", n)
	}
}

func TestBellsMarkTheirTab(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.prefixed("c")
	s.shell(1)
	s.shell(0).Print("\a")
	s.shows("1 api ♪")
	s.prefixed("1")
	s.until("the mark to go", func() bool { return !strings.Contains(s.text(), "♪") })
	s.shell(0).Print("\x1b]2;vim x\x07")
	s.shows("1 api vim x")
	if title := s.app.View().WindowTitle; title != "berth · api · vim x" {
		t.Error(title)
	}
	s.shell(1).Print("\x1b]9;build done\x07")
	s.shows("api·2: build done")
}

func TestTheScreenCanBeSplit(t *testing.T) {
	s := sit(t, nil)
	s.keys("enter")
	s.shows("dev@api:~$")
	s.prefixed("z")
	s.shows("NAME", "gpu-train", "dev@api:~$", "SHELL")
	shell := s.shell(0)
	s.until("the new size", func() bool { n := shell.Sizes(); return len(n) > 0 && n[len(n)-1] == [2]int{28, 120} })
	s.send(tea.MouseClickMsg{X: 5, Y: 3, Button: tea.MouseLeft})
	s.shows("? help")
	s.keys("k", "k", "k", "enter")
	s.shows("NAME", "SHELL")
	s.prefixed("z")
	s.until("the old size", func() bool { n := shell.Sizes(); return n[len(n)-1] == [2]int{38, 120} })
	s.lacks("NAME")
}
