package tui

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

// driver plays the program's loop without a terminal: it runs commands to
// their end, except those that wait for ever.
type driver struct {
	t       *testing.T
	app     *App
	cluster *tuitest.Cluster
	mu      sync.Mutex // guards clock, which shells read as well
	clock   time.Time
	ran     []tea.Msg    // what commands gave
	late    chan tea.Msg // what commands gave that were left alone
}

func drive(t *testing.T, snap workspace.Snapshot, change func(*Config)) *driver {
	t.Helper()
	d := &driver{t: t, cluster: tuitest.New(snap), clock: tuitest.Epoch(), late: make(chan tea.Msg, 1000)}
	cfg := Config{
		Source: d.cluster, Scope: d.cluster, Actions: d.cluster, Reader: d.cluster, Sessions: sessions{}, Files: d.cluster,
		Now: d.now,
	}
	if change != nil {
		change(&cfg)
	}
	app, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.stop)
	app.frame.every = 0
	app.pane.Settle = time.Millisecond
	// No spinner, and no timer: their ticks would take real time.
	app.ticks = ticks{spinning: true, due: time.Unix(0, 0), timer: 1}
	d.app = app
	d.size(120, 40)
	return d
}

func (d *driver) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.clock
}

// pass has time go by.
func (d *driver) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clock = d.clock.Add(by)
}

// send gives a message to the program and runs what it asks for.
func (d *driver) send(msg tea.Msg) {
	d.t.Helper()
	_, cmd := d.app.Update(msg)
	d.run(cmd, 0)
}

// run runs a command and what follows from it. Commands that do not answer at
// once are waiting for something and are left alone.
func (d *driver) run(cmd tea.Cmd, depth int) {
	d.t.Helper()
	if cmd == nil || depth > 20 {
		return
	}
	answer := make(chan tea.Msg, 1)
	go func() { answer <- cmd() }()
	var msg tea.Msg
	select {
	case msg = <-answer:
	case <-time.After(settleIn):
		go func() {
			select {
			case d.late <- <-answer:
			default: // nobody waits for it
			}
		}()
		return
	}
	switch m := msg.(type) {
	case nil, clockMsg, spinMsg, frameMsg:
		return
	case tea.BatchMsg:
		for _, c := range m {
			d.run(c, depth+1)
		}
		return
	}
	if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice { // a sequence
		for i := range v.Len() {
			if c, ok := v.Index(i).Interface().(tea.Cmd); ok {
				d.run(c, depth+1)
			}
		}
		return
	}
	d.ran = append(d.ran, msg)
	_, next := d.app.Update(msg)
	d.run(next, depth+1)
}

// eventually waits for a condition, and hands over what commands give that were
// left alone before.
func (d *driver) eventually(what string, ok func() bool) {
	d.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case msg := <-d.late:
			if msg != nil {
				d.send(msg)
			}
		case <-poll.C:
		case <-deadline.C:
			d.t.Fatalf("waiting for %s:\n%s", what, d.text())
		}
	}
}

// settleIn is longer than the pane's own wait before it loads, also on a machine
// that does something else as well.
const settleIn = 350 * time.Millisecond

func (d *driver) size(w, h int) { d.send(tea.WindowSizeMsg{Width: w, Height: h}) }

// keys presses keys by their names; time passes between two.
func (d *driver) keys(names ...string) {
	d.t.Helper()
	for _, name := range names {
		d.pass(300 * time.Millisecond)
		d.send(key(name))
	}
}

// typing presses the letters of a text.
func (d *driver) typing(text string) {
	d.t.Helper()
	for _, r := range text {
		d.keys(string(r))
	}
}

// change tells the program that the cluster has changed.
func (d *driver) change() { d.send(changedMsg{}) }

func (d *driver) lines() []string { return grid(d.t, d.app.View().Content, d.app.w, d.app.h) }

func (d *driver) text() string { return strings.Join(d.lines(), "\n") }

func (d *driver) sees(want ...string) {
	d.t.Helper()
	text := d.text()
	for _, w := range want {
		if !strings.Contains(text, w) {
			d.t.Fatalf("the screen lacks %q:\n%s", w, text)
		}
	}
}

func (d *driver) lacks(not string) {
	d.t.Helper()
	if text := d.text(); strings.Contains(text, not) {
		d.t.Fatalf("the screen shows %q:\n%s", not, text)
	}
}

func (d *driver) profile(p colorprofile.Profile) { d.send(tea.ColorProfileMsg{Profile: p}) }

func key(name string) tea.KeyPressMsg {
	special := map[string]tea.KeyPressMsg{
		"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift},
		"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
		"pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
		"space": {Code: tea.KeySpace, Text: " "}, "backspace": {Code: tea.KeyBackspace},
	}
	if k, ok := special[name]; ok {
		return k
	}
	if letter, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(letter[0]), Mod: tea.ModCtrl}
	}
	r := []rune(name)[0]
	k := tea.KeyPressMsg{Code: r, Text: name}
	if strings.ToLower(name) != name {
		k.Code, k.Mod = []rune(strings.ToLower(name))[0], tea.ModShift
	}
	return k
}
