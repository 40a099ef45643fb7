package cli

import (
	"cmp"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// printTable writes workspaces for people.
func printTable(w io.Writer, list []workspace.Workspace, wide, allNamespaces bool, now time.Time) error {
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	var header []string
	if allNamespaces {
		header = append(header, "NAMESPACE")
	}
	header = append(header, "NAME", "STATUS", "SINCE", "IMAGE", "PROFILE")
	if wide {
		header = append(header, "CPU", "MEMORY", "GPU", "HOME", "NODE", "RESTARTS", "ALIAS")
	}
	writeRow(tw, header)
	for _, item := range list {
		var row []string
		if allNamespaces {
			row = append(row, item.Namespace)
		}
		row = append(row, item.Name, statusText(item.Status), age(item.Status.Since, now), item.Spec.Image, string(item.Spec.Profile))
		if wide {
			row = append(row, item.Spec.CPU, item.Spec.Memory, gpus(item.Spec.GPU), cmp.Or(item.Capacity, item.Spec.Disk), item.Node, strconv.Itoa(item.Restarts), item.Alias)
		}
		writeRow(tw, row)
	}
	return tw.Flush()
}

// writeRow writes one row; the writer remembers failures until Flush.
func writeRow(w io.Writer, cells []string) {
	for i, cell := range cells {
		if cell == "" {
			cells[i] = "–"
		}
	}
	_, _ = io.WriteString(w, strings.Join(cells, "\t")+"\n") // tabwriter keeps the error for Flush
}

// statusText is the phase, and why when that says more.
func statusText(s workspace.Status) string {
	phase := strings.ToLower(string(s.Phase))
	if s.Brief == "" || s.Phase == workspace.Running || s.Phase == workspace.Stopped || s.Phase == workspace.Deleted {
		return phase
	}
	return phase + " · " + s.Brief
}

// age is how long ago t was, in its largest unit or two: 42s, 5m, 3h, 12d.
func age(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := max(now.Sub(t), 0)
	switch {
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + "s"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "h"
	}
	return strconv.Itoa(int(d.Hours()/24)) + "d"
}

// gpus is a number of GPUs; most workspaces have none.
func gpus(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}
