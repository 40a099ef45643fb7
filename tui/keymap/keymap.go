// Package keymap is the one registry of actions: it dispatches keys and is
// what help, palette and footer are generated from, so that none of them can
// disagree.
package keymap

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"
)

// Context is where a key means something.
type Context string

// The contexts of the main screen. Overlays own their few keys themselves and
// show them at their lower edge.
const (
	List    Context = "list"
	Deleted Context = "deleted"
	Detail  Context = "detail"
	Shell   Context = "shell" // what follows the prefix there
)

// Action is something the user can do.
type Action struct {
	ID       string
	Title    string   // imperative, lower case: "restart the workspace"
	Hint     string   // one word for the footer; "" keeps it out of there
	HintIn   Context  // the only context whose footer shows Hint; "" is all of them
	Main     bool     // in the footer before the others of its context
	Group    string   // heading in the help
	Keys     []string // as bubbletea spells them; the first one is shown
	Contexts []Context

	// Enabled returns "" or why the action cannot be used now. A nil Enabled
	// is always usable.
	Enabled func() (reason string)
	Run     func() tea.Cmd
}

// Reason returns why the action cannot be used now, or "".
func (a *Action) Reason() string {
	if a.Enabled == nil {
		return ""
	}
	return a.Enabled()
}

// Key returns how the first key is written for people: "space" stays, "ctrl+p"
// stays, "enter" stays.
func (a *Action) Key() string {
	if len(a.Keys) == 0 {
		return ""
	}
	return a.Keys[0]
}

// In reports whether the action belongs to ctx.
func (a *Action) In(ctx Context) bool { return slices.Contains(a.Contexts, ctx) }

// Registry holds all actions in the order in which help shows them.
type Registry struct {
	actions []*Action
	byKey   map[Context]map[string]*Action
}

// New indexes the actions. It returns an error when an ID or, within a
// context, a key occurs twice.
func New(actions []*Action) (*Registry, error) {
	r := &Registry{actions: actions, byKey: map[Context]map[string]*Action{}}
	seen := map[string]bool{}
	for _, a := range actions {
		if seen[a.ID] {
			return nil, fmt.Errorf("indexing actions: %q occurs twice", a.ID)
		}
		seen[a.ID] = true
		for _, ctx := range a.Contexts {
			for _, key := range a.Keys {
				if r.byKey[ctx] == nil {
					r.byKey[ctx] = map[string]*Action{}
				}
				if other := r.byKey[ctx][key]; other != nil {
					return nil, fmt.Errorf("indexing actions: key %q in %s belongs to %s and %s", key, ctx, other.ID, a.ID)
				}
				r.byKey[ctx][key] = a
			}
		}
	}
	return r, nil
}

// Lookup finds the action of a key, nil when there is none.
func (r *Registry) Lookup(ctx Context, key string) *Action { return r.byKey[ctx][key] }

// All returns every action of ctx, in order.
func (r *Registry) All(ctx Context) []*Action {
	var out []*Action
	for _, a := range r.actions {
		if a.In(ctx) {
			out = append(out, a)
		}
	}
	return out
}

// Get finds an action by its ID, nil when there is none.
func (r *Registry) Get(id string) *Action {
	for _, a := range r.actions {
		if a.ID == id {
			return a
		}
	}
	return nil
}
