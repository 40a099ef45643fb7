package term

import (
	"strings"
)

const (
	pasteBegin = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// EncodePaste returns what to send for pasted text. Control characters are
// taken out, ESC above all: a text could end the brackets early and go on with
// keys.
func EncodePaste(text string, m Modes) []byte {
	text = cleanPaste(text)
	if m.Paste {
		return []byte(pasteBegin + text + pasteEnd)
	}
	return []byte(text)
}

// Runs reports whether pasting a text could run something at once: it has
// several lines, and the program would take them for typed ones.
func Runs(text string, m Modes) bool {
	return !m.Paste && strings.ContainsRune(strings.TrimRight(cleanPaste(text), "\r"), '\r')
}

// cleanPaste writes line breaks as the enter key does, and drops the other
// control characters but tabs.
func cleanPaste(text string) string {
	text = strings.NewReplacer("\r\n", "\r", "\n", "\r").Replace(strings.ToValidUTF8(text, ""))
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\r' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, text)
}
