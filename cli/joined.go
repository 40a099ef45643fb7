package cli

import (
	"slices"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// joined makes one snapshot out of several, again only when one has changed.
type joined struct {
	made []uint64 // epoch and generations that snap was made of
	snap workspace.Snapshot
	gen  uint64
}

func (j *joined) snapshot(views []*view, epoch uint64) (workspace.Snapshot, uint64) {
	made := []uint64{epoch}
	parts := make([]workspace.Snapshot, len(views))
	for i, v := range views {
		s, generation := v.snapshot()
		parts[i] = s
		made = append(made, generation)
	}
	if !slices.Equal(made, j.made) {
		j.made, j.snap = made, join(parts)
		j.gen++
	}
	return j.snap, epoch<<32 + j.gen
}

// join puts the workspaces of several contexts into one list. One context that
// does not answer takes nothing from the others. Two contexts of one cluster
// may show the same workspace; the first one has it.
func join(parts []workspace.Snapshot) workspace.Snapshot {
	out := workspace.Snapshot{Namespace: parts[0].Namespace}
	rows := 0
	var problems []string
	for _, s := range parts {
		rows += len(s.Workspaces)
		out.Places = append(out.Places, workspace.Place{
			Context: s.Context, Namespace: s.Namespace, Installation: s.Installation, Synced: s.Synced, Problem: s.Problem,
		})
		if s.Namespace != out.Namespace {
			out.Namespace = ""
		}
		out.Synced = out.Synced || s.Synced
		if out.StaleSince.IsZero() || !s.StaleSince.IsZero() && s.StaleSince.Before(out.StaleSince) {
			out.StaleSince = s.StaleSince
		}
		if s.Problem != "" {
			problems = append(problems, s.Context+": "+s.Problem)
			out.Hint = s.Hint
		}
		out.Denied = append(out.Denied, s.Denied...)
	}
	out.Workspaces = make([]workspace.Workspace, 0, rows)
	for i, s := range parts {
		out.Workspaces = append(out.Workspaces, s.Workspaces...)
		added := out.Workspaces[len(out.Workspaces)-len(s.Workspaces):]
		for j := range added {
			added[j].Context = s.Context
		}
		if sharesCluster(s, parts[:i]) {
			out.Workspaces = without(out.Workspaces, len(added))
		}
	}
	out.Context = strings.Join(out.Contexts(), ", ")
	out.Problem = strings.Join(problems, "; ")
	return out
}

// sharesCluster reports whether a list may have workspaces of others: to look
// for each among ten thousand costs as much as to copy them.
func sharesCluster(s workspace.Snapshot, others []workspace.Snapshot) bool {
	return slices.ContainsFunc(others, func(o workspace.Snapshot) bool { return o.Cluster == s.Cluster })
}

// without takes those of the last n out of a list that are in it before.
func without(list []workspace.Workspace, n int) []workspace.Workspace {
	before := len(list) - n
	seen := make(map[workspace.Key]bool, before)
	for i := range list[:before] {
		seen[list[i].Key()] = true
	}
	last := slices.DeleteFunc(list[before:], func(w workspace.Workspace) bool { return seen[w.Key()] })
	return list[:before+len(last)]
}
