package tui

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

// FuzzProgram walks through the program with everything that can come at it:
// keys, the mouse, pastes, sizes, changes of the cluster, and shells that print
// anything, end and are lost. Each byte is one step.
func FuzzProgram(f *testing.F) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 4)) //nolint:gosec // a repeatable walk, not a secret
		walk := make([]byte, 200)
		for i := range walk {
			walk[i] = byte(r.IntN(256))
		}
		f.Add(walk, "\x1b[1;99r\x1b[?1049h世\x1b[?1003h\x1b]52;c;aGk=\x07\x1b]0;t\x07")
	}
	f.Fuzz(func(t *testing.T, walk []byte, output string) {
		w := newWalk(t, output)
		for _, step := range walk[:min(len(walk), 300)] {
			w.step(step)
			w.check()
		}
	})
}

// walker is a program on a walk.
type walker struct {
	*seat
	output string
	r      *rand.Rand
	w, h   int
}

func newWalk(t *testing.T, output string) *walker {
	s := &seat{shells: &tuitest.Shells{}}
	s.shells.Greet("$ " + output)
	s.driver = drive(t, demoSnapshot(), func(c *Config) { c.Shells = s.shells })
	s.app.shell.deck.Pause = func(int) time.Duration { return time.Millisecond }
	t.Cleanup(func() { <-s.app.shell.deck.End(false) })
	return &walker{seat: s, output: output, r: rand.New(rand.NewPCG(uint64(len(output)), 5)), w: 120, h: 40} //nolint:gosec // repeatable
}

// give hands a message over and runs what answers at once.
func (w *walker) give(msg tea.Msg) {
	_, cmd := w.app.Update(msg)
	w.soon(cmd, 0)
}

func (w *walker) soon(cmd tea.Cmd, depth int) {
	if cmd == nil || depth > 8 {
		return
	}
	answer := make(chan tea.Msg, 1)
	go func() { answer <- cmd() }()
	select {
	case msg := <-answer:
		if batch, ok := msg.(tea.BatchMsg); ok {
			for _, c := range batch {
				w.soon(c, depth+1)
			}
			return
		}
		switch msg.(type) {
		case nil, tea.QuitMsg:
			return
		}
		_, next := w.app.Update(msg)
		w.soon(next, depth+1)
	case <-time.After(2 * time.Millisecond):
	}
}

func (w *walker) step(b byte) {
	names := []string{
		"enter", "esc", "tab", "up", "down", "pgup", "end", "space", "left", "backspace", "c", "d", "n", "p", "x", "z", "[", "e", "r", "?",
		"1", "2", "9", "q", "y", "v", "V", "/", "g", "G", "N", "a", "D", "l", "A", "ctrl+c", "ctrl+p", "例",
		"*", "b", "B", "C", "s", "S", "R", "P", "u", "right", "t", "-", "+", ":",
	}
	w.pass(time.Duration(b) * 3 * time.Millisecond)
	switch b % 16 {
	case 0:
		w.w, w.h = 1+int(b)*w.r.IntN(8)%200, 1+w.r.IntN(60)
		w.give(tea.WindowSizeMsg{Width: w.w, Height: w.h})
	case 1:
		snap := demoSnapshot()
		snap.Workspaces = snap.Workspaces[:w.r.IntN(len(snap.Workspaces)+1)]
		w.cluster.Set(snap)
		w.give(changedMsg{})
	case 2, 3:
		m := tea.Mouse{X: w.r.IntN(w.w), Y: w.r.IntN(w.h), Button: tea.MouseButton(w.r.IntN(8))}
		w.give([]tea.Msg{tea.MouseClickMsg(m), tea.MouseReleaseMsg(m), tea.MouseMotionMsg(m), tea.MouseWheelMsg(m)}[w.r.IntN(4)])
	case 4:
		w.give(tea.PasteMsg{Content: []string{"one", "two\nlines", w.output}[w.r.IntN(3)]})
	case 5, 6:
		if opened := w.shells.Opened(); len(opened) > 0 {
			w.shellEvent(opened[w.r.IntN(len(opened))])
		}
		w.give(pokedMsg{})
	case 7, 8:
		w.give(key("ctrl+]"))
		w.give(key(names[w.r.IntN(len(names))]))
	case 9:
		w.give([]tea.Msg{tea.FocusMsg{}, tea.BlurMsg{}, clockMsg{}, spinMsg{}, prefixMsg{w.app.shell.prefix.turn}}[w.r.IntN(5)])
	case 10:
		w.give(key("enter"))
	default:
		w.give(key(names[w.r.IntN(len(names))]))
	}
}

func (w *walker) shellEvent(s *tuitest.Shell) {
	switch w.r.IntN(8) {
	case 0:
		s.Exit([]int{0, 1, 137}[w.r.IntN(3)])
	case 1:
		s.Lose(term.ErrLost)
	case 2:
		w.shells.FailWith([]error{nil, errors.New("no"), workspace.WithKind(workspace.ErrUnreachable, errors.New("down"))}[w.r.IntN(3)])
	case 3:
		s.Start.Stalled(w.r.IntN(2) == 0)
	default:
		s.Print(w.output[:w.r.IntN(len(w.output)+1)] + strings.Repeat("text\r\n", w.r.IntN(50)))
	}
}

func (w *walker) check() {
	w.t.Helper()
	if w.app.w <= 0 {
		return
	}
	within(w.t, w.app, w.app.w, w.app.h)
	v := w.app.View()
	if c := v.Cursor; c != nil && (c.X < 0 || c.Y < 0 || c.X >= w.app.w || c.Y >= w.app.h) {
		w.t.Fatalf("the cursor is at %d,%d of %d×%d", c.X, c.Y, w.app.w, w.app.h)
	}
	if strings.ContainsFunc(v.WindowTitle, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
		w.t.Fatalf("the title is %q", v.WindowTitle)
	}
	for piece := range strings.SplitSeq(v.Content, "\x1b") {
		if strings.ContainsFunc(piece, func(r rune) bool { return r < 0x20 && r != '\n' && r != '\a' || r >= 0x7f && r < 0xa0 }) {
			w.t.Fatalf("a control character in %q", piece)
		}
	}
}
