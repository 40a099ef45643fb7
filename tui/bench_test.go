package tui

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/tuitest"
)

func benchApp(b *testing.B) *App {
	b.Helper()
	cluster := tuitest.New(tuitest.Many(10_000))
	a, err := New(Config{Source: cluster, Actions: cluster, Reader: cluster, Now: tuitest.Epoch})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(a.stop)
	a.frame.every = 0
	a.Update(tea.WindowSizeMsg{Width: 160, Height: 45})
	return a
}

// BenchmarkView composes a screen of a list of ten thousand.
func BenchmarkView(b *testing.B) {
	a := benchApp(b)
	b.ReportAllocs()
	for b.Loop() {
		a.frame.dirty = true
		a.View()
	}
}

// BenchmarkKeyToFrame moves the cursor and composes.
func BenchmarkKeyToFrame(b *testing.B) {
	a := benchApp(b)
	for b.Loop() {
		a.Update(key("down"))
		a.View()
	}
}

// BenchmarkChange takes a snapshot of ten thousand and composes.
func BenchmarkChange(b *testing.B) {
	a := benchApp(b)
	for b.Loop() {
		a.snapGen = 0
		a.takeSnapshot()
		a.frame.dirty = true
		a.View()
	}
}
