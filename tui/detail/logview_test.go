package detail

import (
	"fmt"
	"strings"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

// rowsOn gives the rows on the screen of a view.
func rowsOn(v *logView) string {
	var out []string
	for _, r := range v.screen() {
		out = append(out, r.text)
	}
	return strings.Join(out, "|")
}

func viewOf(height, width int, lines ...string) *logView {
	v := newLogView()
	v.size(width, height)
	for _, l := range lines {
		v.ring.add(workspace.LogLine{Text: l})
	}
	return &v
}

func TestAWrappedLineIsScrolledThroughRowByRow(t *testing.T) {
	v := viewOf(3, 4, "aaaa", "bbbbccccddddeeee", "ffff")
	v.wrap = true
	for _, step := range []struct {
		by   int
		want string
	}{{0, "dddd|eeee|ffff"}, {-1, "cccc|dddd|eeee"}, {-1, "bbbb|cccc|dddd"}, {-1, "aaaa|bbbb|cccc"}, {-1, "aaaa|bbbb|cccc"}, {2, "cccc|dddd|eeee"}, {9, "dddd|eeee|ffff"}} {
		v.scroll(step.by)
		if got := rowsOn(v); got != step.want {
			t.Fatalf("after %+d: %s, want %s", step.by, got, step.want)
		}
	}
	if v.follow {
		t.Error("reaching the end has taken up following")
	}
}

func TestFindInTheLog(t *testing.T) {
	var lines []string
	for i := range 30 {
		text := fmt.Sprint("line ", i)
		if i%10 == 3 {
			text += " Error here"
		}
		lines = append(lines, text)
	}
	v := viewOf(3, 80, lines...)
	v.look("error")
	if got := rowsOn(v); got != "line 21|line 22|line 23 Error here" || v.follow {
		t.Fatalf("the nearest match: %s, following %t", got, v.follow)
	}
	for _, step := range []struct {
		by   int
		want string
		nth  int
	}{{-1, "line 13 Error here", 2}, {-1, "line 3 Error here", 1}, {-1, "line 23 Error here", 3}, {1, "line 3 Error here", 1}, {1, "line 13 Error here", 2}} {
		v.jump(step.by)
		if nth, of := v.found(); !strings.HasSuffix(rowsOn(v), step.want) || nth != step.nth || of != 3 {
			t.Errorf("%+d: %s, match %d of %d; want %s", step.by, rowsOn(v), nth, of, step.want)
		}
	}
	v.only = true
	if got := rowsOn(v); got != "line 3 Error here|line 13 Error here|line 23 Error here" {
		t.Errorf("only matches: %s", got)
	}
	v.follow = true
	v.ring.add(workspace.LogLine{Text: "another ERROR"})
	v.ring.add(workspace.LogLine{Text: "nothing"})
	if got := rowsOn(v); got != "line 13 Error here|line 23 Error here|another ERROR" {
		t.Errorf("a match that came later: %s", got)
	}
	v.look("Error")
	if _, of := v.found(); of != 3 {
		t.Errorf("with a capital, %d lines match; want 3", of)
	}
}

// TestAPlaceStaysWhileLinesFallOff: a paused view stays on its lines until they
// are gone, whether or not it shows matches only.
func TestAPlaceStaysWhileLinesFallOff(t *testing.T) {
	v := viewOf(2, 80)
	fill := func(from, to int) {
		for i := from; i < to; i++ {
			v.ring.add(workspace.LogLine{Text: fmt.Sprint("n", i)})
		}
	}
	fill(0, 100)
	v.look("n5")
	v.follow = true
	v.scroll(-40)
	before := rowsOn(v)
	fill(100, 4000)
	if got := rowsOn(v); got != before {
		t.Errorf("the view went from %s to %s", before, got)
	}
	fill(4000, 4000+ringLines)
	if got := rowsOn(v); got != "… 4000 lines dropped|n4000" {
		t.Errorf("its lines are gone, and it shows %s", got)
	}
	if len(v.matches) > 0 && v.matches[0] < 4000 {
		t.Errorf("matches that fell off are kept: %v", v.matches[:1])
	}
}

func TestMarkedMatches(t *testing.T) {
	for _, c := range []struct{ text, line, want string }{
		{"", "plain", "plain"},
		{"err", "an Error, errors", "an <Err>or, <err>ors"},
		{"Err", "an Error, errors", "an <Err>or, errors"},
		{"ü", "ÜBER über", "<Ü>BER <ü>ber"},
		{"i", "İi", "İ<i>"}, // small İ is longer: the line is taken as it is
	} {
		got := strings.NewReplacer("\x1b[7m", "<", "\x1b[m", ">").Replace(newFinder(c.text).paint(c.line, "", "7"))
		if got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.text, c.line, got, c.want)
		}
	}
}

// BenchmarkLogFrame draws a full log of long lines, wrapped and not, against the
// drawing of the same pane without a log.
func BenchmarkLogFrame(b *testing.B) {
	scene := Scene{W: 160, H: 45}
	full := logs(0)
	for i := range ringLines {
		full.log.ring.add(workspace.LogLine{Text: fmt.Sprint(i, " ", strings.Repeat("word and more of it ", 20))})
	}
	long := logs(0)
	for range 300 {
		long.log.ring.add(workspace.LogLine{Text: strings.Repeat("x", 60<<10)})
	}
	for name, p := range map[string]*Pane{"empty": logs(0), "full": full, "64k-lines": long} {
		for _, wrap := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/wrap=%t", name, wrap), func(b *testing.B) {
				p.log.wrap = wrap
				for b.Loop() {
					p.log.forget() // as if every line were new
					p.Draw(scene)
				}
			})
		}
	}
}
