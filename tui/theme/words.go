package theme

import "strings"

// Written takes what is drawn rather than written out of a text, where the theme
// has words for it. The width stays.
func (t Theme) Written(text string) string {
	if !t.Words {
		return text
	}
	return strings.Map(written, text)
}

func written(r rune) rune {
	switch r {
	case '▌', '▸', '›', '→':
		return '>'
	case '✕':
		return '!'
	case '·', '–', '—':
		return '-'
	case '…':
		return '.'
	case '↑':
		return '^'
	case '↓', '▾':
		return 'v'
	case '←':
		return '<'
	case '♪':
		return '*'
	case '✓':
		return ' '
	}
	if r >= 0x2500 && r <= 0x25ff || r >= 0x2800 && r <= 0x28ff { // lines, blocks and shapes; braille
		return ' '
	}
	return r
}
