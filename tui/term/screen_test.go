package term

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shown is the screen's text, and its history's before it.
func shown(s *screen) string {
	var b strings.Builder
	for _, line := range s.History().Lines() {
		fmt.Fprintf(&b, "^%s\n", strings.TrimRight(Plain(line), " "))
	}
	for _, line := range s.Render() {
		b.WriteString(Plain(line) + "\n")
	}
	c := s.Cursor()
	fmt.Fprintf(&b, "@%d,%d", c.X, c.Y)
	return b.String()
}

func onScreen(rows, cols int, writes ...string) *screen {
	s := newScreen(rows, cols, 100)
	for _, w := range writes {
		s.Write([]byte(w))
	}
	return s
}

func TestScreen(t *testing.T) {
	for name, test := range map[string]struct {
		rows, cols int
		in         string
		want       string
	}{
		"text":                          {2, 10, "hello\r\nworld", "hello\nworld\n@5,1"},
		"what leaves is history":        {2, 10, "a\r\nb\r\nc", "^a\nb\nc\n@1,1"},
		"a full line":                   {2, 5, "12345", "12345\n\n@4,0"},
		"wrapping":                      {2, 5, "123456", "12345\n6\n@1,1"},
		"margins beyond the screen":     {3, 10, "\x1b[1;24r\x1b[3Sx", "^\n^\n^\nx\n\n\n@1,0"},
		"a region's lines are not kept": {4, 5, "a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3;1H\n\n\n", "a\n\n\nd\n@0,2"},
		"erase saved lines":             {2, 5, "a\r\nb\r\nc\x1b[3Jx", "b\ncx\n@2,1"},
		"erase above":                   {3, 5, "abc\r\nabc\r\nabc\x1b[2;2H\x1b[1J", "\n  c\nabc\n@1,1"},
		"wide at the edge":              {2, 5, "1234世x", "1234\n世x\n@3,1"},
		"wide fills the line":           {2, 5, "123世x", "123世\nx\n@1,1"},
		"wide does not wrap by itself":  {2, 5, "123世\rx", "x23世\n@1,0"},
		"an accent":                     {1, 5, "e\u0301x", "e\u0301x\n@2,0"},
		"an emoji of several":           {1, 9, "👩‍💻x", "👩‍💻x\n@3,0"},
		"insert mode":                   {1, 9, "abc\r\x1b[4hXY\x1b[4l", "XYabc\n@2,0"},
		"saved and restored":            {2, 9, "ab\x1b[sc\x1b[u!", "ab!\n@3,0"},
		"restored from a full line":     {2, 5, "\x1b712345\x1b8x", "x2345\n\n@1,0"},
		"next line":                     {2, 5, "ab\x1bEc", "ab\nc\n@1,1"},
		"soft reset":                    {2, 5, "\x1b[?7l\x1b[4h\x1b[!p123456", "12345\n6\n@1,1"},
		"second screen":                 {2, 5, "ab\x1b[?1049h\x1b[Hxy\x1b[?1049l!", "ab!\n\n@3,0"},
		"second screen, the old way":    {2, 5, "ab\x1b[?47hxy\x1b[?47l!", "ab  !\n\n@4,0"},
		"no C1":                         {1, 9, "a\x9b1mb\xc2\x9b1mc", "a\ufffd1mb1mc\n@8,0"},
		"no direction":                  {1, 9, "a\u202eb\u200fc", "abc\n@3,0"},
		"strings are swallowed":         {1, 9, "a\x1bPq#0\x1b\\b\x1b_Gx\x1b\\c\x1b^y\x1b\\d", "abcd\n@4,0"},
		"a string that never ends":      {1, 9, "a\x1bPq#0\x1b[mb", "ab\n@2,0"},
		"repeat":                        {1, 9, "a\x1b[3b", "aaaa\n@4,0"},
		"line drawing":                  {1, 9, "\x1b(0qx\x1b(Bq", "─│q\n@3,0"},
	} {
		t.Run(name, func(t *testing.T) {
			want := test.want
			for strings.Count(strings.ReplaceAll(want, "^", ""), "\n") < test.rows+strings.Count(want, "^") {
				want = strings.Replace(want, "\n@", "\n\n@", 1)
			}
			if diff := cmp.Diff(want, shown(onScreen(test.rows, test.cols, test.in))); diff != "" {
				t.Error(diff)
			}
			s := newScreen(test.rows, test.cols, 100)
			for i := range len(test.in) {
				s.Write([]byte{test.in[i]})
			}
			if diff := cmp.Diff(want, shown(s)); diff != "" {
				t.Errorf("byte by byte: %s", diff)
			}
		})
	}
}

// logs are backlogs as programs make them.
func logs(r *rand.Rand, lines int) string {
	var b strings.Builder
	for i := range lines {
		switch r.IntN(12) {
		case 0:
			fmt.Fprintf(&b, "\x1b[3%dmline\x1b[0m %d\tof\tmany", r.IntN(8), i)
		case 1:
			fmt.Fprintf(&b, "%s %d", strings.Repeat("long ", 20), i)
		case 2:
			fmt.Fprintf(&b, "10%%\r20%%\r100%% of %d", i)
		case 3:
			fmt.Fprintf(&b, "行 %d 世界", i)
		case 4:
			fmt.Fprintf(&b, "\x1b]0;title %d\x07titled", i)
		case 5:
		case 6:
			fmt.Fprintf(&b, "\x1b[1m")
		case 7:
			fmt.Fprintf(&b, "a long start of it\rshort %d", i)
		default:
			fmt.Fprintf(&b, "line %d", i)
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

// TestSkimmingChangesNothing writes the same backlog both ways.
func TestSkimmingChangesNothing(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		rows, cols := 2+r.IntN(30), 20+r.IntN(80)
		before := logs(r, r.IntN(2*rows))
		backlog := logs(r, 4000)
		after := "$ \x1b[32mprompt\x1b[m"
		long, short := newScreen(rows, cols, 700), newScreen(rows, cols, 700)
		long.Write([]byte(before + backlog + after))
		short.Write([]byte(before))
		if n := short.Skim([]byte(backlog)); n != len(backlog) {
			t.Fatalf("seed %d: took %d of %d", seed, n, len(backlog))
		}
		short.Write([]byte(after))
		if diff := cmp.Diff(screenOnly(long), screenOnly(short)); diff != "" {
			t.Fatalf("seed %d, %d×%d: %s", seed, cols, rows, diff)
		}
		if diff := cmp.Diff(unwrapped(long, cols), unwrapped(short, cols)); diff != "" {
			t.Fatalf("seed %d, %d×%d: history: %s", seed, cols, rows, diff)
		}
	}
}

func screenOnly(s *screen) string {
	return strings.Join(s.Render(), "\n") + fmt.Sprint(s.Cursor())
}

// unwrapped is the end of the history as lines of a width.
func unwrapped(s *screen, cols int) []string {
	var all []string
	for _, line := range s.History().Lines() {
		all = append(all, wrapLine(line, cols)...)
	}
	for i := range all {
		all[i] = strings.TrimRight(Plain(all[i]), " ")
	}
	return all[max(0, len(all)-300):]
}

func TestTheSizeChangesAndNothingIsLost(t *testing.T) {
	s := newScreen(6, 20, 100)
	for i := range 20 {
		s.Write([]byte(fmt.Sprintf("\x1b[3%dmline %d\x1b[m\r\n", i%8, i)))
	}
	s.Write([]byte("\x1b[32m$ "))
	want, total := screenOnly(s), s.History().Total()
	for _, size := range [][2]int{{3, 20}, {1, 20}, {9, 20}, {2, 30}, {6, 20}} {
		s.Resize(size[0], size[1])
		if last := s.Render()[size[0]-1]; Plain(last) != "$" || s.Cursor().X != 2 || s.Cursor().Y != size[0]-1 {
			t.Fatalf("%d rows end with %q, the cursor is at %+v", size[0], last, s.Cursor())
		}
		if s.History().Total() != total {
			t.Errorf("%d lines are new", s.History().Total()-total)
		}
	}
	if diff := cmp.Diff(want, screenOnly(s)); diff != "" {
		t.Error(diff)
	}
	s.Write([]byte("green"))
	if !strings.HasSuffix(s.Render()[5], "\x1b[32m$ green\x1b[m") {
		t.Errorf("%q", s.Render()[5])
	}
}

func TestTheFirstScreenIsKeptWhileTheSecondIsResized(t *testing.T) {
	s := newScreen(6, 20, 100)
	s.Write([]byte("1\r\n2\r\n3\r\n4\r\n$ \x1b[?1049h\x1b[Hediting"))
	s.Resize(3, 20)
	if got := s.Render()[0]; got != "editing" {
		t.Errorf("the second screen shows %q", got)
	}
	s.Write([]byte("\x1b[?1049l"))
	if got := Plain(strings.Join(s.Render(), "|")); got != "3|4|$" || s.Cursor().Y != 2 {
		t.Errorf("the first screen shows %q, the cursor is at %+v", got, s.Cursor())
	}
	if diff := cmp.Diff([]string{"1", "2"}, s.History().Lines()); diff != "" {
		t.Error(diff)
	}
}
