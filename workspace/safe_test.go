package workspace_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/berth-sh/berth/workspace"
)

func TestSafe(t *testing.T) {
	const r = "\uFFFD"
	for _, c := range []struct{ name, in, want string }{
		{"plain", "api is running", "api is running"},
		{"umlauts, ideographs, emoji", "Größe 世界 👩‍💻 ✓", "Größe 世界 👩‍💻 ✓"},
		{"colour", "\x1b[31mred\x1b[0m", r + "red" + r},
		{"colour, 8-bit", "\u009b31mred", r + "red"},
		{"hidden text", "\x1b[8msecret", r + "secret"},
		{"raw C1 byte", "a\x9b31mb", "a" + r + "31mb"},
		{"clipboard", "a\x1b]52;c;cm0gLXJm\x07b", "a" + r + "b"},
		{"clipboard, ST", "a\x1b]52;c;cm0gLXJm\x1b\\b", "a" + r + "b"},
		{"clipboard, 8-bit", "a\u009d52;c;cm0gLXJm\u009cb", "a" + r + "b"},
		{"clipboard, raw bytes", "a\x9d52;c;cm0\x9cb", "a" + r + "52;c;cm0" + r + "b"},
		{"title", "\x1b]0;owned\x07", r},
		{"link", "\x1b]8;;http://evil/\x1b\\click\x1b]8;;\x1b\\", r + "click" + r},
		{"device control", "a\x1bP1;1|17/6a\x1b\\b", "a" + r + "b"},
		{"device control, 8-bit", "a\u0090q\u009cb", "a" + r + "b"},
		{"application command", "a\x1b_Gf=1;x\x1b\\b", "a" + r + "b"},
		{"start of string, privacy message", "a\x1bXb\x1b\\c\x1b^d\x1b\\e", "a" + r + "c" + r + "e"},
		{"unfinished CSI", "a\x1b[31", "a" + r},
		{"unfinished OSC hides only its line", "a\x1b]0;x\nb", "a" + r + " b"},
		{"CSI broken by a line", "a\x1b[3\nb", "a" + r + " b"},
		{"escape at the end", "a\x1b", "a" + r},
		{"two escapes", "\x1b\x1b[31mx", r + r + "x"},
		{"reset", "\x1bcx", r + "x"},
		{"character set", "\x1b(0x", r + "x"},
		{"bell, backspace, delete", "a\x07b\x08c\x7fd", "a" + r + "b" + r + "c" + r + "d"},
		{"next line, index", "a\u0085b\u0084c", "a" + r + "b" + r + "c"},
		{"carriage return overwrites", "evil\rgood", "evil" + r + "good"},
		{"line break", "a\nb", "a b"},
		{"windows line break", "a\r\nb", "a b"},
		{"tab", "a\tb", "a    b"},
		{"bidi override", "a\u202egnp.exe", "a" + r + "gnp.exe"},
		{"bidi isolate and marks", "\u2066a\u2069\u200e\u061c", r + "a" + r + r + r},
		{"zero width", "a\u200bb\ufeffc\u2060d", "a" + r + "b" + r + "c" + r + "d"},
		{"separators", "a\u2028b\u2029c", "a" + r + "b" + r + "c"},
		{"tags", "a\U000e0041b", "a" + r + "b"},
		{"private use", "a\ue000b", "a" + r + "b"},
		{"invalid UTF-8", "a\xffb\xc3", "a" + r + "b" + r},
		{"surrogate", "a\xed\xa0\x80b", "a" + r + r + r + "b"},
		{"nul", "a\x00b", "a" + r + "b"},
		{"space around", "  a  ", "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := workspace.Safe(c.in); got != c.want {
				t.Errorf("Safe(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestSafeTextKeepsLines(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a\nb\n", "a\nb\n"},
		{"a\r\nb", "a\nb"},
		{"a\r\r\nb", "a\uFFFD\nb"},
		{"a\tb\n\tc", "a    b\n    c"},
		{"a\x1b]0;never closed\nb", "a\uFFFD\nb"},
	} {
		if got := workspace.SafeText(c.in); got != c.want {
			t.Errorf("SafeText(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestSafeCapsLength(t *testing.T) {
	for _, unit := range []string{"a", "ä", "世", "\t", "\xff", "\x1b[31mx"} {
		got := workspace.SafeText(strings.Repeat(unit, 1<<20))
		if len(got) > 64<<10 {
			t.Errorf("%q a million times became %d bytes", unit, len(got))
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q a million times became invalid UTF-8", unit)
		}
	}
}

func FuzzSafe(f *testing.F) {
	for _, s := range []string{"", "a", "\x1b[31m", "\x1b]52;c;YQ==\a", "\u009d8;;x\u009c", "\r\n\t", "\u202e\u200b", "\xff\xc2\x1b", "\xc2", "\x1bP\x1b\\", "👩‍💻"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line, text := workspace.Safe(s), workspace.SafeText(s)
		for _, out := range []string{line, text} {
			if !utf8.ValidString(out) {
				t.Errorf("%q became invalid UTF-8: %q", s, out)
			}
			for _, r := range out {
				if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Co, r) || r == 0x200b || r == 0xfeff) {
					t.Errorf("%q kept %U: %q", s, r, out)
				}
			}
		}
		if strings.Contains(line, "\n") {
			t.Errorf("%q became several lines: %q", s, line)
		}
		if again := workspace.Safe(line); again != line {
			t.Errorf("Safe is not idempotent: %q, then %q", line, again)
		}
		if again := workspace.SafeText(text); again != text {
			t.Errorf("SafeText is not idempotent: %q, then %q", text, again)
		}
	})
}
