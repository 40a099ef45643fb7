package cli

// How far a copy is: one line on a terminal, ten times a second, and nothing
// elsewhere.

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/berth-sh/berth/tunnel/transfer"
	"github.com/berth-sh/berth/workspace"
)

const (
	barEvery = 100 * time.Millisecond
	barWidth = 20
	// rateOver is the time over which the rate is averaged: a figure that jumps
	// says nothing.
	rateOver = 3 * time.Second
)

// copyBar draws a meter until it is stopped.
type copyBar struct {
	out    io.Writer
	meter  *transfer.Meter
	width  func() int // of the terminal; nil where there is none
	begun  time.Time
	quit   chan struct{}
	drawer sync.WaitGroup

	mu   sync.Mutex // guards out and the rest
	rate float64    // bytes a second
	last transfer.Reading
	at   time.Time
}

// watchCopy draws a meter on standard error, if that is a terminal.
func (a *app) watchCopy(meter *transfer.Meter) *copyBar {
	b := &copyBar{out: a.err, meter: meter, begun: time.Now(), at: time.Now(), quit: make(chan struct{})}
	if d, ok := a.err.(descriptor); ok && isTerminal(a.err) {
		b.width = func() int {
			width, _, err := term.GetSize(int(d.Fd()))
			if err != nil {
				return 80
			}
			return width
		}
		b.drawer.Go(b.run)
	}
	return b
}

func (b *copyBar) run() {
	ticker := time.NewTicker(barEvery)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			b.mu.Lock()
			b.draw(now)
			b.mu.Unlock()
		case <-b.quit:
			return
		}
	}
}

// draw writes the line over the last one.
func (b *copyBar) draw(now time.Time) {
	r := b.meter.Read()
	passed := now.Sub(b.at).Seconds()
	if moved := float64(r.BytesDone - r.Kept - b.last.BytesDone + b.last.Kept); passed > 0 {
		weight := min(1, passed/min(rateOver, now.Sub(b.begun)+barEvery).Seconds())
		b.rate += weight * (moved/passed - b.rate)
	}
	b.last, b.at = r, now
	_, _ = io.WriteString(b.out, "\r"+ansi.Truncate(copyLine(r, b.rate), b.width()-1, "…")+ansi.EraseLineRight) // a terminal that is gone needs none
}

// copyLine is what the line says.
func copyLine(r transfer.Reading, rate float64) string {
	if r.Files == 0 {
		return "  looking"
	}
	part := 1.0
	if r.Bytes > 0 {
		part = min(1, float64(r.BytesDone)/float64(r.Bytes))
	}
	full := int(part * barWidth)
	line := fmt.Sprintf("  %s%s %3.0f %%  %s of %s  %s/s", strings.Repeat("█", full), strings.Repeat("░", barWidth-full), part*100,
		byteSize(r.BytesDone), byteSize(r.Bytes), byteSize(int64(rate)))
	if left := r.Bytes - r.BytesDone; rate >= 1 && left > 0 {
		line += "  " + timeLeft(time.Duration(float64(left)/rate*float64(time.Second)))
	}
	if r.Files > 1 {
		line += fmt.Sprintf("  %d of %d files", r.FilesDone, r.Files)
	}
	return line + "  " + workspace.Safe(r.Name)
}

// timeLeft is a time as people wait for it.
func timeLeft(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d >= 100*time.Hour:
		return "days left"
	case d >= time.Hour:
		return fmt.Sprintf("%d h %02d min left", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%d min %02d s left", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d s left", max(1, int(d.Seconds())))
}

// byteSize is a size as people read it, in powers of ten as on a disk's label.
func byteSize(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, units := float64(n)/unit, "kMGTPE"
	for value >= unit-0.5 && len(units) > 1 {
		value, units = value/unit, units[1:]
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %cB", value, units[0])
	}
	return fmt.Sprintf("%.0f %cB", value, units[0])
}

// note says something above the line.
func (b *copyBar) note(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	fmt.Fprintln(b.out, "  "+text)
}

func (b *copyBar) clear() {
	if b.width != nil {
		fmt.Fprint(b.out, "\r"+ansi.EraseLineRight)
	}
}

// stop ends the line. Where everything was copied, and somebody looks, it says
// how much that was.
func (b *copyBar) stop(done bool) {
	close(b.quit)
	b.drawer.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	if b.width == nil || !done {
		return
	}
	r, took := b.meter.Read(), time.Since(b.begun)
	files := "1 file"
	if r.FilesDone != 1 {
		files = fmt.Sprintf("%d files", r.FilesDone)
	}
	text := fmt.Sprintf("  %s, %s in %s", files, byteSize(r.BytesDone), took.Round(100*time.Millisecond))
	if r.Kept > 0 {
		text += ", of which " + byteSize(r.Kept) + " were there already"
	}
	fmt.Fprintln(b.out, text)
}
