package term

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func look(lines ...string) *Snapshot {
	n := max(0, len(lines)-3)
	s := newSnapshot(lines[:n], lines[n:], Cursor{Y: 2}, 10, n)
	s.SetHeight(3)
	return s
}

func (s *Snapshot) plain() []string {
	rows := s.Draw(func(t string) string { return "[" + t + "]" }, func(t string) string { return "<" + t + ">" })
	for i := range rows {
		rows[i] = Plain(rows[i])
	}
	return rows
}

func TestASnapshotBeginsAtItsEnd(t *testing.T) {
	s := look("1", "2", "3", "4", "5")
	if diff := cmp.Diff([]string{"3", "4", "5"}, s.plain()); diff != "" {
		t.Error(diff)
	}
	s.Scroll(-1)
	if diff := cmp.Diff([]string{"2", "3", "4"}, s.plain()); diff != "" || s.AtEnd() || s.Y != 3 {
		t.Error(diff, s.AtEnd(), s.Y)
	}
	s.Scroll(-99)
	s.Move(0, -99)
	if above, shown, all := s.Place(); above != 0 || shown != 3 || all != 5 || s.Y != 0 {
		t.Error(above, shown, all, s.Y)
	}
	s.Ends(true)
	if !s.AtEnd() || s.Y != 4 {
		t.Error(s.Y)
	}
	s.SetHeight(9)
	if diff := cmp.Diff([]string{"1", "2", "3", "4", "5"}, s.plain()); diff != "" {
		t.Error(diff)
	}
}

func TestASelectionIsText(t *testing.T) {
	long := "0123456789abcdefghij tail"
	for _, test := range []struct {
		name   string
		byLine bool
		from   point
		to     point
		want   string
	}{
		{"within a row", false, point{1, 0}, point{3, 0}, "lph"},
		{"backwards", false, point{3, 0}, point{1, 0}, "lph"},
		{"over rows", false, point{3, 0}, point{1, 1}, "ha\nbe"},
		{"rows", true, point{3, 0}, point{1, 1}, "alpha\nbeta\n"},
		{"a line of several rows", true, point{0, 2}, point{0, 4}, long + "\n"},
		{"a part of it", false, point{8, 2}, point{1, 3}, "89ab"},
		{"wide characters", false, point{0, 5}, point{3, 5}, "世界"},
		{"blanks at the end", false, point{0, 0}, point{9, 0}, "alpha"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := look("\x1b[31malpha\x1b[m", "beta", long, "世界 x", "", "", "")
			s.To(test.from.x, test.from.y)
			s.Mark(test.byLine)
			s.To(test.to.x, test.to.y)
			if got := s.Text(); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestSearching(t *testing.T) {
	var lines []string
	for i := range 20 {
		lines = append(lines, fmt.Sprintf("%d Foo foo", i))
	}
	s := look(lines...)
	if hit, hits := s.Search("foo", false); hit != 38 || hits != 40 || s.Y != 18 {
		t.Errorf("hit %d of %d in row %d", hit, hits, s.Y)
	}
	s.Ends(false)
	if hit, hits := s.Search("Foo", true); hit != 1 || hits != 20 || s.X != 2 || s.Y != 0 {
		t.Errorf("hit %d of %d at %d,%d", hit, hits, s.X, s.Y)
	}
	if hit, _ := s.Search("Foo", true); hit != 2 || s.Y != 1 {
		t.Errorf("hit %d, row %d", hit, s.Y)
	}
	if hit, _ := s.Search("Foo", false); hit != 1 {
		t.Errorf("hit %d", hit)
	}
	if hit, _ := s.Search("Foo", false); hit != 20 {
		t.Errorf("hit %d, it should begin at the end again", hit)
	}
	if hit, hits := s.Search("nothing", true); hit != 0 || hits != 0 {
		t.Errorf("hit %d of %d", hit, hits)
	}
	s.Search("foo", true)
	s.Ends(false)
	if diff := cmp.Diff([]string{"0 <Foo> <foo>", "1 <Foo> <foo>", "2 <Foo> <foo>"}, s.plain()); diff != "" {
		t.Error(diff)
	}
	s.Mark(true)
	s.Move(0, 1)
	if got := s.plain(); !strings.HasPrefix(got[0], "[0 Foo foo") || !strings.HasPrefix(got[1], "[1 Foo foo") || got[2] != "2 <Foo> <foo>" {
		t.Errorf("%q", got)
	}
}

func TestAHistoryHasLids(t *testing.T) {
	h := NewHistory(3)
	for i := range 5 {
		h.Add(fmt.Sprint(i))
	}
	if diff := cmp.Diff([]string{"2", "3", "4"}, h.Lines()); diff != "" || h.Total() != 5 || h.Line(0) != "2" {
		t.Error(diff, h.Total())
	}
	h = NewHistory(1000)
	big := strings.Repeat("x", 1<<20)
	for range 100 {
		h.Add(big)
	}
	if h.bytes > historyBytes || h.Line(h.Len()-1) != big {
		t.Errorf("%d bytes", h.bytes)
	}
	h.Clear()
	if h.Len() != 0 || len(h.Lines()) != 0 {
		t.Error("it is not empty")
	}
}
