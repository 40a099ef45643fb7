// Package cells does arithmetic on text that may carry styles: everything is
// measured in terminal cells, never in bytes or runes, and every result has
// exactly the width asked for. Widths below zero count as zero.
package cells

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Width returns how many cells s takes; it has no line breaks.
func Width(s string) int { return ansi.StringWidth(s) }

// Spaces returns n spaces, none for a negative n.
func Spaces(n int) string { return strings.Repeat(" ", max(0, n)) }

// Cut shortens s to at most w cells; an ellipsis says that something is
// missing.
func Cut(s string, w int) string {
	switch {
	case w <= 0:
		return ""
	case len(s) <= w: // no string has more cells than bytes
		return s
	}
	return ansi.Truncate(s, w, "…")
}

// Fit makes s exactly w cells wide: cut, or padded on the right.
func Fit(s string, w int) string {
	s = Cut(s, w)
	return s + Spaces(w-Width(s))
}

// FitRight is Fit with the padding on the left.
func FitRight(s string, w int) string {
	s = Cut(s, w)
	return Spaces(w-Width(s)) + s
}

// Spread puts left and right at the ends of a line of w cells. The left side
// gives way when there is no room for both.
func Spread(left, right string, w int) string {
	r := Width(right)
	if r >= w {
		return Fit(right, w)
	}
	return Fit(left, w-r) + right
}

// Wrap breaks s into lines of at most w cells, at spaces where it can.
func Wrap(s string, w int) []string {
	return strings.Split(ansi.Wrap(s, max(1, w), ""), "\n")
}

// Block makes lines exactly w by h: shorter ones are padded, the rest is cut.
func Block(lines []string, w, h int) []string {
	out := make([]string, max(0, h))
	for i := range out {
		if i < len(lines) {
			out[i] = Fit(lines[i], w)
		} else {
			out[i] = Spaces(w)
		}
	}
	return out
}

// Overlay lays box over base with its top left corner at x, y. Both are
// blocks. A wide character that the edge cuts in half becomes a space.
func Overlay(base, box []string, x, y int) {
	for i, line := range box {
		row := y + i
		if row < 0 || row >= len(base) {
			continue
		}
		total, w := Width(base[row]), Width(line)
		left := ansi.Cut(base[row], 0, max(0, x))
		left += Spaces(x - Width(left))
		right := ""
		if x+w < total {
			right = ansi.Cut(base[row], x+w, total)
			if Width(right) > total-x-w { // it kept a character that begins under the box
				right = ansi.Cut(base[row], x+w+1, total)
			}
			right = Spaces(total-x-w-Width(right)) + right
		}
		base[row] = left + line + right
	}
}
