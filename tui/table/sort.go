package table

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// SortBy orders by a column; the column that already orders is reversed.
func (t *Table) SortBy(id ColumnID) {
	if t.sort == id {
		t.reverse = !t.reverse
	} else {
		t.sort, t.reverse = id, false
	}
	t.rebuild()
}

// SetSort orders by a column of this view; another one changes nothing.
func (t *Table) SetSort(id ColumnID, reverse bool) {
	if slices.ContainsFunc(t.columns(), func(c column) bool { return c.id == id }) {
		t.sort, t.reverse = id, reverse
		t.rebuild()
	}
}

// Reverse turns the order around.
func (t *Table) Reverse() { t.SortBy(t.sort) }

// Sorted returns the column that orders and whether it does so downwards.
func (t *Table) Sorted() (ColumnID, bool) { return t.sort, t.reverse }

// Sortable lists the columns of this view that can order it.
func (t *Table) Sortable() []ColumnID {
	var ids []ColumnID
	for _, c := range t.columns() {
		if t.has(c.id) {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// comparison orders by a column, then by name, namespace and identity, so that
// equal rows never change places between two refreshes.
func (t *Table) comparison() func(a, b *workspace.Workspace) int {
	by, reverse := byColumn(t.sort), t.reverse
	grouping, grouped := t.grouping, t.grouping != NoGroups
	if t.sort == Shells {
		by = func(a, b *workspace.Workspace) int { return cmp.Compare(t.shells[b.Key()], t.shells[a.Key()]) }
	}
	return func(a, b *workspace.Workspace) int {
		if grouped {
			if c := grouping.compare(a, b); c != 0 {
				return c
			}
		}
		c := by(a, b)
		if reverse {
			c = -c
		}
		return cmp.Or(c, strings.Compare(a.Name, b.Name), strings.Compare(a.Namespace, b.Namespace),
			strings.Compare(a.UID, b.UID), strings.Compare(string(a.Cluster), string(b.Cluster)))
	}
}

func byColumn(id ColumnID) func(a, b *workspace.Workspace) int {
	switch id {
	case Status:
		return func(a, b *workspace.Workspace) int {
			return cmp.Or(cmp.Compare(urgency(a.Status.Phase), urgency(b.Status.Phase)), strings.Compare(a.Status.Brief, b.Status.Brief))
		}
	case Up, Gone:
		return func(a, b *workspace.Workspace) int { return upSince(b).Compare(upSince(a)) }
	case Age:
		return func(a, b *workspace.Workspace) int { return b.Created.Compare(a.Created) }
	case CPU:
		return func(a, b *workspace.Workspace) int { return cmp.Compare(quantity(a.Spec.CPU), quantity(b.Spec.CPU)) }
	case Memory:
		return func(a, b *workspace.Workspace) int {
			return cmp.Compare(quantity(a.Spec.Memory), quantity(b.Spec.Memory))
		}
	case Home:
		return func(a, b *workspace.Workspace) int { return cmp.Compare(quantity(home(a)), quantity(home(b))) }
	case GPU:
		return func(a, b *workspace.Workspace) int { return cmp.Compare(b.Spec.GPU, a.Spec.GPU) }
	case Restarts:
		return func(a, b *workspace.Workspace) int { return cmp.Compare(b.Restarts, a.Restarts) }
	case Name, Namespace, Context, Image, Profile, Node, Shells:
	}
	return func(a, b *workspace.Workspace) int { return strings.Compare(textOf(id, a), textOf(id, b)) }
}

// urgency puts what needs attention first.
func urgency(p workspace.Phase) int {
	order := []workspace.Phase{
		workspace.Failing, workspace.Unreachable, workspace.Starting, workspace.Stopping,
		workspace.Running, workspace.Stopped, workspace.Deleted,
	}
	return slices.Index(order, p)
}
