package table

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

// drawn returns the lines below the headings of the columns, without what is
// right of the names.
func drawn(t *Table) []string {
	var out []string
	for _, l := range t.Draw(Scene{})[1:] {
		if l = strings.TrimSpace(l); l != "" {
			words := strings.Fields(l)
			out = append(out, strings.Join(words[:min(len(words), 3)], " "))
		}
	}
	return out
}

func grouped(by Grouping) *Table {
	t := New(false)
	t.SetSize(80, 20)
	all := rows("a:Running", "b:Stopped", "c:Running", "d:Failing")
	all[0].Node, all[2].Node = "n2", "n1"
	t.SetRows(all, false)
	t.GroupBy(by)
	return t
}

func TestGroups(t *testing.T) {
	for by, want := range map[Grouping][]string{
		NoGroups:           {"▌ a ●", "b ○ stopped", "c ● running", "d ✕ failing"},
		ByPhase:            {"▾ failing 1", "d ✕ failing", "▾ running 2", "▌ a ●", "c ● running", "▾ stopped 1", "b ○ stopped"},
		ByNode:             {"▾ n1 1", "c ● running", "▾ n2 1", "▌ a ●", "▾ no node", "b ○ stopped", "d ✕ failing"},
		ByNamespace:        {"▾ team 4", "▌ a ●", "b ○ stopped", "c ● running", "d ✕ failing"},
		LabelGroup("tier"): {"▾ failing 1", "d ✕ failing", "▾ running 2", "▌ a ●", "c ● running", "▾ stopped 1", "b ○ stopped"},
	} {
		if diff := cmp.Diff(want, drawn(grouped(by))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", by, diff)
		}
	}
}

func TestFoldedGroups(t *testing.T) {
	tab := grouped(ByPhase)
	if !tab.Fold(true) || tab.Fold(true) {
		t.Error("folding tells wrongly what it did")
	}
	if diff := cmp.Diff([]string{"▾ failing 1", "d ✕ failing", "▌▸ running 2", "▾ stopped 1", "b ○ stopped"}, drawn(tab)); diff != "" {
		t.Error(diff)
	}
	if _, ok := tab.Selected(); ok || !tab.OnHeading() {
		t.Error("a heading is no workspace")
	}
	if shown, total := tab.Counts(); shown != 4 || total != 4 {
		t.Errorf("%d of %d are shown: folding is no filter", shown, total)
	}
	tab.Move(1)
	if w, _ := tab.Selected(); w.Name != "b" {
		t.Errorf("below the folded group comes %q", w.Name)
	}
	tab.Move(-1)
	tab.Move(-1)
	if w, _ := tab.Selected(); w.Name != "d" {
		t.Errorf("above it comes %q", w.Name)
	}
	tab.Select(func(w workspace.Workspace) bool { return w.Name == "c" })
	if w, ok := tab.Selected(); !ok || w.Name != "c" {
		t.Error("what is gone to stays folded")
	}
	tab.FoldAll()
	if diff := cmp.Diff([]string{"▸ failing 1", "▌▸ running 2", "▸ stopped 1"}, drawn(tab)); diff != "" {
		t.Error(diff)
	}
	tab.FoldAll()
	if len(drawn(tab)) != 7 {
		t.Errorf("unfolded: %q", drawn(tab))
	}
	tab.Home()
	tab.Fold(true)
	tab.SetRows(rows("x:Running", "d:Failing"), false)
	if diff := cmp.Diff([]string{"▌▸ failing 1", "▾ running 1", "x ● running"}, drawn(tab)); diff != "" {
		t.Errorf("after a refresh: %s", diff)
	}
	if tab.Click(1); tab.OnHeading() {
		t.Error("a click does not unfold")
	}
}

func TestMarksReachIntoFoldedGroups(t *testing.T) {
	tab := grouped(ByPhase)
	tab.FoldAll()
	tab.MarkAll()
	if got := marked(tab); got != "d a c b" {
		t.Errorf("marked %q", got)
	}
}

// TestGroupsHoldEveryWalk folds, moves and changes as nobody would: the cursor
// must be on the screen and on something.
func TestGroupsHoldEveryWalk(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 9)) //nolint:gosec // a repeatable walk, not a secret
		tab := New(false)
		phases := []string{"Running", "Stopped", "Failing", "Starting"}
		refresh := func() {
			var names []string
			for i := range r.IntN(30) {
				names = append(names, fmt.Sprintf("w%02d:%s", i, phases[r.IntN(4)]))
			}
			tab.SetRows(rows(names...), false)
		}
		for range 60 {
			switch r.IntN(12) {
			case 0:
				refresh()
			case 1:
				tab.GroupBy([]Grouping{NoGroups, ByPhase, ByNamespace, LabelGroup("tier")}[r.IntN(4)])
			case 2:
				tab.FoldAll()
			case 3:
				tab.SetFilter([]string{"", "w0", "run"}[r.IntN(3)])
			case 4:
				tab.SetSize(40+r.IntN(80), 1+r.IntN(20))
			case 5:
				tab.Click(r.IntN(20))
			case 6:
				tab.Range()
			case 7, 8:
				tab.Fold(r.IntN(2) == 0)
			default:
				tab.Move(r.IntN(9) - 4)
			}
			lines := strings.Join(tab.Draw(Scene{}), "\n")
			if _, ok := tab.Selected(); len(tab.lines) > 0 && (!ok && !tab.OnHeading() || !strings.Contains(lines, "▌") && tab.h > 1) {
				t.Fatalf("seed %d: the cursor is nowhere:\n%s", seed, lines)
			}
		}
	}
}

func TestColumnsAreHidden(t *testing.T) {
	tab := grouped(NoGroups)
	tab.SetSize(160, 20)
	head := func() string { return tab.Draw(Scene{})[0] }
	tab.Hide(Image, true)
	tab.Hide(Name, true) // stays
	if strings.Contains(head(), "IMAGE") || !strings.Contains(head(), "NAME") || !strings.Contains(head(), "AGE") {
		t.Errorf("headings are %q", head())
	}
	if diff := cmp.Diff([]ColumnID{Image}, tab.HiddenColumns()); diff != "" {
		t.Error(diff)
	}
	if tab.Hide(Image, false); !strings.Contains(head(), "IMAGE") {
		t.Errorf("headings are %q", head())
	}
	tab.GroupBy(ByNamespace)
	tab.SetRows([]workspace.Workspace{{Ref: workspace.Ref{Namespace: "x", Name: "a"}, Context: "dev"}}, true)
	if strings.Contains(head(), "NAMESPACE") || !strings.Contains(head(), "CONTEXT") {
		t.Errorf("headings are %q", head())
	}
}

func TestAFoldedGroupTellsItsMarks(t *testing.T) {
	tab := grouped(ByPhase)
	tab.MarkAll()
	tab.Fold(true)
	heading := func() string { return strings.Join(strings.Fields(tab.Draw(Scene{})[3]), " ") }
	if got := heading(); got != "▌▸ running 2 * 2 of 2 marked" {
		t.Errorf("all marked: %q", got)
	}
	tab.Fold(false)
	if got := heading(); strings.Contains(got, "marked") {
		t.Errorf("unfolded: %q", got)
	}
	tab.Fold(true)
	tab.SetFilter("!c")
	if got := heading(); !strings.HasSuffix(got, "running 1 * 1 of 1 marked") {
		t.Errorf("one behind the filter: %q", got)
	}
	tab.Unmark()
	if got := heading(); strings.Contains(got, "marked") {
		t.Errorf("unmarked: %q", got)
	}
}
