//go:build unix

package term

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// peer is a tmux server: another terminal to compare with.
type peer struct {
	t      *testing.T
	socket string
	dir    string
	n      int
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Fatal("this needs tmux:", err)
	}
	p := &peer{t: t, dir: t.TempDir()}
	p.socket = filepath.Join(p.dir, "s")
	config := filepath.Join(p.dir, "conf")
	// scroll-on-clear is tmux's way to keep what an erasing program has shown; 3.3 lacks the switch.
	if err := os.WriteFile(config, []byte("set -g status off\nset -g default-terminal xterm-256color\nset -g allow-rename on\nset -g history-limit 5000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.tmux("-f", config, "new-session", "-d", "-x", "80", "-y", "24", "exec sleep 1000")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = exec.CommandContext(ctx, "tmux", "-S", p.socket, "kill-server").Run() // it may have ended
	})
	return p
}

func (p *peer) tmux(args ...string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tmux", append([]string{"-u", "-S", p.socket}, args...)...)
	cmd.Env = []string{"LC_ALL=C.UTF-8", "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "SHELL=/bin/sh"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// show prints bytes in a window of its own and returns its rows, with their
// styles, and the cursor's place.
func (p *peer) show(b []byte) (rows []string, cursor string) {
	p.t.Helper()
	p.n++
	file, mark := filepath.Join(p.dir, fmt.Sprint("bytes-", p.n)), fmt.Sprint("all-of-", p.n)
	if err := os.WriteFile(file, append(slices.Clone(b), "\x18\x1b\\\x1b]2;"+mark+"\x07"...), 0o600); err != nil {
		p.t.Fatal(err)
	}
	window := strings.TrimSpace(p.tmux("new-window", "-d", "-P", "-F", "#{window_id}", "stty raw -echo; cat "+file+"; exec sleep 1000"))
	for deadline := time.Now().Add(20 * time.Second); ; {
		state := p.tmux("display-message", "-p", "-t", window, "#{pane_title} #{cursor_x},#{cursor_y}")
		if title, at, ok := strings.Cut(strings.TrimSpace(state), " "); ok && title == mark {
			cursor = at
			break
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("tmux has not shown %q: %s", file, state)
		}
		<-time.After(5 * time.Millisecond)
	}
	rows = strings.Split(strings.TrimSuffix(p.tmux("capture-pane", "-p", "-e", "-N", "-t", window), "\n"), "\n")
	for i := range rows { // line drawing, its way
		rows[i] = strings.NewReplacer("\x0e", "\x1b(0", "\x0f", "\x1b(B").Replace(rows[i])
	}
	cursor = strings.Replace(cursor, "80,", "79,", 1) // its cursor leaves a full line
	p.tmux("kill-window", "-t", window)
	return rows, cursor
}

// cellsOf describes rows as cells with their styles, one line for each run of
// them. tmux carries styles from row to row, so the rows are read as one.
func cellsOf(rows []string, cols int) string {
	s := newScreen(len(rows), cols, 1)
	for y, row := range rows {
		s.move(0, y)
		s.Write([]byte(row))
	}
	var b strings.Builder
	for y := range rows {
		last, row := "none", s.row(y)
		for len(row) > 0 && row[len(row)-1].Content == " " {
			row = row[:len(row)-1] // tmux does not tell the colours of what was erased at the end of a row
		}
		for x := range row {
			c := &row[x]
			if c.Width == 0 {
				continue
			}
			if style := c.Style.String(); style != last && !blank(c) {
				fmt.Fprintf(&b, "⟨%s⟩", strings.Trim(strings.ReplaceAll(style, "\x1b[", ""), "m"))
				last = style
			}
			b.WriteString(content(c))
		}
		out := strings.TrimRight(b.String(), " ")
		b.Reset()
		b.WriteString(out + "\n")
	}
	return b.String()
}

// corpus is what both are shown: recordings, cut in several places, and short
// pieces about one thing each.
func corpus(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	files, err := filepath.Glob("testdata/recordings/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings:", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for part := 1; part <= 6; part++ {
			all[fmt.Sprintf("%s %d/6", filepath.Base(file), part)] = string(b[:len(b)*part/6])
		}
	}
	for name, text := range map[string]string{
		"wrap":                "12345678901234567890123456789012345678901234567890123456789012345678901234567890x\r\ny",
		"wide at the edge":    strings.Repeat("a", 79) + "世b\r\n" + strings.Repeat("a", 78) + "界c",
		"overwritten wide":    "世界\r\x1b[Cx\r\n世界\x1b[2Dx\r\n世界\x1b[4D\x1b[P",
		"accents":             "e\u0301a\u0300x\r\ncafé",
		"emoji":               "a😀b ❤️c 👩‍💻d 🇩🇪e",
		"colours":             "\x1b[31mred\x1b[1;4;42mmore\x1b[0m \x1b[38;5;208morange\x1b[48;2;1;2;3mrgb\x1b[7mrev\x1b[27;24;22m\x1b[90;107mbright\x1b[m",
		"colours with colons": "\x1b[38:2::10:20:30mx\x1b[38:5:99my\x1b[4:3mz\x1b[4:0m.\x1b[58:2::1:2:3m\x1b[4mu\x1b[m",
		"attributes":          "\x1b[2mfaint\x1b[22;3mitalic\x1b[23;5mblink\x1b[25;9mstruck\x1b[29;8mhidden\x1b[28;21mdouble\x1b[m",
		"erase in line":       "0123456789\x1b[5D\x1b[K\r\n0123456789\x1b[5D\x1b[1K\r\n0123456789\x1b[5D\x1b[2Kx",
		"erase in display":    "a\r\nbbbbbb\r\nc\r\nd\x1b[2;3H\x1b[1J\x1b[3;1H\x1b[J",
		"erase with colour":   "abc\x1b[44m\x1b[K\r\n\x1b[3X\x1b[5Cx\x1b[m",
		"insert and delete":   "abcdef\x1b[4D\x1b[2@\x1b[3C\x1b[P\r\n1\r\n2\r\n3\x1b[2;1H\x1b[L\x1b[3;1H\x1b[M",
		"insert mode":         "abc\r\x1b[4hXY\x1b[4lZ",
		"scroll region":       "\x1b[5;10r\x1b[10;1Ha\nb\nc\nd\x1b[5;1H\x1bM\x1bMtop\x1b[r\x1b[24;1Hend",
		"scroll up and down":  "a\r\nb\r\nc\x1b[2S\x1b[T\x1b[2;5Hx",
		"origin":              "\x1b[5;10r\x1b[?6h\x1b[1;1Hhome\x1b[99;1Hlast\x1b[?6l\x1b[1;1Hreal",
		"no wrap":             "\x1b[?7l" + strings.Repeat("b", 85) + "\x1b[?7h",
		"tabs":                "a\tb\t\tc\x1b[3g\td\x1b[20G\x1bH\re\tf\x1b[Zg",
		"save and restore":    "ab\x1b7\x1b[31mcd\x1b8ef\x1b[s\x1b[5;5Hx\x1b[uy",
		"saved at full line":  strings.Repeat("c", 80) + "\x1b7\r\n\x1b8d",
		"second screen":       "one\x1b[?1049h\x1b[2J\x1b[Htwo\x1b[?1049lthree",
		"second screen stays": "one\x1b[?1049htwo",
		"second screen 47":    "one\x1b[?47htwo\x1b[?47lthree",
		"line drawing":        "\x1b(0lqqk\x1b(B\r\n\x1b)0\x0ex x\x0fx",
		"repeat":              "ab\x1b[5bc",
		"positions":           "\x1b[5;10Ha\x1b[3Bb\x1b[3Dc\x1b[2Ad\x1b[15Ge\x1b[10df\x1b[2Eg\x1b[2Fh\x1b[7`i\x1b[2aj\x1b[ek",
		"beyond the edges":    "\x1b[99;99Ha\x1b[99A\x1b[99Db\x1b[0;0Hc\x1b[99Bd\x1b[99Ce",
		"backspace":           "abc\b\bX\b\b\b\b\bY\r\n" + strings.Repeat("d", 80) + "\bZ",
		"reset":               "abc\x1b[31m\x1b[5;9r\x1bcdef",
		"soft reset":          "abc\x1b[31m\x1b[4h\x1b[?7l\x1b[!pdef\rg",
		"C0 within":           "a\x1b[3\r1mb\x1b[\n32mc",
		"aborted":             "a\x1b[31\x18mb\x1b]0;t\x1b[32mc\x1bPxx\x18d",
		"unknown":             "a\x1b[>4;2m\x1b[?2026h\x1b[=1u\x1b[22;0;0t\x1b[5ib\x1b[?2026l\x1b#8\x1b%Gc",
		"bad UTF-8":           "a\xffb\xc3(c\xe2\x82d\xf0\x9f\x98e",
		"C1 in UTF-8":         "a\xc2\x9b31mb\xc2\x85c",
		"zero width":          "a\u200bb\u200dc\u2060d",
		"direction":           "a\u202eb\u2066c",
		"clear and again":     "a\r\nb\r\nc\x1b[H\x1b[2J\x1b[3Jd",
		"links":               "\x1b]8;;https://example.com/a;b\x1b\\link\x1b]8;;\x1b\\ none \x1b]8;id=1;http://x\x07two\x1b]8;;\x07",
		"last line wraps":     "\x1b[24;78Habcdef",
		"erase from wrap":     strings.Repeat("e", 80) + "\x1b[Kx",
		"delete lines":        "1\r\n2\r\n3\r\n4\x1b[2;3H\x1b[2Mx\x1b[99L",
	} {
		all[name] = text
	}
	for seed := range uint64(40) {
		all[fmt.Sprint("random ", seed)] = strings.Join(randomOutput(seed), "")
	}
	return all
}

// randomOutput is a program that does everything in no order, but keeps away
// from the last column, where terminals differ.
func randomOutput(seed uint64) []string {
	r := rand.New(rand.NewPCG(seed, 3))
	var all []string
	for range 150 {
		var b strings.Builder
		n, m := 1+r.IntN(6), 1+r.IntN(24)
		switch r.IntN(20) {
		case 0:
			fmt.Fprintf(&b, "\x1b[%d%c", n, "ABCDEFSTX"[r.IntN(9)])
		case 1:
			fmt.Fprintf(&b, "\x1b[%d%c", n, "@P"[r.IntN(2)])
		case 2:
			fmt.Fprintf(&b, "\x1b7\x1b[r\x1b8\x1b[%d%c\r", n, "LM"[r.IntN(2)]) // outside of a region tmux would move the whole screen
		case 3:
			fmt.Fprintf(&b, "\x1b[%d%c", r.IntN(3), "JK"[r.IntN(2)])
		case 4:
			fmt.Fprintf(&b, "\x1b[%d;%dr", min(n, m), max(n, m)+1)
		case 5:
			b.WriteString([]string{"\x1b[r", "\x1bM", "\x1bD", "\x1bE", "\x1b7", "\x1b8"}[r.IntN(6)])
		case 6:
			fmt.Fprintf(&b, "\x1b[%d;%dm", r.IntN(6), 30+r.IntN(8))
		case 7:
			fmt.Fprintf(&b, "\x1b[%dm", 40+r.IntN(10))
		case 8:
			b.WriteString([]string{"\x1b[m", "\x1b[4h", "\x1b[4l", "\x1b[?7l", "\x1b[?7h"}[r.IntN(5)])
		case 9, 10:
			fmt.Fprintf(&b, "\x1b[%d;%dH", m, 1+r.IntN(50))
		case 11:
			b.WriteString([]string{"世界", "e\u0301", "é", "ｱ"}[r.IntN(4)])
		case 12:
			b.WriteString("\t\r\n"[:1+r.IntN(3)])
		default:
			b.WriteString("lorem ipsum dolor"[:n*2])
		}
		if r.IntN(5) == 0 {
			b.WriteString("\r")
		}
		all = append(all, b.String())
	}
	return all
}

// differences are the known ones: a line "name: reason" for each.
func differences(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("testdata/differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, reason, ok := strings.Cut(line, ": ")
		if !ok || reason == "" {
			t.Fatalf("a difference without a reason: %q", line)
		}
		known[name] = reason
	}
	return known
}

// TestAgainstTmux shows the corpus to tmux as well. A difference that is not
// known fails, and so does a known one that is none any more.
func TestAgainstTmux(t *testing.T) {
	p, known := newPeer(t), differences(t)
	all := corpus(t)
	for name := range known {
		if _, ok := all[name]; !ok {
			t.Errorf("a known difference is about %q, which is not in the corpus", name)
		}
	}
	for name, text := range all {
		t.Run(name, func(t *testing.T) {
			p.t = t
			theirs, at := p.show([]byte(text))
			s := newScreen(24, 80, 1000)
			s.Write([]byte(text + "\x18"))
			c := s.Cursor()
			got, want := cellsOf(s.Render(), 80)+fmt.Sprintf("@%d,%d", c.X, c.Y), cellsOf(theirs, 80)+"@"+at
			_, expected := known[name]
			switch {
			case got == want && expected:
				t.Error("the difference that is listed is none any more")
			case got != want && !expected:
				t.Errorf("the screens differ:\n%s", sideBySide(want, got))
			}
		})
	}
	p.t = t
}

// sideBySide shows the rows that differ.
func sideBySide(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for i := range max(len(w), len(g)) {
		var left, right string
		if i < len(w) {
			left = w[i]
		}
		if i < len(g) {
			right = g[i]
		}
		if left != right {
			fmt.Fprintf(&b, "row %d\n  tmux %q\n  ours %q\n", i, left, right)
		}
	}
	return b.String()
}
