package tui

// A key that is typed into a shell is seen when its echo comes back, and what
// is between the two should be the network. The renderer writes at its ticks,
// though, up to thirty milliseconds later. So a row of a shell that has changed
// is written at once, in its place, with the cursor put back afterwards; the
// renderer, which knows nothing of it, writes the same cells again at its next
// tick. A row that changes once more before that is written early once more,
// since the renderer might believe that nothing has changed. And where the renderer
// moves what it believes to be on the screen, lines or cells, rather than writing
// it anew, it moves what was written early instead: then the frame is written
// whole, right after.

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/colorprofile"
)

const (
	// framesPerSecond is how often the renderer looks for something to write. It
	// does so also when nothing happens, which at sixty is more than a hundredth
	// of a core for nothing.
	framesPerSecond = 32
	// earlyRows is how many rows are written early; more are a frame, not an echo.
	earlyRows = 2
	// earlyFor is how long the renderer may take to have written a row itself.
	earlyFor = 4 * time.Second / framesPerSecond
	// leaving is what the renderer writes when it gives the screen back.
	leaving = "\x1b[?1049l"
	// givenIn is how long a frame may take from here to the renderer.
	givenIn = 5 * time.Millisecond
)

// outlet is the terminal. Each write reaches it whole, whoever it is from.
type outlet struct {
	*os.File
	mu    sync.Mutex
	after func(written []byte) // hears what the renderer has written; may be nil
}

// Write implements io.Writer.
func (o *outlet) Write(b []byte) (int, error) {
	n, err := o.put(b)
	if err == nil && o.after != nil {
		o.after(b)
	}
	return n, err
}

// put writes what is not the renderer's.
func (o *outlet) put(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.File.Write(b)
}

// earlyOutlet is the same terminal for what is written early.
type earlyOutlet struct{ *outlet }

// Write implements io.Writer.
func (o earlyOutlet) Write(b []byte) (int, error) { return o.put(b) }

// WriteString keeps io.WriteString from going around Write.
func (o *outlet) WriteString(s string) (int, error) { return o.Write([]byte(s)) }

// ReadFrom keeps io.Copy from going around Write.
func (o *outlet) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{o}, r) }

// early is what was written early.
type early struct {
	out io.Writer // nil writes nothing early

	mu      sync.Mutex // guards what follows: the renderer writes when it likes
	lines   []string   // of the last frame
	made    time.Time  // when that came
	profile colorprofile.Profile
	rows    map[int]earlyRow
}

type earlyRow struct {
	text string
	at   time.Time
}

// paint writes the rows that differ from the last frame, if urgent and if they
// are few, and the rows that have to be corrected.
func (e *early) paint(lines []string, urgent bool, profile colorprofile.Profile) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.lines
	now := time.Now()
	e.lines, e.made, e.profile = lines, now, profile
	if e.out == nil || len(old) != len(lines) {
		e.rows = nil
		return
	}
	var changed []int
	for y := range lines {
		if lines[y] != old[y] {
			changed = append(changed, y)
		}
	}
	if !urgent || len(changed) > earlyRows {
		changed = nil
	}
	for y, row := range e.rows {
		switch {
		case now.Sub(row.at) > earlyFor:
			delete(e.rows, y)
		case lines[y] != row.text:
			changed = append(changed, y)
		}
	}
	changed = slices.DeleteFunc(changed, func(y int) bool { return !plainRow(lines[y]) }) // their width is the renderer's business
	e.mark(changed, now)
	e.write(changed)
}

// mark remembers rows as written early.
func (e *early) mark(rows []int, now time.Time) {
	if e.rows == nil {
		e.rows = map[int]earlyRow{}
	}
	for _, y := range rows {
		e.rows[y] = earlyRow{e.lines[y], now}
	}
}

// write writes rows of the last frame, and puts the cursor back.
func (e *early) write(rows []int) {
	if len(rows) == 0 {
		return
	}
	var b bytes.Buffer
	b.WriteString("\x1b7")
	for _, y := range rows {
		fmt.Fprintf(&b, "\x1b[%d;1H\x1b[m", y+1)
		w := colorprofile.Writer{Forward: &b, Profile: e.profile}
		_, _ = w.WriteString(e.lines[y]) // into memory
		b.WriteString("\x1b[m")
	}
	b.WriteString("\x1b8")
	_, _ = e.out.Write(b.Bytes()) // the renderer writes it again
}

// heal hears what the renderer has written, and writes the frame whole if that has
// moved something that was written early.
func (e *early) heal(written []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if bytes.Contains(written, []byte(leaving)) {
		e.rows = nil // what comes now is somebody else's screen
		return
	}
	now := time.Now()
	for y, row := range e.rows {
		if now.Sub(row.at) > earlyFor {
			delete(e.rows, y)
		}
	}
	if len(e.rows) == 0 || !moves(written) {
		return
	}
	all := make([]int, len(e.lines))
	for y := range all {
		all[y] = y
	}
	e.rows = nil
	if now.Sub(e.made) < givenIn { // the renderer may not have it yet, so that this is early too
		e.mark(all, now)
	}
	e.write(all)
}

// moves reports whether bytes for a terminal move lines or cells about: by
// scrolling, by margins, or by putting some in or taking some out.
func moves(b []byte) bool {
	for {
		i := bytes.IndexByte(b, 0x1b)
		if i < 0 || i+1 >= len(b) {
			return false
		}
		b = b[i+1:]
		if b[0] == 'M' { // reverse index
			return true
		}
		if b[0] != '[' {
			continue
		}
		end := bytes.IndexFunc(b[1:], func(r rune) bool { return r >= 0x40 && r <= 0x7e })
		if end < 0 {
			return false
		}
		if private := len(b) > 1 && b[1] >= 0x3c && b[1] <= 0x3f; !private && bytes.IndexByte([]byte("rSTLM@P"), b[1+end]) >= 0 {
			return true
		}
	}
}

// plainRow reports whether a row is ASCII and colours.
func plainRow(line string) bool {
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c >= 0x7f || c < 0x20 && c != 0x1b {
			return false
		}
		if c == 0x1b && !strings.HasPrefix(line[i:], "\x1b[") {
			return false
		}
	}
	return true
}
