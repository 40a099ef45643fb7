package table

// Marks say which workspaces a change is about when it is about several. They
// belong to identities: a filter, an order or a refresh does not touch them,
// and a workspace that is gone takes its mark along. A range is marked from
// where it began to where the cursor is, until it is ended or taken back.

import (
	"slices"

	"github.com/berth-sh/berth/workspace"
)

type marks struct {
	of    map[workspace.Key]*workspace.Workspace // as the newest snapshot has them
	span  *span                                  // nil while no range is being drawn
	tally *Marks                                 // nil when it has to be counted anew
}

// span is a range that follows the cursor.
type span struct {
	from  workspace.Key
	alone []workspace.Key // marked by the range and by nothing else
}

// Marks is how many workspaces are marked.
type Marks struct {
	All    int
	Hidden int                     // of these, by the filter
	Phases map[workspace.Phase]int // of all of them
	Range  bool                    // one is being drawn

	groups map[string]int // of the rows of each group
}

// Mark marks the workspace under the cursor, or takes its mark away, and goes
// on to the next row. It ends a range.
func (t *Table) Mark() {
	t.EndRange()
	w, ok := t.Selected()
	if !ok {
		return
	}
	if key := w.Key(); t.marks.of[key] != nil {
		delete(t.marks.of, key)
	} else {
		t.mark(t.at(t.cursor))
	}
	t.marks.tally = nil
	t.Move(1)
}

// MarkAll marks every row that the filter lets through, or, when all of them
// are marked, takes their marks away.
func (t *Table) MarkAll() {
	t.EndRange()
	marked := func(w *workspace.Workspace) bool { return t.marks.of[w.Key()] != nil }
	if all := !slices.ContainsFunc(t.rows, func(w *workspace.Workspace) bool { return !marked(w) }); all {
		for _, w := range t.rows {
			delete(t.marks.of, w.Key())
		}
	} else {
		for _, w := range t.rows {
			t.mark(w)
		}
	}
	t.marks.tally = nil
}

// Range begins a range at the cursor, or ends the one that is being drawn.
func (t *Table) Range() {
	if t.marks.span != nil {
		t.EndRange()
		return
	}
	if w, ok := t.Selected(); ok {
		t.marks.span = &span{from: w.Key()}
		t.stretch()
	}
}

// EndRange keeps what a range has marked.
func (t *Table) EndRange() { t.marks.span, t.marks.tally = nil, nil }

// DropRange takes a range back and reports whether there was one.
func (t *Table) DropRange() bool {
	s := t.marks.span
	if s == nil {
		return false
	}
	t.unmark(s.alone)
	t.EndRange()
	return true
}

// Unmark takes all marks away and reports whether there were any.
func (t *Table) Unmark() bool {
	had := len(t.marks.of) > 0
	t.marks = marks{}
	return had
}

// Take takes the mark of one workspace away.
func (t *Table) Take(key workspace.Key) {
	t.EndRange()
	delete(t.marks.of, key)
}

// Marked returns the marked workspaces in the order of the table, those that
// the filter hides among them.
func (t *Table) Marked() []workspace.Workspace {
	list := make([]*workspace.Workspace, 0, len(t.marks.of))
	for _, w := range t.marks.of {
		list = append(list, w)
	}
	slices.SortFunc(list, t.comparison())
	out := make([]workspace.Workspace, len(list))
	for i, w := range list {
		out[i] = *w
	}
	return out
}

// Hidden returns how many of some workspaces of this view the filter hides.
func (t *Table) Hidden(keys map[workspace.Key]bool) int {
	if t.filter.text == "" {
		return 0
	}
	hidden := len(keys)
	for _, w := range t.rows {
		if keys[w.Key()] {
			hidden--
		}
	}
	return hidden
}

// Marks counts; it may be asked with every frame.
func (t *Table) Marks() Marks {
	m := &t.marks
	if m.tally != nil {
		return *m.tally
	}
	m.tally = &Marks{All: len(m.of), Range: m.span != nil, Phases: map[workspace.Phase]int{}}
	if m.tally.All == 0 {
		return *m.tally
	}
	for _, w := range m.of {
		m.tally.Phases[w.Status.Phase]++
	}
	if t.filter.text == "" && t.grouping == NoGroups {
		return *m.tally
	}
	m.tally.Hidden, m.tally.groups = m.tally.All, map[string]int{}
	for _, w := range t.rows {
		if m.of[w.Key()] != nil {
			m.tally.Hidden--
			m.tally.groups[t.grouping.of(w)]++
		}
	}
	return *m.tally
}

func (t *Table) mark(w *workspace.Workspace) {
	if w == nil {
		return
	}
	if t.marks.of == nil {
		t.marks.of = map[workspace.Key]*workspace.Workspace{}
	}
	t.marks.of[w.Key()] = w
}

func (t *Table) unmark(keys []workspace.Key) {
	for _, key := range keys {
		delete(t.marks.of, key)
	}
}

// stretch draws the range anew from its beginning to the cursor. One whose
// beginning is out of sight ends as it is.
func (t *Table) stretch() {
	s := t.marks.span
	if s == nil {
		return
	}
	from := t.indexOf(s.from)
	if from < 0 {
		t.EndRange()
		return
	}
	t.unmark(s.alone)
	s.alone = s.alone[:0]
	for i := min(from, t.cursor); i <= max(from, t.cursor); i++ {
		if w := t.at(i); w != nil && t.marks.of[w.Key()] == nil {
			s.alone = append(s.alone, w.Key())
			t.mark(w)
		}
	}
	t.marks.tally = nil
}

// keepMarks brings the marks to the newest rows; those of workspaces that are
// gone go.
func (t *Table) keepMarks() {
	t.marks.tally = nil
	if len(t.marks.of) == 0 {
		return
	}
	old := t.marks.of
	t.marks.of = make(map[workspace.Key]*workspace.Workspace, len(old))
	for _, w := range t.all {
		if key := w.Key(); old[key] != nil {
			t.marks.of[key] = w
		}
	}
}
