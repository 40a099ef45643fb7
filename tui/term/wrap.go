package term

import "github.com/charmbracelet/x/ansi"

// wrapLine breaks a styled line into rows of at most cols cells. Each has the
// styles that reach it.
func wrapLine(line string, cols int) []string {
	if len(line) <= cols {
		return []string{line}
	}
	width := ansi.StringWidth(line)
	if width <= cols {
		return []string{line}
	}
	var rows []string
	for at := 0; at < width; {
		row := ansi.Cut(line, at, at+cols)
		rows = append(rows, row)
		at += max(1, ansi.StringWidth(row))
	}
	return rows
}
