package tui

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/tuitest"
	"github.com/berth-sh/berth/workspace"
)

// TestAnIdleScreenIsStill leaves the program alone for ten minutes, with rows
// of all ages: it wakes seldom, and what it shows changes once a minute.
func TestAnIdleScreenIsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		snap := tuitest.Many(60)
		for i := range snap.Workspaces {
			w := &snap.Workspaces[i]
			w.ReadySince = time.Now().Add(-3*time.Minute - time.Duration(i)*1700*time.Millisecond)
			w.Created = w.ReadySince.Add(-777 * time.Millisecond)
		}
		loop := runLoop(t, snap)
		defer loop.end()
		a := loop.app
		begun, wakes, shown := time.Now(), loop.rang, a.View().Content
		screens := 0
		for time.Since(begun) < 10*time.Minute {
			loop.pass(time.Second)
			if now := a.View().Content; now != shown {
				screens++
				shown = now
				if at := time.Now().Truncate(time.Second); !at.Equal(at.Truncate(time.Minute)) {
					t.Errorf("the screen changed at %s", at.Format("15:04:05"))
				}
			}
		}
		if screens == 0 || screens > 10 {
			t.Errorf("the screen changed %d times in ten minutes", screens)
		}
		if wakes = loop.rang - wakes; wakes > 61 {
			t.Errorf("the clock woke the program %d times", wakes)
		}
	})
}

// TestTheClockWakesForWhatIsDue has the timer ring when a notice has been there
// long enough and while seconds are counted, and one timer at a time.
func TestTheClockWakesForWhatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop := runLoop(t, tuitest.Many(3))
		defer loop.end()
		a := loop.app
		for range 20 { // each is due sooner than the timer that is set
			a.say("copied")
			loop.send(nil)
		}
		loop.pass(toastFor)
		if text := a.toastText(80); text != "" {
			t.Errorf("after %v the screen says %q", toastFor, text)
		}
		loop.pass(time.Minute)
		wakes := loop.rang
		loop.pass(time.Minute)
		if n := loop.rang - wakes; n != 6 {
			t.Errorf("the clock woke the program %d times in a minute", n)
		}
		a.snap.Problem, a.snap.Retry = "no answer", time.Now().Add(5*time.Second)
		wakes = loop.rang
		loop.send(nil)
		loop.pass(5 * time.Second)
		if n := loop.rang - wakes; n < 5 || n > 6 {
			t.Errorf("five seconds were counted in %d steps", n)
		}
	})
}

// A row that is on its way is watched: its seconds are counted.
func TestSecondsAreCountedBesideASpinner(t *testing.T) {
	snap := tuitest.Many(2)
	snap.Workspaces[0].ReadySince = tuitest.Epoch().Add(-20 * time.Second)
	snap.Workspaces[1].Status = workspace.Status{Phase: workspace.Starting, Since: tuitest.Epoch().Add(-20 * time.Second)}
	d := drive(t, snap, nil)
	d.pass(3 * time.Second)
	d.send(clockMsg{})
	d.sees(" 20s ", " 23s ")
}

// loop runs the program as Bubble Tea does, without a terminal, in a bubble of
// synctest.
type loop struct {
	app  *App
	msgs chan tea.Msg
	gone chan struct{}
	rang int // timers of the clock that came

	running sync.WaitGroup
}

// runLoop opens the program on a large screen and lets it come to rest.
func runLoop(t *testing.T, snap workspace.Snapshot) *loop {
	t.Helper()
	cluster := tuitest.New(snap)
	a, err := New(Config{Source: cluster, Actions: cluster, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	l := &loop{app: a, msgs: make(chan tea.Msg), gone: make(chan struct{})}
	l.start(a.Init())
	l.send(tea.WindowSizeMsg{Width: 160, Height: 45})
	l.pass(time.Second)
	return l
}

func (l *loop) start(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	l.running.Go(func() {
		msg := cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for _, c := range batch {
				l.start(c)
			}
			return
		}
		select {
		case l.msgs <- msg:
		case <-l.gone:
		}
	})
}

// send gives the program a message.
func (l *loop) send(msg tea.Msg) {
	if _, ok := msg.(clockMsg); ok {
		l.rang++
	}
	_, cmd := l.app.Update(msg)
	l.app.View()
	l.start(cmd)
}

// pass has time go by.
func (l *loop) pass(by time.Duration) {
	enough := time.After(by)
	for {
		select {
		case msg := <-l.msgs:
			l.send(msg)
			continue
		case <-enough:
		}
		break
	}
	for synctest.Wait(); ; synctest.Wait() { // what comes at the same moment
		select {
		case msg := <-l.msgs:
			l.send(msg)
			continue
		default:
		}
		break
	}
}

func (l *loop) end() {
	l.app.stop()
	close(l.gone)
	l.running.Wait()
}
