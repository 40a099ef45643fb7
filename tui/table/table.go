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
	lines  []line                 // rows that are not folded, and the headings of groups
	allNS  bool                   // rows of several namespaces
	filter filter

	several  bool // rows of several contexts
	grouping Grouping
	folded   map[string]bool // groups, by name
	hidden   map[ColumnID]bool

	sort    ColumnID
	reverse bool

	cursor int           // index into lines
	anchor workspace.Key // identity under the cursor; zero on a heading
	within string        // the group under the cursor
	top    int           // first visible line
	w, h   int
	layout []placed // columns for this width and these rows
	shells map[workspace.Key]int
	usage  func(workspace.Key) (workspace.Usage, bool) // nil where nothing is known of it
	marks  marks
}

// New returns an empty view of living or of deleted workspaces.
func New(deleted bool) *Table {
	t := &Table{deleted: deleted, sort: Name, folded: map[string]bool{}, hidden: map[ColumnID]bool{}}
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
	t.several = len(t.all) > 0 && t.all[0].Context != ""
	t.keepMarks()
	t.rebuild()
}

// SetFilter narrows the rows; "" shows all.
func (t *Table) SetFilter(text string) {
	narrowed := text != "" && text != t.filter.text
	t.filter = parseFilter(text)
	t.rebuild()
	if narrowed { // what was looked for is the first match, not a neighbour of the last row
		t.moveTo(0)
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
	t.filter.allNS = t.allNS
	t.rows = t.filter.apply(t.all)
	compare := t.comparison()
	if !slices.IsSortedFunc(t.rows, compare) { // as they mostly come
		slices.SortStableFunc(t.rows, compare)
	}
	t.spread()
	if i := t.indexOf(t.anchor); i >= 0 {
		t.cursor = i
	} else if i := t.heading(t.within); t.grouping != NoGroups && i >= 0 && t.folded[t.within] {
		t.cursor = i
	}
	t.relayout()
	t.clamp()
	t.marks.tally = nil
	t.stretch()
}

// indexOf returns the line of a workspace, -1 when it is not shown.
func (t *Table) indexOf(key workspace.Key) int {
	return slices.IndexFunc(t.lines, func(l line) bool { return l.w != nil && l.w.Key() == key })
}

// at returns the workspace of a line, nil when there is none.
func (t *Table) at(i int) *workspace.Workspace {
	if i < 0 || i >= len(t.lines) {
		return nil
	}
	return t.lines[i].w
}

func (t *Table) clamp() {
	t.cursor = max(0, min(t.cursor, len(t.lines)-1))
	t.settle(1)
	if len(t.lines) > 0 {
		t.anchor, t.within = workspace.Key{}, ""
		if w := t.at(t.cursor); w != nil {
			t.anchor = w.Key()
		}
		if g := t.lines[t.cursor].g; g != nil {
			t.within = g.name
		}
	}
	visible, first := t.visible(), t.cursor
	if first > 0 && t.at(first-1) == nil && visible > 2 { // the heading belongs to its first row
		first--
	}
	t.top = min(t.top, first)
	t.top = max(t.top, t.cursor-visible+t.fold()+1)
	t.top = max(0, min(t.top, len(t.lines)-visible))
}

// visible returns how many lines fit below the header line.
func (t *Table) visible() int { return max(1, t.h-1) }

// fold is the line that tells how many rows are below, where not all fit and
// the line can be spared.
func (t *Table) fold() int {
	if visible := t.visible(); len(t.lines) > visible && visible > 2 {
		return 1
	}
	return 0
}

// below returns how many rows the mark stands for, 0 when there is no mark, or
// nothing but headings of folded groups below it.
func (t *Table) below() int {
	if end := t.top + t.visible() - 1; end+1 < len(t.lines) && t.fold() > 0 { // the mark has taken a line
		return t.drawn() - t.lines[end].rows
	}
	return 0
}

// drawn returns how many rows have a line.
func (t *Table) drawn() int {
	if len(t.lines) == 0 {
		return 0
	}
	last := t.lines[len(t.lines)-1]
	if last.w != nil {
		return last.rows + 1
	}
	return last.rows
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
func (t *Table) End() { t.moveTo(len(t.lines) - 1) }

func (t *Table) moveTo(i int) {
	direction := 1
	if i < t.cursor {
		direction = -1
	}
	t.cursor = max(0, min(i, len(t.lines)-1))
	t.settle(direction)
	t.clamp()
	t.stretch()
}

// Click puts the cursor on the row at line y of the table, or folds the group
// whose heading is there, and reports whether there is anything.
func (t *Table) Click(y int) bool {
	i := t.top + y - 1
	if y < 1 || i >= t.end() {
		return false
	}
	if l := t.lines[i]; l.w == nil {
		t.cursor = i
		return t.Fold(!t.folded[l.g.name])
	}
	t.moveTo(i)
	return true
}

// HeadingAt returns the column whose heading is at a place of the table; false
// where there is none.
func (t *Table) HeadingAt(x, y int) (ColumnID, bool) {
	if y != 0 || len(t.rows) == 0 { // without rows something else stands there
		return "", false
	}
	at := margin
	for _, c := range t.layout {
		if x >= at && x < at+c.width {
			return c.id, true
		}
		at += c.width + gap
	}
	return "", false
}

// Select puts the cursor on a workspace, if it is there.
func (t *Table) Select(match func(workspace.Workspace) bool) bool {
	row := slices.IndexFunc(t.rows, func(w *workspace.Workspace) bool { return match(*w) })
	if row < 0 {
		return false
	}
	if name := t.grouping.of(t.rows[row]); t.folded[name] && t.grouping != NoGroups {
		delete(t.folded, name)
		t.rebuild()
	}
	t.moveTo(t.indexOf(t.rows[row].Key()))
	return true
}

// Selected returns the workspace under the cursor.
func (t *Table) Selected() (workspace.Workspace, bool) {
	w := t.at(t.cursor)
	if w == nil {
		return workspace.Workspace{}, false
	}
	return *w, true
}

// CursorLine returns the line of the table on which the cursor is.
func (t *Table) CursorLine() (line int, ok bool) {
	return 1 + t.cursor - t.top, t.cursor < len(t.lines)
}

// Counts returns how many rows are shown, and of how many.
func (t *Table) Counts() (shown, total int) { return len(t.rows), len(t.all) }

// end is the line after the last one on the screen.
func (t *Table) end() int {
	end := t.top + t.visible()
	if end < len(t.lines) && t.fold() > 0 {
		end--
	}
	return min(end, len(t.lines))
}

// Visible returns the rows on the screen.
func (t *Table) Visible() []*workspace.Workspace {
	rows := make([]*workspace.Workspace, 0, t.end()-t.top)
	for _, l := range t.lines[t.top:t.end()] {
		if l.w != nil {
			rows = append(rows, l.w)
		}
	}
	return rows
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
