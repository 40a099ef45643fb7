package tui

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/tuitest"
)

// TestTheLastKeyOfABurstIsSeen plays a burst in which a frame falls due while
// the message that was to ask for it still waits in the queue.
func TestTheLastKeyOfABurstIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := tuitest.New(tuitest.Demo())
		a, err := New(Config{Source: cluster, Actions: cluster, Now: tuitest.Epoch})
		if err != nil {
			t.Fatal(err)
		}
		defer a.stop()
		a.ticks.spinning = true
		frames, shown := 0, "" // asked for and not yet delivered; what View gave last
		send := func(msg tea.Msg) {
			_, cmd := a.Update(msg)
			if cmd != nil && a.frame.armed {
				frames = 1
			}
			shown = a.View().Content
		}
		send(tea.WindowSizeMsg{Width: 120, Height: 40})
		time.Sleep(10 * time.Millisecond)
		send(key("down"))
		time.Sleep(6 * time.Millisecond)
		send(key("down")) // due now: drawn without the message
		time.Sleep(time.Millisecond)
		send(key("D"))
		for range 3 {
			if frames == 0 {
				break
			}
			frames = 0
			send(frameMsg{})
			time.Sleep(frameEvery) // as long as the next one takes to come
		}
		if !strings.Contains(shown, "old-site") {
			t.Errorf("D was taken, and the screen does not show it:\n%s", strings.Join(grid(t, shown, 120, 40), "\n"))
		}
	})
}
