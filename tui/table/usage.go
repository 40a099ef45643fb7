package table

import (
	"strconv"
	"strings"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/workspace"
)

// SetUsage says where what a workspace uses is known; nil is nowhere. The table
// is told again whenever there is more to know.
func (t *Table) SetUsage(usage func(workspace.Key) (workspace.Usage, bool)) {
	t.usage = usage
	t.relayout()
}

// text is textOf, with what is used before what may be used.
func (t *Table) text(id ColumnID, w *workspace.Workspace) string {
	limit := textOf(id, w)
	if t.usage == nil || id != CPU && id != Memory || limit == "" {
		return limit
	}
	u, ok := t.usage(w.Key())
	if !ok {
		return limit
	}
	if id == CPU {
		return cells.Cores(u.MilliCPU) + "/" + limit
	}
	_, unit, _ := strings.Cut(limit, " ")
	return inUnit(u.Memory, unit) + "/" + limit
}

// inUnit writes bytes in a unit, with a decimal where that says something.
func inUnit(bytes int64, unit string) string {
	divisor := map[string]float64{"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}[unit]
	if divisor == 0 {
		return cells.Size(bytes)
	}
	value, digits := float64(bytes)/divisor, 0
	if unit != "Mi" && unit != "Ki" && value < 100 {
		digits = 1
	}
	return strconv.FormatFloat(value, 'f', digits, 64)
}
