package detail

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/workspace"
)

// Use is what the workspace uses, as far as that was measured.
type Use struct {
	Known   bool              // somebody measures
	Samples []workspace.Usage // the newest last; empty where there are no metrics
	Home    workspace.HomeUsage
}

// use is one line: CPU and memory against their limits, and how that went of
// late.
func (p *Pane) use(s Scene, width int) []string {
	w, t := p.target, s.Theme
	if !s.Use.Known || w.Status.Phase != workspace.Running {
		return nil
	}
	var parts []string
	if n := len(s.Use.Samples); n > 0 {
		now := s.Use.Samples[n-1]
		var cpu, memory []int64
		for _, u := range s.Use.Samples {
			cpu, memory = append(cpu, u.MilliCPU), append(memory, u.Memory)
		}
		parts = append(parts,
			t.Muted.Paint("cpu ")+t.Good.Paint(spark(cpu, milli(w.Spec.CPU)))+" "+cells.Cores(now.MilliCPU)+t.Muted.Paint(" of "+cmp.Or(w.Spec.CPU, "n/a")),
			t.Muted.Paint("memory ")+t.Good.Paint(spark(memory, memoryOf(w.Spec.Memory)))+" "+cells.Size(now.Memory)+t.Muted.Paint(" of "+cmp.Or(w.Spec.Memory, "n/a")))
	} else {
		parts = append(parts, t.Muted.Paint("cpu n/a"), t.Muted.Paint("memory n/a"))
	}
	if h := s.Use.Home; h.Size > 0 {
		parts = append(parts, t.Muted.Paint("home ")+cells.Size(h.Used)+t.Muted.Paint(" of "+cells.Size(h.Size)))
	}
	return []string{cells.Cut(strings.Join(parts, t.Muted.Paint(" · ")), width)}
}

// spark draws values as bars against the most there may be, or against their own
// maximum where there is no limit.
func spark(values []int64, most int64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	for _, v := range values {
		most = max(most, v)
	}
	var b strings.Builder
	for _, v := range values[max(0, len(values)-12):] {
		at := 0
		if most > 0 {
			at = int(v * int64(len(bars)-1) / most)
		}
		b.WriteRune(bars[at])
	}
	return b.String()
}

// memoryOf reads a Kubernetes quantity of memory, 0 for what it does not know.
func memoryOf(quantity string) int64 {
	for suffix, factor := range map[string]float64{"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "K": 1e3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12} {
		if rest, ok := strings.CutSuffix(quantity, suffix); ok {
			if v, err := strconv.ParseFloat(rest, 64); err == nil {
				return int64(v * factor)
			}
		}
	}
	v, err := strconv.ParseFloat(quantity, 64)
	if err != nil {
		return 0
	}
	return int64(v)
}

// milli reads a quantity of CPU in thousandths of a core.
func milli(quantity string) int64 {
	if rest, ok := strings.CutSuffix(quantity, "m"); ok {
		v, err := strconv.ParseInt(rest, 10, 64)
		if err != nil {
			return 0
		}
		return v
	}
	v, err := strconv.ParseFloat(quantity, 64)
	if err != nil {
		return 0
	}
	return int64(v * 1000)
}
