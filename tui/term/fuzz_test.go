package term

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// FuzzScreen writes hostile bytes, cut anywhere and with changes of the size
// between, and then looks at what would be drawn.
func FuzzScreen(f *testing.F) {
	for _, seed := range []string{
		"\x1b[1;24r\x1b[3Sx", "\x1b[?69h\x1b[5;200s\x1b[9@\x1b[99P", "e\u0301\u0301👩‍💻世\x1b[4h界", "\x1b[999999999b\x1b[65535X",
		"\x1b]8;;http://x\x07link\x1b]8;;\x07", "\x1b]52;c;aGk=\x07\x1b]0;t\x07\x1b]11;?\x07\x1b[c\x1b[6n\x1bP$qm\x1b\\", "\x1b[?1049h\x1b[2J\n\n\n\x1b[S\x1b[?1049l\x1bc",
		"a\xc2\x9b31mb\x9b32mc\u202ed\xe2", "\x1b[?6h\x1b[2;3r\x1b[9;9Hx\x1b8\x1b7\x1bM\x1bM\x1b[L\x1b[M", "\x1b[38;5;1;48;2;1;2;3;4:3mx\x1b[7m \x1b[8mhid", "\x0e\x1b)0qq\x0f\x1b#8\x1b[3g\t\t\x1bH\x1b[Z",
		"line\r\nline\r\nline\r\n",
	} {
		f.Add([]byte(seed), uint64(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 2))
		s := newScreen(1+r.IntN(30), 1+r.IntN(100), 50)
		begun := time.Now()
		for len(b) > 0 {
			n := 1 + r.IntN(len(b))
			if r.IntN(4) > 0 {
				s.Write(b[:n])
			} else {
				n = s.Skim(b[:n])
			}
			b = b[n:]
			switch r.IntN(4) {
			case 0:
				s.Resize(r.IntN(40), r.IntN(120))
			case 1:
				s.Restart("note")
			}
			harmless(t, s)
		}
		if spent := time.Since(begun); spent > 10*time.Second {
			t.Errorf("it took %s", spent)
		}
	})
}

// harmless checks that a screen can be drawn into a program's own.
func harmless(t *testing.T, s *screen) {
	t.Helper()
	rows, cols := s.Size()
	lines := s.Render()
	if len(lines) != rows {
		t.Fatalf("%d lines for %d rows", len(lines), rows)
	}
	for _, line := range append(lines, s.History().Lines()...) {
		onlyStyled(t, line)
	}
	for _, line := range lines {
		if w := ansi.StringWidth(line); w > cols {
			t.Fatalf("a line of %d cells in %d columns: %q", w, cols, line)
		}
	}
	if c := s.Cursor(); c.X < 0 || c.Y < 0 || c.X >= cols || c.Y >= rows {
		t.Fatalf("the cursor is at %d,%d of %d×%d", c.X, c.Y, cols, rows)
	}
	if len(s.replies) > maxReplies || len(s.events) > maxEvents {
		t.Fatalf("%d bytes of answers, %d events", len(s.replies), len(s.events))
	}
	for _, e := range s.events {
		if e.Kind != Clipboard {
			onlyStyled(t, e.Text)
		}
	}
}

// onlyStyled checks that a line has text, SGR sequences and hyperlinks in it,
// and nothing else.
func onlyStyled(t *testing.T, line string) {
	t.Helper()
	for rest := line; rest != ""; {
		i := strings.IndexByte(rest, 0x1b)
		text := rest
		if i >= 0 {
			text = rest[:i]
		}
		if strings.ContainsFunc(text, steers) {
			t.Fatalf("a control character in %q", line)
		}
		if i < 0 {
			return
		}
		n := logSequence([]byte(rest[i:]))
		if n == 0 || rest[i+1] == ']' && !strings.HasPrefix(rest[i:], "\x1b]8;") {
			t.Fatalf("a sequence in %q", line)
		}
		rest = rest[i+n:]
	}
}
