package table

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

func marked(t *Table) string {
	var names []string
	for _, w := range t.Marked() {
		names = append(names, w.Name)
	}
	return strings.Join(names, " ")
}

func five() *Table {
	t := New(false)
	t.SetSize(80, 20)
	t.SetRows(rows("a:Running", "b:Stopped", "c:Running", "d:Running", "e:Stopped"), false)
	return t
}

func TestMarks(t *testing.T) {
	for name, test := range map[string]struct {
		do     func(*Table)
		want   string
		hidden int
	}{
		"one goes on to the next": {func(t *Table) { t.Mark(); t.Mark() }, "a b", 0},
		"again takes it away":     {func(t *Table) { t.Mark(); t.Home(); t.Mark() }, "", 0},
		"a range":                 {func(t *Table) { t.Move(1); t.Range(); t.Move(2) }, "b c d", 0},
		"a range upwards":         {func(t *Table) { t.End(); t.Range(); t.Move(-1) }, "d e", 0},
		"a range shrinks":         {func(t *Table) { t.Range(); t.Move(3); t.Move(-2) }, "a b", 0},
		"a range keeps older marks": {func(t *Table) {
			t.Move(1)
			t.Mark()
			t.Home()
			t.Range()
			t.Move(3)
			t.Home()
		}, "a b", 0},
		"a range taken back": {func(t *Table) {
			t.Move(4)
			t.Mark()
			t.Home()
			t.Range()
			t.Move(2)
			t.DropRange()
		}, "e", 0},
		"an ended range stays":        {func(t *Table) { t.Range(); t.Move(1); t.Range(); t.Move(2) }, "a b", 0},
		"all":                         {func(t *Table) { t.MarkAll() }, "a b c d e", 0},
		"all twice is none":           {func(t *Table) { t.MarkAll(); t.MarkAll() }, "", 0},
		"all that the filter shows":   {func(t *Table) { t.SetFilter("stopped"); t.MarkAll() }, "b e", 0},
		"none of what it shows":       {func(t *Table) { t.MarkAll(); t.SetFilter("stopped"); t.MarkAll() }, "a c d", 3},
		"a filter hides and keeps":    {func(t *Table) { t.MarkAll(); t.SetFilter("stopped") }, "a b c d e", 3},
		"an order keeps":              {func(t *Table) { t.Mark(); t.Reverse() }, "a", 0},
		"a range over a new order":    {func(t *Table) { t.Range(); t.Move(1); t.Reverse() }, "b a", 0},
		"a range under a filter ends": {func(t *Table) { t.Range(); t.Move(1); t.SetFilter("stopped"); t.Move(1) }, "a b", 1},
		"a refresh keeps": {func(t *Table) {
			t.Mark()
			t.SetRows(rows("0:Running", "a:Failing", "z:Running"), false)
		}, "a", 0},
		"what is gone goes": {func(t *Table) { t.MarkAll(); t.SetRows(rows("b:Running", "x:Running"), false) }, "b", 0},
		"a new one of its name is not it": {func(t *Table) {
			t.Mark()
			all := rows("a:Running")
			all[0].UID = "another"
			t.SetRows(all, false)
		}, "", 0},
		"a deleted one leaves the view": {func(t *Table) { t.Mark(); t.SetRows(rows("a:Deleted", "b:Running"), false) }, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			tab := five()
			test.do(tab)
			if got := marked(tab); got != test.want {
				t.Errorf("marked %q, want %q", got, test.want)
			}
			if m := tab.Marks(); m.All != len(strings.Fields(test.want)) || m.Hidden != test.hidden {
				t.Errorf("counts %+v, want %d hidden", m, test.hidden)
			}
		})
	}
}

func TestMarksAreCountedByPhaseAsTheyAreNow(t *testing.T) {
	tab := five()
	tab.MarkAll()
	tab.Marks()
	tab.SetRows(rows("a:Failing", "b:Stopped"), false)
	if diff := cmp.Diff(map[workspace.Phase]int{"Failing": 1, "Stopped": 1}, tab.Marks().Phases); diff != "" {
		t.Error(diff)
	}
}

func TestAMarkIsAGlyph(t *testing.T) {
	tab := five()
	tab.Mark()
	lines := tab.Draw(Scene{})
	for i, want := range []string{"   NAME", "*  a", " ▌ b", "   c"} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d is %q, want %q", i, lines[i], want)
		}
	}
}

// BenchmarkMarks counts the marks of a list of ten thousand with every frame.
func BenchmarkMarks(b *testing.B) {
	var names []string
	for i := range 10_000 {
		names = append(names, fmt.Sprintf("ws-%05d:Running", i))
	}
	tab := New(false)
	tab.SetSize(160, 45)
	tab.SetRows(rows(names...), false)
	tab.MarkAll()
	for b.Loop() {
		tab.Marks()
		tab.Draw(Scene{})
	}
}
