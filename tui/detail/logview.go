package detail

// What is seen of a log. The policy:
//
//   - Following is the user's: it ends when the view moves up, and nothing but
//     the user's key takes it up again.
//   - A paused view stays on its lines, whatever comes below; lines that have
//     fallen off the ring are the only ones it cannot stay on.
//   - The view is a line and how many of its rows are below the screen, so that
//     a line of many rows is scrolled through like any other text.
//   - Only what is on the screen is cut into rows, and only once.

import (
	"fmt"
	"slices"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/workspace"
)

// logView belongs to the program's loop; its ring is shared with the reader.
type logView struct {
	ring *ring

	follow bool
	wrap   bool
	bare   bool // without time stamps
	bottom int  // number of the last line on the screen, when not following
	skip   int  // its rows below the screen
	left   int  // the next number when following ended

	find    finder
	only    bool  // show only lines with a match
	at      int   // the match that was jumped to, -1 when the view has moved since
	matches []int // numbers of the lines that match, of those before scanned
	scanned int

	width, height int // of the last drawing
	rows          map[int][]string
}

func newLogView() logView {
	return logView{ring: newRing(), follow: true, at: -1, width: 80, height: 1}
}

// anew begins another log and keeps how it is shown.
func (v *logView) anew() {
	v.ring, v.follow = newRing(), true
	v.forget()
	v.matches, v.scanned, v.at = nil, 0, -1
}

func (v *logView) forget() { v.rows = nil }

// size takes the room for the log.
func (v *logView) size(width, height int) {
	if width != v.width {
		v.forget()
	}
	v.width, v.height = width, height
}

// stamped reports whether lines begin with their time.
func (v *logView) stamped() bool { return !v.bare && v.width > 50 }

const stampFormat = "15:04:05 "

// textWidth is the room for a line's own text.
func (v *logView) textWidth(l workspace.LogLine) int {
	if v.stamped() && !l.Time.IsZero() {
		return v.width - len(stampFormat)
	}
	return v.width
}

// marked reports whether a line is the first that is left, so that before it
// stands how many are not.
func (v *logView) marked(n int) bool {
	dropped, _ := v.ring.bounds()
	return n == dropped && dropped > 0 && !v.narrowed()
}

// rowsOf cuts a line into rows. The mark of dropped lines is a row of the first
// one that is left.
func (v *logView) rowsOf(n int) []string {
	rows := v.cutRows(n)
	if v.marked(n) {
		return append([]string{fmt.Sprintf("… %d lines dropped", n)}, rows...)
	}
	return rows
}

func (v *logView) cutRows(n int) []string {
	if rows, ok := v.rows[n]; ok {
		return rows
	}
	l, ok := v.ring.line(n)
	if !ok {
		return nil
	}
	width := max(1, v.textWidth(l))
	rows := []string{cut(l.Text, width)}
	if v.wrap {
		rows = cells.Wrap(l.Text, width)
	}
	if v.rows == nil || len(v.rows) > 512 {
		v.rows = map[int][]string{}
	}
	v.rows[n] = rows
	return rows
}

// cut is cells.Cut for lines that may be very long. Plain text, which is nearly
// all of it, has a byte for each cell; and no character that anybody writes has
// more than sixteen.
func cut(text string, width int) string {
	if width > 0 && len(text) > width && plain(text[:width+1]) {
		return text[:width-1] + "…"
	}
	if most := 16 * (width + 1); len(text) > most {
		for most > 0 && text[most]&0xc0 == 0x80 { // not inside of a character
			most--
		}
		text = text[:most] + "…"
	}
	return cells.Cut(text, width)
}

// plain reports whether s is nothing but printable ASCII.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// scan looks for matches in the lines that have come since.
func (v *logView) scan() {
	if !v.find.on() {
		return
	}
	lines, first := v.ring.since(v.scanned)
	for i, l := range lines {
		if v.find.in(l.Text) {
			v.matches = append(v.matches, first+i)
		}
	}
	v.scanned = first + len(lines)
	oldest, _ := v.ring.bounds()
	gone, _ := slices.BinarySearch(v.matches, oldest)
	v.matches = v.matches[gone:]
}

// narrowed reports whether only matches are shown.
func (v *logView) narrowed() bool { return v.only && v.find.on() }

// ends returns the first and the last line that can be shown; false when there
// is none.
func (v *logView) ends() (first, last int, ok bool) {
	first, next := v.ring.bounds()
	if v.narrowed() {
		if len(v.matches) == 0 {
			return 0, 0, false
		}
		return v.matches[0], v.matches[len(v.matches)-1], true
	}
	return first, next - 1, next > first
}

// before and after return the neighbours of a line; false at the ends.
func (v *logView) before(n int) (int, bool) {
	if v.narrowed() {
		i, _ := slices.BinarySearch(v.matches, n)
		if i == 0 {
			return 0, false
		}
		return v.matches[i-1], true
	}
	first, _ := v.ring.bounds()
	return n - 1, n > first
}

func (v *logView) after(n int) (int, bool) {
	if v.narrowed() {
		i, _ := slices.BinarySearch(v.matches, n+1)
		if i == len(v.matches) {
			return 0, false
		}
		return v.matches[i], true
	}
	_, next := v.ring.bounds()
	return n + 1, n+1 < next
}

// place returns the line at the bottom and how many of its rows are below.
func (v *logView) place() (bottom, skip int, ok bool) {
	first, last, ok := v.ends()
	switch {
	case !ok:
		return 0, 0, false
	case v.follow:
		return last, 0, true
	case v.bottom < first:
		return first, 0, true
	case v.bottom > last:
		return last, 0, true
	}
	return v.bottom, min(v.skip, max(0, len(v.rowsOf(v.bottom))-1)), true
}

// row is one row on the screen.
type row struct {
	line int
	nth  int // of the line's rows
	text string
}

// screen returns the rows on the screen. Where those down to the bottom line do
// not fill it, it begins with the first line instead.
func (v *logView) screen() []row {
	v.scan()
	n, skip, ok := v.place()
	var up []row
	for ; ok && len(up) < v.height; n, ok = v.before(n) {
		rows := v.rowsOf(n)
		for i := len(rows) - 1 - skip; i >= 0 && len(up) < v.height; i-- {
			up = append(up, row{n, i, rows[i]})
		}
		skip = 0
	}
	slices.Reverse(up)
	if len(up) == v.height || v.follow || len(up) == 0 {
		return up
	}
	return v.fromTop()
}

// fromTop returns the first screen and puts the view there.
func (v *logView) fromTop() []row {
	n, _, ok := v.ends()
	var down []row
	for ; ok && len(down) < v.height; n, ok = v.after(n) {
		for i, text := range v.rowsOf(n) {
			if len(down) < v.height {
				down = append(down, row{n, i, text})
			}
		}
	}
	if len(down) > 0 {
		last := down[len(down)-1]
		v.bottom, v.skip = last.line, len(v.rowsOf(last.line))-1-last.nth
	}
	return down
}

// fits reports whether the whole log is on the screen.
func (v *logView) fits() bool {
	n, _, ok := v.ends()
	for used := 0; ok; n, ok = v.after(n) {
		if used += len(v.rowsOf(n)); used > v.height {
			return false
		}
	}
	return true
}

// pause ends following where it is.
func (v *logView) pause() {
	if !v.follow {
		return
	}
	v.bottom, v.skip, _ = v.place()
	_, v.left = v.ring.bounds()
	v.follow = false
}

// unseen returns how many lines have come since following ended.
func (v *logView) unseen() int {
	_, next := v.ring.bounds()
	return next - v.left
}

// scroll moves the view by n rows, down for positive ones.
func (v *logView) scroll(n int) {
	v.scan()
	if v.follow && (n >= 0 || v.fits()) {
		return
	}
	v.pause()
	v.bottom, v.skip, _ = v.place()
	v.at = -1
	for ; n < 0; n++ {
		if v.skip+1 < len(v.rowsOf(v.bottom)) {
			v.skip++
		} else if line, ok := v.before(v.bottom); ok {
			v.bottom, v.skip = line, 0
		}
	}
	for ; n > 0; n-- {
		if v.skip > 0 {
			v.skip--
		} else if line, ok := v.after(v.bottom); ok {
			v.bottom, v.skip = line, max(0, len(v.rowsOf(line))-1)
		}
	}
	v.screen() // a view above the first screen comes back to it
}

// top moves the view to the first line.
func (v *logView) top() {
	v.scan()
	if v.fits() {
		return
	}
	v.pause()
	v.at = -1
	v.fromTop()
}

// look sets what is looked for and shows the nearest match, "" for nothing.
func (v *logView) look(text string) {
	v.find, v.matches, v.scanned, v.at = newFinder(text), nil, 0, -1
	v.scan()
	if v.find.on() && !v.narrowed() && len(v.matches) > 0 && !v.visible(v.matches) {
		v.jump(-1)
	}
}

// visible reports whether one of the lines is on the screen.
func (v *logView) visible(lines []int) bool {
	return slices.ContainsFunc(v.screen(), func(r row) bool {
		_, found := slices.BinarySearch(lines, r.line)
		return found
	})
}

// jump shows the next match, below for positive by and above for negative; it
// goes round at the ends.
func (v *logView) jump(by int) {
	v.scan()
	if len(v.matches) == 0 {
		return
	}
	v.pause()
	i, exact := slices.BinarySearch(v.matches, v.from())
	switch {
	case by > 0 && exact:
		i++
	case by < 0:
		i--
	}
	v.at = v.matches[(i+len(v.matches))%len(v.matches)]
	v.bottom, v.skip = v.at, 0
	v.screen()
}

// from is the line that jumps start at.
func (v *logView) from() int {
	if v.at >= 0 {
		return v.at
	}
	at, _, _ := v.place()
	return at
}

// found says which match was jumped to or is the last on the screen, of how
// many.
func (v *logView) found() (nth, of int) {
	v.scan()
	i, exact := slices.BinarySearch(v.matches, v.from())
	if exact {
		i++
	}
	return i, len(v.matches)
}
