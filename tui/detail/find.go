package detail

import (
	"strings"
	"unicode"

	"github.com/berth-sh/berth/tui/theme"
)

// finder looks for a text in lines. Capitals count only when the text has some.
// The zero value finds nothing.
type finder struct {
	text string
	fold bool // text is in small letters, and so are lines made
}

func newFinder(text string) finder {
	return finder{text: text, fold: !strings.ContainsFunc(text, unicode.IsUpper)}
}

// on reports whether anything is looked for.
func (f finder) on() bool { return f.text != "" }

func (f finder) in(line string) bool { return f.on() && f.index(line) >= 0 }

// index returns where the text begins in s, -1 where it does not occur. A line
// whose small letters have another length is taken as it is: the place must be
// right.
func (f finder) index(s string) int {
	if f.fold {
		if low := strings.ToLower(s); len(low) == len(s) {
			s = low
		}
	}
	return strings.Index(s, f.text)
}

// paint writes a line in an ink, and every match in another.
func (f finder) paint(line string, ink, match theme.Ink) string {
	if !f.on() {
		return ink.Paint(line)
	}
	var b strings.Builder
	for {
		i := f.index(line)
		if i < 0 {
			b.WriteString(ink.Paint(line))
			return b.String()
		}
		b.WriteString(ink.Paint(line[:i]))
		b.WriteString(match.Paint(line[i : i+len(f.text)]))
		line = line[i+len(f.text):]
	}
}
