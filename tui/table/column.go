package table

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/workspace"
)

// ColumnID names a column; it is also its heading.
type ColumnID string

// The columns.
const (
	Name      ColumnID = "NAME"
	Namespace ColumnID = "NAMESPACE"
	Status    ColumnID = "STATUS"
	Up        ColumnID = "UP"
	Age       ColumnID = "AGE"
	Context   ColumnID = "CONTEXT"
	Image     ColumnID = "IMAGE"
	CPU       ColumnID = "CPU"
	Memory    ColumnID = "MEMORY"
	GPU       ColumnID = "GPU"
	Profile   ColumnID = "PROFILE"
	Node      ColumnID = "NODE"
	Home      ColumnID = "HOME"
	Restarts  ColumnID = "RESTARTS"
	Gone      ColumnID = "DELETED"
	Shells    ColumnID = "SHELLS"
)

// column is what is known of a column before there are rows.
type column struct {
	id       ColumnID
	keep     int // the lower, the earlier it goes when there is no room; 0 stays
	min, max int
	right    bool
	spare    bool // shown only where every other column has all the room it can use
	whole    bool // short values, of no use when cut: it is shown whole or not at all
}

// placed is a column with its place in the line.
type placed struct {
	column
	width int
}

// gap is the space between columns; margin is the cursor bar's room.
const (
	gap    = 2
	margin = 3
)

func (t *Table) columns() []column {
	if t.deleted {
		return []column{
			{id: Name, min: 10, max: 40},
			{id: Context, keep: 10, min: 8, max: 24},
			{id: Namespace, keep: 9, min: 9, max: 24},
			{id: Gone, keep: 8, min: 7, max: 8},
			{id: Home, keep: 7, min: 6, max: 10, whole: true},
			{id: Image, keep: 3, min: 12, max: 40},
			{id: Profile, keep: 1, min: 10, max: 10},
		}
	}
	return []column{
		{id: Name, min: 10, max: 40},
		{id: Context, keep: 10, min: 8, max: 24},
		{id: Namespace, keep: 9, min: 9, max: 24},
		{id: Status, min: 26, max: 44},
		{id: Up, keep: 8, min: 4, max: 5},
		{id: Age, keep: 1, min: 4, max: 5, spare: true},
		{id: Image, keep: 6, min: 14, max: 40},
		{id: CPU, keep: 4, min: 3, max: 8, whole: true},
		{id: Memory, keep: 5, min: 6, max: 10, whole: true},
		{id: GPU, keep: 4, min: 3, max: 4, right: true},
		{id: Profile, keep: 3, min: 10, max: 10},
		{id: Node, keep: 2, min: 4, max: 24},
		{id: Restarts, keep: 1, min: 8, max: 8, right: true},
		{id: Shells, keep: 7, min: 6, max: 6},
	}
}

// has reports whether rows can differ in a column.
func (t *Table) has(id ColumnID) bool {
	return (id != Context || t.several) && (id != Namespace || t.allNS)
}

// mute reports whether a column has nothing to say of any row: most lists have
// no GPU, nor restarts where all is well.
func (t *Table) mute(id ColumnID) bool {
	switch id {
	case GPU:
		return !slices.ContainsFunc(t.rows, hasGPU)
	case Restarts:
		return id != t.sort && !slices.ContainsFunc(t.rows, restarted)
	case Shells:
		return len(t.shells) == 0
	case Name, Namespace, Status, Up, Age, Context, Image, CPU, Memory, Profile, Node, Home, Gone:
	}
	return false
}

// wanted reports whether a column has something to say here and was not hidden.
func (t *Table) wanted(id ColumnID) bool {
	grouped := id == Namespace && t.grouping == ByNamespace || id == Context && t.grouping == ByContext
	return t.has(id) && !t.hidden[id] && !grouped
}

// Shown is a column as the menu of columns tells of it.
type Shown struct {
	ID     ColumnID
	Hidden bool // by choice
	Placed bool // there is room for it, and something to say
	Mute   bool // it has nothing to say here
}

// Columns lists the columns that can be hidden.
func (t *Table) Columns() []Shown {
	var out []Shown
	for _, c := range t.columns() {
		if c.keep == 0 || !t.has(c.id) {
			continue
		}
		placed := slices.ContainsFunc(t.layout, func(p placed) bool { return p.id == c.id })
		out = append(out, Shown{ID: c.id, Hidden: t.hidden[c.id], Placed: placed, Mute: t.mute(c.id)})
	}
	return out
}

// Hide hides a column or shows it again; one that must stay stays.
func (t *Table) Hide(id ColumnID, hidden bool) {
	if !slices.ContainsFunc(t.columns(), func(c column) bool { return c.id == id && c.keep > 0 }) {
		return
	}
	if hidden {
		t.hidden[id] = true
	} else {
		delete(t.hidden, id)
	}
	t.relayout()
}

// HiddenColumns lists the columns that were hidden, in their order.
func (t *Table) HiddenColumns() []ColumnID {
	var out []ColumnID
	for _, c := range t.columns() {
		if t.hidden[c.id] {
			out = append(out, c.id)
		}
	}
	return out
}

// relayout decides which columns fit into the width and how wide they are.
// Columns go by priority until the rest fits in its smallest form; what is
// left of the room goes to those that have more to say.
func (t *Table) relayout() {
	cols := make([]placed, 0, 12)
	for _, c := range t.columns() {
		if !t.wanted(c.id) || t.mute(c.id) {
			continue
		}
		least := c.min
		if c.whole {
			least = t.longest(c)
		}
		cols = append(cols, placed{c, least})
	}
	room := max(0, t.w-margin-1)
	if t.wishes(cols) > room {
		cols = slices.DeleteFunc(cols, func(p placed) bool { return p.spare && p.id != t.sort })
	}
	for width(cols) > room {
		i := droppable(cols)
		if i < 0 {
			break
		}
		cols = slices.Delete(cols, i, i+1)
	}
	left := room - width(cols)
	for i := range cols {
		grow := max(0, min(left, t.widest(cols[i].column)-cols[i].width))
		cols[i].width += grow
		left -= grow
	}
	for i := range cols {
		if left < 0 { // not even the kept ones fit: the last gives way
			cols[len(cols)-1-i].width = max(1, cols[len(cols)-1-i].width+left)
			left = room - width(cols)
		}
	}
	t.layout = cols
}

// wishes is the width that columns would use if they had it.
func (t *Table) wishes(cols []placed) int {
	sum := max(0, len(cols)-1) * gap
	for _, c := range cols {
		sum += t.widest(c.column)
	}
	return sum
}

func width(cols []placed) int {
	sum := max(0, len(cols)-1) * gap
	for _, c := range cols {
		sum += c.width
	}
	return sum
}

// droppable returns the column to give up next, -1 when all must stay.
func droppable(cols []placed) int {
	best := -1
	for i, c := range cols {
		if c.keep > 0 && (best < 0 || c.keep < cols[best].keep) {
			best = i
		}
	}
	return best
}

// widest returns how much of its allowance a column can use.
func (t *Table) widest(c column) int {
	return min(max(t.longest(c), len(c.id)+2), c.max) // room for the arrow
}

func hasGPU(w *workspace.Workspace) bool { return w.Spec.GPU > 0 }

func restarted(w *workspace.Workspace) bool { return w.Restarts > 0 }

// longest returns the width of a column's values, within its allowance. Many
// rows are sampled rather than all measured: the answer only has to be about
// right.
func (t *Table) longest(c column) int {
	longest := c.min
	step := max(1, len(t.rows)/500)
	for i := 0; i < len(t.rows) && longest < c.max; i += step {
		longest = max(longest, cells.Width(t.text(c.id, t.rows[i])))
	}
	return min(longest, c.max)
}

// textOf returns a cell's text as far as it does not depend on the clock.
func textOf(id ColumnID, w *workspace.Workspace) string {
	switch id {
	case Name:
		return w.Name
	case Namespace:
		return w.Namespace
	case Status:
		return statusText(w)
	case Image:
		return w.Spec.Image
	case CPU:
		return w.Spec.CPU
	case Memory:
		return strings.Replace(strings.Replace(w.Spec.Memory, "Gi", " Gi", 1), "Mi", " Mi", 1)
	case Profile:
		return string(w.Spec.Profile)
	case Node:
		return w.Node
	case GPU:
		if w.Spec.GPU > 0 {
			return strconv.Itoa(w.Spec.GPU)
		}
	case Home:
		return home(w)
	case Restarts:
		if w.Restarts > 0 {
			return strconv.Itoa(w.Restarts)
		}
	case Context:
		return w.Context
	case Up, Age, Gone, Shells:
	}
	return ""
}

// statusText is the word and what goes with it.
func statusText(w *workspace.Workspace) string {
	word := strings.ToLower(string(w.Status.Phase))
	if w.Status.Brief == "" || strings.EqualFold(w.Status.Brief, word) {
		return "● " + word
	}
	return "● " + word + " · " + w.Status.Brief
}

func home(w *workspace.Workspace) string { return cmp.Or(w.Capacity, w.Spec.Disk) }

// quantity reads a Kubernetes quantity well enough to sort by.
func quantity(s string) float64 {
	units := []struct {
		suffix string
		factor float64
	}{
		{"Ki", 1 << 10},
		{"Mi", 1 << 20},
		{"Gi", 1 << 30},
		{"Ti", 1 << 40},
		{"Pi", 1 << 50},
		{"m", 1e-3},
		{"k", 1e3},
		{"M", 1e6},
		{"G", 1e9},
		{"T", 1e12},
		{"P", 1e15},
	}
	factor := 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(s, u.suffix); ok {
			s, factor = rest, u.factor
			break
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return v * factor
}
