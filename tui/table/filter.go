package table

// The filter's little language: words are joined by "and"; a word is found
// anywhere in a row's text; !word excludes; key=value looks at one field or
// label. A word that occurs nowhere is tried as a fuzzy match on names, so
// that "gtr" finds gpu-train, but never beside rows that match literally.

import (
	"strings"

	"github.com/sahilm/fuzzy"

	"github.com/berth-sh/berth/workspace"
)

type filter struct {
	text  string
	terms []term
}

type term struct {
	not   bool
	key   string // "" searches all fields
	value string // lower case
}

func parseFilter(text string) filter {
	f := filter{text: text}
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		var t term
		if rest, ok := strings.CutPrefix(word, "!"); ok {
			t.not, word = true, rest
		}
		if key, value, ok := strings.Cut(word, "="); ok && key != "" {
			t.key, word = key, value
		}
		t.value = word
		if t.value != "" { // half-typed: "!" or "image="
			f.terms = append(f.terms, t)
		}
	}
	return f
}

// apply returns the rows that satisfy every term, in a slice of its own.
func (f filter) apply(all []*workspace.Workspace) []*workspace.Workspace {
	rows := make([]*workspace.Workspace, 0, len(all))
	rows = append(rows, all...)
	for _, t := range f.terms {
		rows = t.apply(rows)
	}
	return rows
}

func (t term) apply(rows []*workspace.Workspace) []*workspace.Workspace {
	kept := make([]*workspace.Workspace, 0, len(rows))
	for _, w := range rows {
		if t.matches(w) != t.not {
			kept = append(kept, w)
		}
	}
	if len(kept) > 0 || t.not || t.key != "" {
		return kept
	}
	for _, m := range fuzzy.FindFromNoSort(t.value, names(rows)) {
		kept = append(kept, rows[m.Index])
	}
	return kept
}

func (t term) matches(w *workspace.Workspace) bool {
	if t.key != "" {
		return strings.Contains(strings.ToLower(field(w, t.key)), t.value)
	}
	for _, s := range []string{w.Name, w.Namespace, string(w.Status.Phase), w.Status.Brief, w.Spec.Image, w.Node, string(w.Spec.Profile)} {
		if strings.Contains(strings.ToLower(s), t.value) {
			return true
		}
	}
	return false
}

// field returns what key=value looks at.
func field(w *workspace.Workspace, key string) string {
	switch key {
	case "name":
		return w.Name
	case "ns", "namespace":
		return w.Namespace
	case "status", "phase":
		return string(w.Status.Phase) + " " + w.Status.Brief
	case "image":
		return w.Spec.Image
	case "node":
		return w.Node
	case "profile":
		return string(w.Spec.Profile)
	case "template":
		return w.Spec.Template
	}
	for k, v := range w.Spec.Labels {
		if strings.ToLower(k) == key {
			return v
		}
	}
	return ""
}

// names lets fuzzy search rows by name.
type names []*workspace.Workspace

// String returns the name of row i.
func (n names) String(i int) string { return n[i].Name }

// Len returns the number of rows.
func (n names) Len() int { return len(n) }
