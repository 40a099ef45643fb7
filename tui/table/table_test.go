package table

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

func rows(names ...string) []workspace.Workspace {
	var out []workspace.Workspace
	for _, n := range names {
		name, phase, _ := strings.Cut(n, ":")
		w := workspace.Workspace{UID: "u-" + name, Ref: workspace.Ref{Namespace: "team", Name: name}}
		w.Status.Phase = workspace.Phase(phase)
		w.Spec.Labels = map[string]string{"tier": strings.ToLower(phase)}
		out = append(out, w)
	}
	return out
}

func shown(t *Table) []string {
	var out []string
	for _, w := range t.rows {
		out = append(out, w.Name)
	}
	return out
}

func TestFilter(t *testing.T) {
	all := rows("api:Running", "api-2:Failing", "gpu-train:Starting", "docs:Stopped")
	for text, want := range map[string][]string{
		"":             {"api", "api-2", "docs", "gpu-train"},
		"api":          {"api", "api-2"},
		"API":          {"api", "api-2"},
		"api !failing": {"api"},
		"!":            {"api", "api-2", "docs", "gpu-train"},
		"!api":         {"docs", "gpu-train"},
		"status=run":   {"api"},
		"tier=stopped": {"docs"},
		"tier=":        {"api", "api-2", "docs", "gpu-train"},
		"gtr":          {"gpu-train"}, // fuzzy, as nothing has it literally
		"nosuch=thing": nil,
		"zzz":          nil,
		"team":         nil, // all are in it
		"run !api-2":   {"api"},
	} {
		tab := New(false)
		tab.SetSize(80, 20)
		tab.SetRows(all, false)
		tab.SetFilter(text)
		if diff := cmp.Diff(want, shown(tab)); diff != "" {
			t.Errorf("filter %q: %s", text, diff)
		}
	}
}

func TestANamespaceIsFoundWhereThereAreSeveral(t *testing.T) {
	all := rows("api:Running", "docs:Stopped")
	all[1].Namespace = "other"
	tab := New(false)
	tab.SetSize(80, 20)
	tab.SetFilter("team")
	tab.SetRows(all, true)
	if diff := cmp.Diff([]string{"api"}, shown(tab)); diff != "" {
		t.Error(diff)
	}
	tab.SetFilter("team !api docs")
	if diff := cmp.Diff([]string(nil), shown(tab)); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyWhatDiffersCanOrder(t *testing.T) {
	tab := New(false)
	tab.SetRows(rows("api:Running"), false)
	for _, id := range tab.Sortable() {
		if id == Namespace || id == Context {
			t.Errorf("%s is offered, and all rows are the same in it", id)
		}
	}
	tab.SetSort(Namespace, true) // as it was kept from the last time, before any row is known
	if by, down := tab.Sorted(); by != Namespace || !down {
		t.Errorf("sorted by %s, %t", by, down)
	}
}

func TestTheGPUColumnIsThereWhereSomethingHasGPUs(t *testing.T) {
	all := rows("api:Running", "train:Running")
	tab := New(false)
	tab.SetSize(160, 20)
	has := func() bool { return slices.ContainsFunc(tab.layout, func(c placed) bool { return c.id == GPU }) }
	tab.SetRows(all, false)
	if has() {
		t.Error("a list without GPUs has a column for them")
	}
	all[1].Spec.GPU = 2
	tab.SetRows(all, false)
	if !has() {
		t.Error("a list with GPUs has no column for them")
	}
}

func TestTheFilterKnowsItsKeys(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "api": "", "image=x": "", "ns=x": "", "status=x !namespace=y": "",
		"tier=nothing": "", // a label of a row
		"colour=red":   "colour", "api !Colour=red": "colour", "colour=": "",
	} {
		tab := New(false)
		tab.SetRows(rows("api:Running"), false)
		tab.SetFilter(text)
		if got := tab.UnknownKey(); got != want {
			t.Errorf("filter %q: unknown key %q, want %q", text, got, want)
		}
	}
}

func TestTheCursorStaysOnItsWorkspace(t *testing.T) {
	tab := New(false)
	tab.SetSize(80, 20)
	tab.SetRows(rows("b:Running", "d:Running", "f:Running"), false)
	tab.Move(1)
	tab.SetRows(rows("a:Running", "b:Running", "c:Running", "d:Running", "f:Running"), false)
	if w, _ := tab.Selected(); w.Name != "d" {
		t.Errorf("after rows came, the cursor is on %q, want d", w.Name)
	}
	tab.SetRows(rows("a:Running", "b:Running", "c:Running", "f:Running"), false)
	if w, _ := tab.Selected(); w.Name != "f" {
		t.Errorf("after its row went, the cursor is on %q, want f, which took its line", w.Name)
	}
	same := rows("a:Running", "b:Running", "c:Running", "f:Running")
	same[3].UID = "another"
	tab.SetRows(same, false)
	if w, _ := tab.Selected(); w.UID != "another" {
		t.Errorf("the cursor is on %q", w.UID)
	}
}

func TestAFilterPutsTheCursorOnItsFirstMatch(t *testing.T) {
	tab := New(false)
	tab.SetSize(80, 20)
	tab.SetRows(rows("api:Running", "k020:Running", "k021:Running", "web:Running"), false)
	for range 3 {
		tab.Move(1)
	}
	tab.SetFilter("k02")
	if w, ok := tab.Selected(); !ok || w.Name != "k020" {
		t.Errorf("the cursor is on %q", w.Name)
	}
	tab.Move(1)
	tab.SetFilter("")
	if w, _ := tab.Selected(); w.Name != "k021" {
		t.Errorf("without the filter the cursor is on %q", w.Name)
	}
}

func TestRowsBelowTheFoldAreCounted(t *testing.T) {
	const height = 6 // the headings and five lines
	for n := 1; n <= 12; n++ {
		tab := New(false)
		tab.SetSize(80, height)
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("ws-%02d:Running", i))
		}
		tab.SetRows(rows(names...), false)
		for step := range n {
			lines := tab.Draw(Scene{})
			hidden := n - tab.top - len(tab.Visible())
			mark := fmt.Sprintf("… %d more", hidden)
			if got := strings.Contains(lines[height-1], mark); got != (hidden > 0) {
				t.Fatalf("%d rows, on row %d, %d below: %q", n, step, hidden, lines)
			}
			if n < height && len(tab.Visible()) != n {
				t.Fatalf("%d rows fit, %d are shown", n, len(tab.Visible()))
			}
			if w, _ := tab.Selected(); w.Name != strings.TrimSuffix(names[step], ":Running") || !strings.Contains(strings.Join(lines, ""), w.Name) {
				t.Fatalf("%d rows: row %d is out of sight: %q", n, step, lines)
			}
			if hidden > 0 && tab.Click(height-1) {
				t.Fatal("a click on the mark selects what is not seen")
			}
			tab.Move(1)
		}
	}
}

func TestSortIsStableAndReverses(t *testing.T) {
	tab := New(false)
	tab.SetSize(120, 20)
	tab.SetRows(rows("b:Running", "c:Failing", "a:Running"), false)
	tab.SortBy(Status)
	if diff := cmp.Diff([]string{"c", "a", "b"}, shown(tab)); diff != "" {
		t.Error(diff)
	}
	tab.Reverse()
	if diff := cmp.Diff([]string{"a", "b", "c"}, shown(tab)); diff != "" {
		t.Error(diff)
	}
}

func TestColumnsGoByPriorityAndNameAndStatusStay(t *testing.T) {
	before := 99
	for w := 160; w >= 1; w-- {
		tab := New(false)
		tab.SetSize(w, 10)
		tab.SetRows(rows("api:Running"), true)
		ids := []ColumnID{}
		for _, p := range tab.layout {
			ids = append(ids, p.id)
		}
		if !slices.Contains(ids, Name) || !slices.Contains(ids, Status) {
			t.Fatalf("at %d: %v", w, ids)
		}
		if len(ids) > before {
			t.Fatalf("at %d there are more columns than at %d", w, w+1)
		}
		before = len(ids)
	}
}

func TestDeletedOnesHaveAViewOfTheirOwn(t *testing.T) {
	all := rows("a:Running", "b:Deleted")
	for deleted, want := range map[bool][]string{false: {"a"}, true: {"b"}} {
		tab := New(deleted)
		tab.SetRows(all, false)
		if diff := cmp.Diff(want, shown(tab)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAShortValueIsWholeOrNotThere(t *testing.T) {
	for w := 40; w < 160; w++ {
		tab := New(false)
		tab.SetSize(w, 10)
		all := rows("api:Running")
		all[0].Spec.CPU, all[0].Spec.Memory, all[0].Spec.Image = "1500m", "1536Mi", strings.Repeat("image/", 9)
		tab.SetRows(all, true)
		line := tab.Draw(Scene{})[1]
		for _, p := range tab.layout {
			if text := textOf(p.id, &all[0]); (p.id == CPU || p.id == Memory) && !strings.Contains(line, text) {
				t.Errorf("at %d, %s is cut: %q", w, p.id, line)
			}
		}
	}
}

func TestUsageStandsBeforeTheLimit(t *testing.T) {
	w := workspace.Workspace{UID: "1", Spec: workspace.Spec{CPU: "2", Memory: "4Gi"}}
	table := New(false)
	for _, test := range []struct {
		usage       workspace.Usage
		known       bool
		cpu, memory string
	}{
		{workspace.Usage{}, false, "2", "4 Gi"},
		{workspace.Usage{MilliCPU: 400, Memory: 1288490188}, true, "0.4/2", "1.2/4 Gi"},
		{workspace.Usage{}, true, "0.0/2", "0.0/4 Gi"},
	} {
		table.SetUsage(func(workspace.Key) (workspace.Usage, bool) { return test.usage, test.known })
		if cpu, memory := table.text(CPU, &w), table.text(Memory, &w); cpu != test.cpu || memory != test.memory {
			t.Errorf("%+v: %q and %q, want %q and %q", test.usage, cpu, memory, test.cpu, test.memory)
		}
	}
}
