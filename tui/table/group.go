package table

// Groups cut the list into pieces with a heading each. The rows of a folded
// group are not drawn; its heading can be gone to, the others are skipped.

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// Grouping says what the list is grouped by: one of the constants, or a label
// as LabelGroup makes it. The zero value is no groups.
type Grouping string

// What a list may be grouped by.
const (
	NoGroups    Grouping = ""
	ByNamespace Grouping = "namespace"
	ByPhase     Grouping = "phase"
	ByNode      Grouping = "node"
	ByImage     Grouping = "image"
	ByProfile   Grouping = "profile"
	ByContext   Grouping = "context"
	labelPrefix          = "label "
)

// LabelGroup groups by the value of a label.
func LabelGroup(key string) Grouping { return Grouping(labelPrefix + key) }

// Known reports whether a grouping, read from somewhere, means anything.
func (g Grouping) Known() bool {
	key, label := strings.CutPrefix(string(g), labelPrefix)
	return label && key != "" || slices.Contains(append(fixedGroups(), NoGroups), g)
}

func fixedGroups() []Grouping {
	return []Grouping{ByNamespace, ByPhase, ByNode, ByImage, ByProfile, ByContext}
}

// of returns the group of a workspace, "" for those that have none.
func (g Grouping) of(w *workspace.Workspace) string {
	switch g {
	case NoGroups:
		return ""
	case ByNamespace:
		return w.Namespace
	case ByPhase:
		return strings.ToLower(string(w.Status.Phase))
	case ByNode:
		return w.Node
	case ByImage:
		return w.Spec.Image
	case ByProfile:
		return string(w.Spec.Profile)
	case ByContext:
		return w.Context
	}
	return w.Spec.Labels[strings.TrimPrefix(string(g), labelPrefix)]
}

// none is the heading of those that have no group.
func (g Grouping) none() string { return "no " + strings.TrimPrefix(string(g), labelPrefix) }

// compare orders groups: phases by urgency, others by name, none last.
func (g Grouping) compare(a, b *workspace.Workspace) int {
	if g == ByPhase {
		return cmp.Compare(urgency(a.Status.Phase), urgency(b.Status.Phase))
	}
	x, y := g.of(a), g.of(b)
	if x == "" || y == "" {
		return cmp.Compare(len(y), len(x))
	}
	return strings.Compare(x, y)
}

// group is one piece of the list.
type group struct {
	name                string
	all, running, wrong int
}

// line is one line below the headings of the columns: a row, or the heading of
// a group.
type line struct {
	w    *workspace.Workspace // nil for a heading
	g    *group               // of a heading, or of the row; nil without groups
	rows int                  // drawn before this line
}

// GroupBy groups the list anew; nothing is folded then.
func (t *Table) GroupBy(g Grouping) {
	t.grouping, t.folded = g, map[string]bool{}
	t.rebuild()
}

// Grouped returns what the list is grouped by.
func (t *Table) Grouped() Grouping { return t.grouping }

// Groupings lists what this list can be grouped by: labels are those of its
// workspaces.
func (t *Table) Groupings() []Grouping {
	out := append([]Grouping{NoGroups}, fixedGroups()...)
	if !t.several {
		out = slices.DeleteFunc(out, func(g Grouping) bool { return g == ByContext })
	}
	keys := map[string]bool{}
	for _, w := range t.all {
		for key := range w.Spec.Labels {
			keys[key] = true
		}
	}
	var labels []Grouping
	for key := range keys {
		labels = append(labels, LabelGroup(key))
	}
	slices.Sort(labels)
	return append(out, labels...)
}

// Fold folds the group under the cursor, or unfolds it. It reports whether
// there is one to which that happened.
func (t *Table) Fold(fold bool) bool {
	if t.cursor >= len(t.lines) || t.lines[t.cursor].g == nil || t.folded[t.lines[t.cursor].g.name] == fold {
		return false
	}
	g := t.lines[t.cursor].g
	t.folded[g.name] = fold
	t.rebuild()
	if i := t.heading(g.name); i >= 0 {
		if !fold {
			i++ // to the first row
		}
		t.moveTo(i)
	}
	return true
}

// FoldAll folds all groups, or, when all are folded, unfolds them.
func (t *Table) FoldAll() {
	var open []string
	for _, l := range t.lines {
		if l.w == nil && !t.folded[l.g.name] {
			open = append(open, l.g.name)
		}
	}
	clear(t.folded)
	for _, name := range open {
		t.folded[name] = true
	}
	if len(open) > 0 { // those that were folded stay so
		for _, l := range t.lines {
			if l.w == nil {
				t.folded[l.g.name] = true
			}
		}
	}
	t.rebuild()
}

// OnHeading reports whether the cursor is on the heading of a folded group.
func (t *Table) OnHeading() bool { return t.cursor < len(t.lines) && t.lines[t.cursor].w == nil }

// spread makes the lines out of the rows.
func (t *Table) spread() {
	t.lines = make([]line, 0, len(t.rows))
	if t.grouping == NoGroups {
		for i, w := range t.rows {
			t.lines = append(t.lines, line{w: w, rows: i})
		}
		return
	}
	var g *group
	drawn := 0
	for _, w := range t.rows {
		if name := t.grouping.of(w); g == nil || g.name != name {
			g = &group{name: name}
			t.lines = append(t.lines, line{g: g, rows: drawn})
		}
		g.count(w.Status.Phase)
		if !t.folded[g.name] {
			t.lines = append(t.lines, line{w: w, g: g, rows: drawn})
			drawn++
		}
	}
}

func (g *group) count(p workspace.Phase) {
	g.all++
	switch p {
	case workspace.Running:
		g.running++
	case workspace.Failing, workspace.Unreachable:
		g.wrong++
	case workspace.Starting, workspace.Stopping, workspace.Stopped, workspace.Deleted:
	}
}

// heading returns the line of a group's heading, -1 when there is none.
func (t *Table) heading(name string) int {
	return slices.IndexFunc(t.lines, func(l line) bool { return l.w == nil && l.g.name == name })
}

// stop reports whether the cursor may be on a line.
func (t *Table) stop(i int) bool { return t.lines[i].w != nil || t.folded[t.lines[i].g.name] }

// settle puts the cursor on a line where it may be, in the direction in which it
// was going, else in the other one.
func (t *Table) settle(direction int) {
	if len(t.lines) == 0 {
		return
	}
	for _, step := range []int{direction, -direction} {
		for i := t.cursor; i >= 0 && i < len(t.lines); i += step {
			if t.stop(i) {
				t.cursor = i
				return
			}
		}
	}
}
