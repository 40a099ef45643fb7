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
	var out workspace.Snapshot
	var namespaces []string
	seen := map[workspace.Key]bool{}
	var problems []string
	for _, s := range parts {
		out.Contexts = append(out.Contexts, s.Context)
		if !slices.Contains(namespaces, s.Namespace) {
			namespaces = append(namespaces, s.Namespace)
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
		for _, w := range s.Workspaces {
			if !seen[w.Key()] {
				seen[w.Key()] = true
				w.Context = s.Context
				out.Workspaces = append(out.Workspaces, w)
			}
		}
	}
	out.Context = strings.Join(out.Contexts, ", ")
	if out.Namespace = namespaces[0]; len(namespaces) > 1 {
		out.Namespace, out.Namespaces = "", namespaces
	}
	out.Problem = strings.Join(problems, "; ")
	return out
}
