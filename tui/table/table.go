// Package table is the list of workspaces: filtered, sorted, virtualised and
// anchored to identities.
//
// The cursor belongs to a workspace (cluster and UID), not to a line: rows may
// come, go and change places under it. Only visible rows are formatted, so ten
// thousand cost what fifty do.
package table

import (
	"maps"
	"slices"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// Table is one view of the list. It is owned by the program's loop.
type Table struct {
	deleted bool // shows deleted workspaces instead of living ones

	all    []*workspace.Workspace // what belongs to this view
	rows   []*workspace.Workspace // of these, what the filter lets through, sorted
	allNS  bool                   // rows of several namespaces
	filter filter

	sort    ColumnID
	reverse bool

	cursor int           // index into rows
	anchor workspace.Key // identity under the cursor
	top    int           // first visible row
	w, h   int
	layout []placed // columns for this width and these rows
	shells map[workspace.Key]int
	marks  marks
}

// New returns an empty view of living or of deleted workspaces.
func New(deleted bool) *Table {
	t := &Table{deleted: deleted, sort: Name}
	if deleted {
		t.sort, t.reverse = Gone, true
	}
	return t
}

// SetRows takes the workspaces of a snapshot; those that belong to the other
// view are left out. The slice must not change afterwards.
func (t *Table) SetRows(all []workspace.Workspace, allNS bool) {
	t.allNS = allNS
	t.all = make([]*workspace.Workspace, 0, len(all))
	for i := range all {
		if all[i].Deleted() == t.deleted {
			t.all = append(t.all, &all[i])
		}
	}
	t.keepMarks()
	t.rebuild()
}

// SetFilter narrows the rows; "" shows all.
func (t *Table) SetFilter(text string) {
	narrowed := text != "" && text != t.filter.text
	t.filter = parseFilter(text)
	t.rebuild()
	if narrowed { // what was looked for is the first match, not a neighbour of the last row
		t.cursor = 0
		t.clamp()
	}
}

// SetShells takes the number of open shells of each workspace that has some.
func (t *Table) SetShells(shells map[workspace.Key]int) {
	if maps.Equal(shells, t.shells) {
		return
	}
	t.shells = shells
	t.rebuild()
}

// Filter returns the text that SetFilter got.
func (t *Table) Filter() string { return t.filter.text }

// rebuild filters and sorts, and puts the cursor back on its workspace, or,
// when that is gone, leaves it on its line.
func (t *Table) rebuild() {
	t.rows = t.filter.apply(t.all)
	compare := t.comparison()
	slices.SortStableFunc(t.rows, compare)
	if i := t.indexOf(t.anchor); i >= 0 {
		t.cursor = i
	}
	t.relayout()
	t.clamp()
	t.marks.tally = nil
	t.stretch()
}

// indexOf returns the row of a workspace, -1 when it is not shown.
func (t *Table) indexOf(key workspace.Key) int {
	return slices.IndexFunc(t.rows, func(w *workspace.Workspace) bool { return w.Key() == key })
}

// at returns the workspace of a row, nil when there is none.
func (t *Table) at(i int) *workspace.Workspace {
	if i < 0 || i >= len(t.rows) {
		return nil
	}
	return t.rows[i]
}

func (t *Table) clamp() {
	t.cursor = max(0, min(t.cursor, len(t.rows)-1))
	if len(t.rows) > 0 {
		t.anchor = t.rows[t.cursor].Key()
	}
	visible := t.visible()
	t.top = min(t.top, t.cursor)
	t.top = max(t.top, t.cursor-visible+t.fold()+1)
	t.top = max(0, min(t.top, len(t.rows)-visible))
}

// visible returns how many rows fit below the header line.
func (t *Table) visible() int { return max(1, t.h-1) }

// fold is the line that tells how many rows are below, where not all fit and
// the line can be spared.
func (t *Table) fold() int {
	if visible := t.visible(); len(t.rows) > visible && visible > 2 {
		return 1
	}
	return 0
}

// below returns how many rows the mark stands for, 0 when there is none.
func (t *Table) below() int {
	if hidden := len(t.rows) - t.top - t.visible(); hidden > 0 && t.fold() > 0 {
		return hidden + 1 // the mark has taken one's line
	}
	return 0
}

// SetSize gives the table its room in cells, the header line included.
func (t *Table) SetSize(w, h int) {
	if w == t.w && h == t.h {
		return
	}
	narrower := w != t.w
	t.w, t.h = w, h
	if narrower {
		t.relayout()
	}
	t.clamp()
}

// Move moves the cursor by n rows.
func (t *Table) Move(n int) { t.moveTo(t.cursor + n) }

// Page moves the cursor by n screens.
func (t *Table) Page(n int) { t.moveTo(t.cursor + n*max(1, t.visible()-1)) }

// Home moves the cursor to the first row.
func (t *Table) Home() { t.moveTo(0) }

// End moves the cursor to the last row.
func (t *Table) End() { t.moveTo(len(t.rows) - 1) }

func (t *Table) moveTo(i int) {
	t.cursor = i
	t.clamp()
	t.stretch()
}

// Click puts the cursor on the row at line y of the table and reports whether
// there is one.
func (t *Table) Click(y int) bool {
	i := t.top + y - 1
	if y < 1 || i >= len(t.rows) || (t.below() > 0 && y >= t.visible()) {
		return false
	}
	t.moveTo(i)
	return true
}

// Select puts the cursor on a workspace, if it is there.
func (t *Table) Select(match func(workspace.Workspace) bool) bool {
	i := slices.IndexFunc(t.rows, func(w *workspace.Workspace) bool { return match(*w) })
	if i >= 0 {
		t.moveTo(i)
	}
	return i >= 0
}

// Selected returns the workspace under the cursor.
func (t *Table) Selected() (workspace.Workspace, bool) {
	if len(t.rows) == 0 {
		return workspace.Workspace{}, false
	}
	return *t.rows[t.cursor], true
}

// Counts returns how many rows are shown, and of how many.
func (t *Table) Counts() (shown, total int) { return len(t.rows), len(t.all) }

// Visible returns the rows on the screen.
func (t *Table) Visible() []*workspace.Workspace {
	if below := t.below(); below > 0 {
		return t.rows[t.top : len(t.rows)-below]
	}
	return t.rows[t.top:min(len(t.rows), t.top+t.visible())]
}

// Moving reports whether a visible row is on its way somewhere, so that a
// spinner turns.
func (t *Table) Moving() bool {
	return slices.ContainsFunc(t.Visible(), func(w *workspace.Workspace) bool {
		return w.Status.Phase == workspace.Starting || w.Status.Phase == workspace.Stopping
	})
}

// upSince is the moment that the UP column counts from.
func upSince(w *workspace.Workspace) time.Time {
	switch w.Status.Phase {
	case workspace.Running:
		if !w.ReadySince.IsZero() {
			return w.ReadySince
		}
		return w.Status.Since
	case workspace.Stopped:
		return time.Time{}
	case workspace.Deleted:
		return w.DeletedAt
	case workspace.Starting, workspace.Stopping, workspace.Failing, workspace.Unreachable:
	}
	return w.Status.Since
}
