package tui

// A key that is typed into a shell is seen when its echo comes back, and what
// is between the two should be the network. The renderer writes at its ticks,
// though, up to thirty milliseconds later. So a row of a shell that has changed
// is written at once, in its place, with the cursor put back afterwards; the
// renderer, which knows nothing of it, writes the same cells again at its next
// tick. A row that changes once more before that is written early once more,
// since the renderer might believe that nothing has changed.

import (
	"bytes"
	"fmt"
	"io"
	"os"
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
)

// outlet is the terminal. Each write reaches it whole, whoever it is from.
type outlet struct {
	*os.File
	mu sync.Mutex
}

// Write implements io.Writer.
func (o *outlet) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.File.Write(b)
}

// WriteString keeps io.WriteString from going around Write.
func (o *outlet) WriteString(s string) (int, error) { return o.Write([]byte(s)) }

// ReadFrom keeps io.Copy from going around Write.
func (o *outlet) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{o}, r) }

// early is what was written early.
type early struct {
	out   io.Writer // nil writes nothing early
	lines []string  // of the last frame
	rows  map[int]earlyRow
}

type earlyRow struct {
	text string
	at   time.Time
}

// paint writes the rows that differ from the last frame, if urgent and if they
// are few, and the rows that have to be corrected.
func (e *early) paint(lines []string, urgent bool, profile colorprofile.Profile) {
	old := e.lines
	e.lines = lines
	if e.out == nil || len(old) != len(lines) {
		e.rows = nil
		return
	}
	now := time.Now()
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
	var b bytes.Buffer
	for _, y := range changed {
		if !plainRow(lines[y]) {
			continue // its width is the renderer's business
		}
		if e.rows == nil {
			e.rows = map[int]earlyRow{}
		}
		e.rows[y] = earlyRow{lines[y], now}
		fmt.Fprintf(&b, "\x1b[%d;1H\x1b[m", y+1)
		w := colorprofile.Writer{Forward: &b, Profile: profile}
		_, _ = w.WriteString(lines[y]) // into memory
		b.WriteString("\x1b[m")
	}
	if b.Len() > 0 {
		_, _ = e.out.Write([]byte("\x1b7" + b.String() + "\x1b8")) // the renderer writes it again
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
