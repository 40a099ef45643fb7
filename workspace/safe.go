package workspace

// What may reach a terminal.
//
// Text from the API server, from logs, banners and gateways can carry escape
// sequences, so one filter stands where it enters the program. It drops
// escape sequences whole and replaces every other control character (C0, C1
// in both encodings, DEL), the bidirectional controls, zero-width characters
// and invalid UTF-8 by U+FFFD. Terminal libraries do not do this: their
// strippers pass UTF-8 C1 controls and bidi overrides.

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// safeLimit caps one string, in bytes: more is never shown, and a megabyte of
// annotation must not reach the renderer.
const safeLimit = 64 << 10

// replacement stands for everything that is not shown.
const replacement = string(utf8.RuneError)

// Safe returns s as a single line fit for a terminal: line breaks and tabs
// become spaces, trailing space is dropped.
func Safe(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		return r
	}, SafeText(s))
	return strings.TrimSpace(s)
}

// SafeText is Safe for text of several lines: \n stays, \r\n becomes \n, a tab
// becomes four spaces.
func SafeText(s string) string {
	if len(s) > safeLimit {
		s = s[:safeLimit]
	}
	if clean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		piece, n := safePiece(s[i:])
		if b.Len()+len(piece) > safeLimit {
			break
		}
		b.WriteString(piece)
		i += n
	}
	return b.String()
}

// safePiece returns what stands for the beginning of s, and how many bytes of
// s that is.
func safePiece(s string) (piece string, n int) {
	if n := escapeLen(s); n > 0 {
		return replacement, n
	}
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == '\n':
		return "\n", n
	case r == '\t':
		return "    ", n
	case r == '\r' && strings.HasPrefix(s[n:], "\n"):
		return "", n
	case forbidden(r), r == utf8.RuneError && n <= 1:
		return replacement, n
	}
	return s[:n], n
}

// clean reports whether s needs no work at all, which is nearly always so.
func clean(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 0x20 && c != '\n') || c >= 0x7f {
			return false
		}
	}
	return true
}

// forbidden reports whether r may steer a terminal or hide text.
func forbidden(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r >= 0x200b && r <= 0x200f && r != 0x200d: // zero width and marks; the joiner is part of emoji
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f: // bidi embeddings, overrides, isolates
		return true
	case r == 0x2028, r == 0x2029, r == 0xfeff, r == 0x061c:
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags: invisible text
		return true
	}
	return unicode.Is(unicode.Co, r)
}

// escapeLen returns the length in bytes of the escape sequence that s begins
// with, or 0. Both forms of the introducers count: ESC [ and U+009B, ESC ] and
// U+009D, and so on. An unfinished sequence is as long as the line.
func escapeLen(s string) int {
	kind, n := introducer(s)
	switch kind {
	case 0:
		return 0
	case '[':
		for i := n; i < len(s); i++ {
			if c := s[i]; c >= 0x40 && c <= 0x7e {
				return i + 1
			} else if c < 0x20 || c >= 0x7f {
				return i
			}
		}
		return len(s)
	case ']', 'P', 'X', '^', '_':
		return stringLen(s, n)
	}
	// Designations have intermediate bytes before the final one.
	for kind >= 0x20 && kind < 0x30 && n < len(s) && s[n] >= 0x20 && s[n] < 0x7f {
		kind = s[n]
		n++
	}
	return n
}

// introducer returns the kind of escape sequence at the start of s, in its
// 7-bit letter, and the introducer's length.
func introducer(s string) (kind byte, n int) {
	if len(s) >= 1 && s[0] == 0x1b {
		if len(s) == 1 || s[1] < 0x20 || s[1] >= 0x7f {
			return 1, 1
		}
		return s[1], 2
	}
	if len(s) >= 2 && s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f {
		return s[1] - 0x40, 2
	}
	return 0, 0
}

// stringLen returns the length of an OSC, DCS, SOS, PM or APC sequence whose
// introducer has n bytes: up to BEL, ST or the end of the line.
func stringLen(s string, n int) int {
	for i := n; i < len(s); i++ {
		switch {
		case s[i] == 0x07:
			return i + 1
		case s[i] == '\n':
			return i
		case s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\':
			return i + 2
		case s[i] == 0xc2 && i+1 < len(s) && s[i+1] == 0x9c:
			return i + 2
		}
	}
	return len(s)
}
