//go:build unix

package term

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// printout is a shell that prints what it has and then waits.
type printout struct {
	io.Reader
	deaf
}

func (p *printout) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if n == 0 && err != nil {
		<-p.closed
		return 0, io.EOF
	}
	return n, nil
}

// BenchmarkCat prints 100 MB of lines.
func BenchmarkCat(b *testing.B) {
	line := []byte(strings.Repeat("x", 63) + "\r\n")
	all := bytes.Repeat(line, 100<<20/len(line))
	b.SetBytes(int64(len(all)))
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		p := &printout{Reader: io.MultiReader(bytes.NewReader(all), strings.NewReader("the end"))}
		p.closed = make(chan struct{})
		s := NewSession(Options{Rows: 40, Cols: 120, Open: func(context.Context, Start) (Shell, error) { return p, nil }})
		for !strings.Contains(strings.Join(s.Frame().Lines, "\n"), "the end") {
			<-s.Changed()
		}
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapInuse-before.HeapInuse)/1e6, "MB-heap")
		s.Close()
		<-s.Done()
	}
}

// BenchmarkRedraw draws a recorded program's screen of 120×40 anew.
func BenchmarkRedraw(b *testing.B) {
	for _, name := range []string{"vim", "htop"} {
		out, err := os.ReadFile(filepath.Join("testdata/redraws", name))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			s := newScreen(40, 120, 1000)
			for b.Loop() {
				s.Write(out)
				if len(s.Render()) != 40 {
					b.Fatal("it has lost rows")
				}
			}
		})
	}
}
