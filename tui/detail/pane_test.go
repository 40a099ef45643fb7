package detail

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

// quiet is a reader that has nothing to say; tests put lines into the ring.
type quiet struct{ Reader }

// logs returns a pane that shows the log of a workspace with n lines.
func logs(n int) *Pane {
	spawn := func(func(context.Context) tea.Msg) (tea.Cmd, context.CancelFunc) { return nil, func() {} }
	p := New(quiet{}, spawn, time.Now)
	p.Show(workspace.Workspace{UID: "u", Ref: workspace.Ref{Name: "api"}}, true)
	p.SetTab(Logs)
	feed(p, 1, n)
	return p
}

func feed(p *Pane, from, to int) {
	for i := from; i <= to; i++ {
		p.log.ring.add(workspace.LogLine{Text: fmt.Sprint("line ", i)})
	}
}

// view draws the pane with room for three lines and returns its title and them.
func view(p *Pane) (title string, body []string) {
	lines := p.Draw(Scene{W: 100, H: 4})
	for _, l := range lines[1:] {
		body = append(body, strings.TrimSpace(l))
	}
	return lines[0], body
}

func expect(t *testing.T, p *Pane, state string, want ...string) {
	t.Helper()
	title, body := view(p)
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if !strings.Contains(title, state) {
		t.Errorf("the title lacks %q: %s", state, title)
	}
}

func TestTheLogFollows(t *testing.T) {
	p := logs(10)
	expect(t, p, "following", "line 8", "line 9", "line 10")
	feed(p, 11, 12)
	expect(t, p, "following", "line 10", "line 11", "line 12")
}

func TestScrollingUpStopsFollowingAndTheEndResumes(t *testing.T) {
	p := logs(10)
	view(p)
	p.Scroll(-2)
	expect(t, p, "paused", "line 6", "line 7", "line 8")
	feed(p, 11, 15)
	expect(t, p, "↓ 5 new", "line 6", "line 7", "line 8")
	p.Scroll(-1)
	expect(t, p, "↓ 5 new", "line 5", "line 6", "line 7")
	p.Scroll(2)
	expect(t, p, "↓ 5 new", "line 7", "line 8", "line 9")
	p.Scroll(20)
	expect(t, p, "↓ 5 new", "line 13", "line 14", "line 15")
	feed(p, 16, 16)
	expect(t, p, "↓ 6 new", "line 13", "line 14", "line 15") // following is the user's to take up
	p.Ends(true)
	expect(t, p, "following", "line 14", "line 15", "line 16")
	p.Ends(false)
	expect(t, p, "paused", "line 1", "line 2", "line 3")
	p.Page(1)
	expect(t, p, "paused", "line 3", "line 4", "line 5")
	p.Scroll(-100)
	expect(t, p, "paused", "line 1", "line 2", "line 3")
}

func TestPausedByItsKeyNothingMoves(t *testing.T) {
	p := logs(10)
	view(p)
	p.Follow()
	feed(p, 11, 14)
	expect(t, p, "↓ 4 new", "line 8", "line 9", "line 10")
	p.Scroll(1)
	expect(t, p, "↓ 4 new", "line 9", "line 10", "line 11")
	p.Scroll(-1)
	expect(t, p, "↓ 4 new", "line 8", "line 9", "line 10")
	p.Ends(false)
	expect(t, p, "↓ 4 new", "line 1", "line 2", "line 3")
	p.Follow()
	expect(t, p, "following", "line 12", "line 13", "line 14")
}

func TestAShortLogIsAlwaysAtItsEnd(t *testing.T) {
	p := logs(2)
	view(p)
	p.Scroll(-5)
	expect(t, p, "following", "line 1", "line 2", "")
}

func TestWrapShowsAllOfALine(t *testing.T) {
	p := logs(0)
	p.log.ring.add(workspace.LogLine{Text: strings.Repeat("x", 60) + " end"})
	one := strings.Join(p.Draw(Scene{W: 40, H: 5}), "\n")
	if strings.Contains(one, "end") || !strings.Contains(one, "…") {
		t.Errorf("a long line is not cut:\n%s", one)
	}
	p.Wrap()
	if all := strings.Join(p.Draw(Scene{W: 40, H: 5}), "\n"); !strings.Contains(all, "end") {
		t.Errorf("wrapped, its end is missing:\n%s", all)
	}
}

func TestTheRingHasALidAndSaysWhatFellOff(t *testing.T) {
	p := logs(ringLines + 7)
	expect(t, p, "7 older lines dropped", "line 5005", "line 5006", "line 5007")
	if lines, dropped := p.Lines(); len(lines) != ringLines || dropped != 7 {
		t.Errorf("it keeps %d lines after %d", len(lines), dropped)
	}
	p.Ends(false)
	expect(t, p, "paused", "… 7 lines dropped", "line 8", "line 9")
	feed(p, ringLines+8, ringLines+8)
	expect(t, p, "↓ 1 new", "… 8 lines dropped", "line 9", "line 10")
	r := newRing()
	for range 5 {
		r.add(workspace.LogLine{Text: strings.Repeat("x", ringBytes/3)})
	}
	if r.bytes > ringBytes || len(r.lines) != 3 {
		t.Errorf("it keeps %d lines of %d bytes", len(r.lines), r.bytes)
	}
	r.add(workspace.LogLine{Text: strings.Repeat("x", ringBytes+1)})
	if len(r.lines) != 1 {
		t.Errorf("a line larger than the ring leaves %d lines, want that one", len(r.lines))
	}
}

func TestAnEmptyLogSaysSo(t *testing.T) {
	p := logs(0)
	expect(t, p, "following", "no lines yet…", "", "")
	p.Update(logEndMsg{gen: p.gen})
	expect(t, p, "ended", "the log is empty", "", "")
}

func TestAnErrorShowsItsHint(t *testing.T) {
	p := logs(0)
	p.Update(logEndMsg{gen: p.gen, err: workspace.WithHint(workspace.ErrForbidden, "ask for the role")})
	if _, body := view(p); !strings.Contains(strings.Join(body, "\n"), "ask for the role") {
		t.Errorf("no hint: %q", body)
	}
	p.Update(logEndMsg{gen: p.gen - 1})
	if p.err == nil {
		t.Error("an answer to an earlier question was taken")
	}
}

func TestALogThatFailedIsReadAgain(t *testing.T) {
	p := logs(0)
	clock := time.Unix(1000, 0)
	p.now = func() time.Time { return clock }
	p.Update(logEndMsg{gen: p.gen, err: workspace.ErrUnreachable})
	failed := p.gen
	clock = clock.Add(refresh - time.Second)
	p.Refresh()
	if p.gen != failed {
		t.Error("it tries without a pause")
	}
	clock = clock.Add(2 * time.Second)
	p.Refresh()
	if p.gen == failed || p.err == nil {
		t.Fatalf("it does not try again, or hides the error meanwhile: %v", p.err)
	}
	feed(p, 1, 3)
	p.Update(logMsg{gen: p.gen, alive: true})
	expect(t, p, "following", "line 1", "line 2", "line 3")
}

func TestARestartedContainerHasAnotherLog(t *testing.T) {
	p := logs(3)
	gen := p.gen
	w := p.target
	p.Show(w, true)
	if p.gen != gen {
		t.Error("nothing changed, and it reads again")
	}
	w.Restarts++
	p.Show(w, true)
	expect(t, p, "following", "no lines yet…", "", "")
}

func TestTheTitleSaysWhatItHasRoomFor(t *testing.T) {
	p := logs(10)
	p.Find("line 3")
	p.Only()
	for width, want := range map[int]string{100: "/line 3 1/1  only matches · paused", 66: " only matches · paused", 52: " paused"} {
		if title := p.Draw(Scene{W: width, H: 4})[0]; !strings.Contains(title, want) {
			t.Errorf("%d cells: %s", width, title)
		}
	}
}

func TestALogThatDoesNotComeSaysWhy(t *testing.T) {
	p := logs(0)
	if text := strings.Join(p.Draw(Scene{W: 100, H: 4, Away: true}), "\n"); !strings.Contains(text, "the cluster does not answer; the log comes when it does") {
		t.Error(text)
	}
}
