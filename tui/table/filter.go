package table

// The filter's little language: words are joined by "and"; a word is found
// anywhere in a row's text; !word excludes; key=value looks at one field or
// label. A word that occurs nowhere is tried as a fuzzy match on names, so
// that "gtr" finds gpu-train, but never beside rows that match literally.

import (
	"slices"
	"strings"

	"github.com/sahilm/fuzzy"

	"github.com/berth-sh/berth/workspace"
)

type filter struct {
	text  string
	terms []term
	allNS bool // rows of several namespaces; where there is one, a word in its name would find everything
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
		rows = t.apply(rows, f.allNS)
	}
	return rows
}

func (t term) apply(rows []*workspace.Workspace, allNS bool) []*workspace.Workspace {
	kept := make([]*workspace.Workspace, 0, len(rows))
	for _, w := range rows {
		if t.matches(w, allNS) != t.not {
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

func (t term) matches(w *workspace.Workspace, allNS bool) bool {
	if t.key != "" {
		return strings.Contains(strings.ToLower(field(w, t.key)), t.value)
	}
	if allNS && strings.Contains(strings.ToLower(w.Namespace), t.value) {
		return true
	}
	for _, s := range []string{w.Name, string(w.Status.Phase), w.Status.Brief, w.Spec.Image, w.Node, string(w.Spec.Profile)} {
		if strings.Contains(strings.ToLower(s), t.value) {
			return true
		}
	}
	return false
}

// field returns what key=value looks at, "" where there is no such thing.
func field(w *workspace.Workspace, key string) string {
	value, _ := lookUp(w, key)
	return value
}

// lookUp also reports whether the key means anything to this workspace.
func lookUp(w *workspace.Workspace, key string) (value string, known bool) {
	switch key {
	case "name":
		return w.Name, true
	case "ns", "namespace":
		return w.Namespace, true
	case "status", "phase":
		return string(w.Status.Phase) + " " + w.Status.Brief, true
	case "image":
		return w.Spec.Image, true
	case "context":
		return w.Context, true
	case "node":
		return w.Node, true
	case "profile":
		return string(w.Spec.Profile), true
	case "template":
		return w.Spec.Template, true
	}
	for k, v := range w.Spec.Labels {
		if strings.ToLower(k) == key {
			return v, true
		}
	}
	return "", false
}

// FilterKeys lists what key=value may look at besides labels.
func FilterKeys() []string {
	return []string{"name", "namespace", "phase", "image", "node", "profile", "template"}
}

// UnknownKey returns the first key of the filter that is neither a field nor a
// label of any row, "" when all are known. Without rows nothing is known of
// labels, so no key is called unknown.
func (t *Table) UnknownKey() string {
	if len(t.all) == 0 {
		return ""
	}
	for _, term := range t.filter.terms {
		knows := func(w *workspace.Workspace) bool { _, ok := lookUp(w, term.key); return ok }
		if term.key != "" && !slices.ContainsFunc(t.all, knows) {
			return term.key
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
