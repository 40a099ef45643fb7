//go:build unix

package term

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cutOutputs are what a shell may be saying when its connection ends. The
// longest of each is the whole of it, with all the modes it sets.
func cutOutputs() map[string]string {
	return map[string]string{
		"colours":      "\x1b[1;38;2;10;200;30;48;5;17;4:3mloud",
		"cursor":       "\x1b[5;7H\x1b7\x1b[3;9H",
		"saved":        "\x1b[6;20H\x1b[31m\x1b[s",
		"modes":        "\x1b[?1;5;9;66;1000;1002;1003;1004;1005;1006;1015;2004;2026h\x1b[?25l\x1b=\x1b[5 q",
		"margins":      "\x1b[2;4r\x1b[?6h\x1b[?69h\x1b[3;9s",
		"no wrap":      "\x1b[?7l\x1b[4h\x1b[20h",
		"tabs":         "\x1b[3g\x1b[1;4H\x1bH",
		"alternate":    "\x1b[?1049h\x1b[2J\x1b[3;3H\x1b[32mvim\x1b7",
		"old screen":   "\x1b[?47h\x1b[2;2H\x1b[7mless",
		"character":    "世界 👩‍💻 e\u0301 \xf0\x9f\x91\xa9",
		"line drawing": "\x1b(0\x1b)0lqqk\x0e\x1bn",
		"clipboard":    "\x1b]52;c;aGVsbG8gd29ybGQ=\x1b\\",
		"title":        "\x1b]0;a title; of vim\x07",
		"directory":    "\x1b]7;file://host/home/dev\x1b\\",
		"link":         "\x1b]8;id=1;https://example.com/a\x1b\\here",
		"colour":       "\x1b]11;?\x07\x1b]4;1;rgb:ff/00/00\x1b\\",
		"notice":       "\x1b]777;notify;done;all of it\x07",
		"sixel":        "\x1bP0;1;0q\"1;1;10;10#0;2;0;0;0#0!10~-\x1b\\",
		"kitty image":  "\x1b_Gf=24,s=1,v=1,a=T;AAAA\x1b\\",
		"kitty keys":   "\x1b[>31u\x1b[=5;1u",
		"other keys":   "\x1b[>4;2m\x1b[?1u",
		"privacy":      "\x1b^secret\x1b\\\x1bXstart\x1b\\",
		"questions":    "\x1b[c\x1b[>c\x1b[6n\x1b[?2026$p\x1bP$qm\x1b\\\x1bP+q544e\x1b\\\x1b[18t",
		"nothing":      "$ ls -l\r\n\x1b[0m\x1b[01;34mbin\x1b[0m\r\n$ ",
	}
}

// everyCut calls f with each of those outputs up to every byte.
func everyCut(t *testing.T, f func(t *testing.T, out string)) {
	t.Helper()
	for name, out := range cutOutputs() {
		t.Run(name, func(t *testing.T) {
			for cut := range len(out) + 1 {
				f(t, out[:cut])
				if t.Failed() {
					t.Fatalf("cut after %q", out[:cut])
				}
			}
		})
	}
}

// A probe uses everything that a shell before may have left changed.
const (
	probe = "\x1b[2J\x1b[H" + "lqk\ttab\tx\r\n" +
		"wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww\r\n" + "世界👩‍💻e\u0301\r\n" + "\x1b[5;1Habc\x1b[5;1HX" +
		"\x1b[8;1H1\n2\n3" + "\x1b8home" + "\x1b[2;3Hy\x1b[sz\x1b[uZ\x1b[6n\x1b[c\x1b[4$p\x1b[?7$p\x1b[?2004$p"
	second = "\x1b[?1047h" + "second\tscreen"
)

// TestAScreenIsFreshAfterACut has a connection end after every byte of what a
// program says. The next shell is drawn as on a screen that nobody has used, and
// none of its text is lost.
func TestAScreenIsFreshAfterACut(t *testing.T) {
	everyCut(t, func(t *testing.T, out string) {
		t.Helper()
		used, fresh := newScreen(8, 40, 100), newScreen(8, 40, 100)
		used.Write([]byte("before\r\n" + out))
		harmless(t, used)
		used.Restart("── connected again ──")
		harmless(t, used)
		used.Events()
		used.Replies()
		if got, want := used.Modes(), fresh.Modes(); got != want {
			t.Errorf("modes are %+v", got)
		}
		at, look := used.Cursor(), fresh.Cursor()
		if look.Y = at.Y; at != look {
			t.Errorf("the cursor is %+v, not %+v", at, look)
		}
		if y := at.Y - 1; y < 0 || strings.TrimRight(Plain(used.Render()[y]), " ") != "── connected again ──" {
			t.Errorf("the note is not above the cursor: %q", used.Render())
		}
		for _, text := range []string{"$ wörd\r\n", probe, second} {
			at := used.Cursor().Y
			used.Write([]byte(text))
			fresh.Write([]byte(text))
			if text == "$ wörd\r\n" {
				if got := strings.TrimRight(Plain(used.Render()[min(at, 6)]), " "); got != "$ wörd" {
					t.Errorf("the first line is %q", got)
				}
				continue
			}
			if diff := cmp.Diff(fresh.Render(), used.Render()); diff != "" {
				t.Errorf("the screen (-fresh +used):\n%s", diff)
			}
			if got, want := used.Cursor(), fresh.Cursor(); got != want {
				t.Errorf("the cursor is %+v, not %+v", got, want)
			}
			if diff := cmp.Diff(string(fresh.Replies()), string(used.Replies())); diff != "" {
				t.Errorf("answers (-fresh +used):\n%s", diff)
			}
			if events := used.Events(); len(events) > 0 {
				t.Errorf("%v happened", events)
			}
		}
	})
}

// reciter is a shell that says something, and is then lost or waits.
type reciter struct {
	io.Reader
	lost bool
	gone chan struct{}
}

func recite(text string, lost bool) *reciter {
	r := &reciter{lost: lost, gone: make(chan struct{})}
	r.Reader = io.MultiReader(strings.NewReader(text), r.end())
	return r
}

// end is the end of what it says.
func (r *reciter) end() io.Reader { return readerFunc(r.wait) }

func (r *reciter) wait([]byte) (int, error) {
	if !r.lost {
		<-r.gone
	}
	return 0, io.EOF
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func (r *reciter) Write(b []byte) (int, error) { return len(b), nil }
func (r *reciter) Resize(int, int) error       { return nil }

func (r *reciter) Wait() (int, error) {
	if r.lost {
		return 0, ErrLost
	}
	return 0, nil
}

func (r *reciter) Close() error {
	if !r.lost {
		close(r.gone)
	}
	return nil
}

// TestNothingOfALostShellComesAfterTheNextOne has a connection end in the middle
// of a sequence, with much before it that has not been drawn yet, and come back
// at once.
func TestNothingOfALostShellComesAfterTheNextOne(t *testing.T) {
	backlog := "\x1b]0;vim\x07\x1b]7;file:///srv\x07" + strings.Repeat("\x1b[3;3H\x1b[Kold\x1b[2;2H\x1b[?1h", 30_000)
	for _, cut := range []string{"", "\x1b]0;half a ti", "\x1b[?1000h\x1b[38;5", "\x1bP+q", "\xf0\x9f"} {
		opens := 0
		s := NewSession(Options{
			Rows: 8, Cols: 40, Pause: func(int) time.Duration { return 0 },
			Open: func(context.Context, Start) (Shell, error) {
				if opens++; opens == 1 {
					return recite(backlog+cut, true), nil
				}
				return recite("$ new", false), nil
			},
		})
		d := &desk{Session: s, t: t}
		d.until("the next shell's first words", func() bool {
			lines := strings.Split(strings.TrimRight(d.text(), "\n"), "\n")
			n := len(lines)
			return n > 1 && lines[n-1] == "$ new" && strings.HasPrefix(lines[n-2], "── connected again")
		})
		if m := d.Modes(); m != (Modes{}) {
			t.Errorf("after %q its modes are %+v", cut, m)
		}
		if s.Title()+s.Directory() != "" {
			t.Errorf("after %q it is called %q and is in %q", cut, s.Title(), s.Directory())
		}
		s.Close()
		<-s.Done()
	}
}
