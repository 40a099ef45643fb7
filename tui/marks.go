package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/keymap"
	"github.com/berth-sh/berth/workspace"
)

func (a *App) markActions() []*keymap.Action {
	const group = "mark"
	do := func(f func()) func() tea.Cmd { return func() tea.Cmd { f(); return a.follow() } }
	return []*keymap.Action{
		{ID: "mark", Title: "mark the workspace, or take its mark away", Hint: "mark", Main: true, Group: group, Keys: []string{"space"}, Contexts: lists(), Enabled: a.whenSelected, Run: do(func() { a.table().Mark() })},
		{ID: "mark-range", Title: "mark from here to where the cursor goes", Group: group, Keys: []string{"V"}, Contexts: lists(), Enabled: a.whenSelected, Run: do(func() { a.table().Range() })},
		{ID: "mark-all", Title: "mark all that the filter shows, or none", Group: group, Keys: []string{"*"}, Contexts: lists(), Run: do(func() { a.table().MarkAll() })},
	}
}

// marksText says how many are marked, "" for none.
func (a *App) marksText() string {
	m := a.table().Marks()
	switch {
	case m.All == 0:
		return ""
	case m.Hidden > 0:
		return fmt.Sprintf("%d marked, %d hidden by the filter", m.All, m.Hidden)
	}
	return fmt.Sprintf("%d marked", m.All)
}

// marksHint is what esc does about them.
func (a *App) marksHint() string {
	if a.table().Marks().Range {
		return "V ends the range  esc takes it back"
	}
	return "esc unmarks"
}

// whenMarked allows a verb if at least one of the marked is in one of its
// phases. It is asked with every frame, so it only looks at counts.
func (a *App) whenMarked(v *verb) string {
	m := a.table().Marks()
	for _, p := range v.allowed {
		if m.Phases[p] > 0 {
			return ""
		}
	}
	return fmt.Sprintf("none of the %d marked is %s, nothing to %s", m.All, phases(v.allowed), v.name)
}

func phases(list []workspace.Phase) string {
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = strings.ToLower(string(p))
	}
	return few(words[:min(len(words), 2)], 1)
}

// act does a verb to the marked workspaces, or to the one under the cursor,
// after asking.
func (a *App) act(v *verb) tea.Cmd {
	if a.table().Marks().All == 0 {
		w, ok := a.selected()
		if !ok {
			return nil
		}
		return a.actOn(v, w)
	}
	a.table().EndRange()
	fit, out := a.sorted(v, a.table().Marked())
	switch {
	case len(fit) == 0:
		a.say(few(out, 2) + ", nothing to " + v.name)
		return nil
	case len(fit) == 1 && len(out) == 0:
		return a.actOn(v, fit[0])
	}
	return a.askAll(v, fit, out)
}

// sorted divides workspaces into those that a verb can be done to and the
// others, with what they are.
func (a *App) sorted(v *verb, list []workspace.Workspace) (fit []workspace.Workspace, out []string) {
	for _, w := range list {
		if a.whyNot(v, w) != "" {
			is := orElse(a.jobs[w.Key()], strings.ToLower(string(w.Status.Phase)))
			if a.readOnly(w) != "" {
				is = "read-only"
			}
			out = append(out, w.Name+" is "+is)
		} else {
			fit = append(fit, w)
		}
	}
	return fit, out
}

// whyNot says why a verb is not to be done to a workspace now, "" when it is.
func (a *App) whyNot(v *verb, w workspace.Workspace) string {
	switch reason := a.readOnly(w); {
	case reason != "":
		return reason
	case a.jobs[w.Key()] != "":
		return w.Name + " is already " + a.jobs[w.Key()]
	case !slices.Contains(v.allowed, w.Status.Phase):
		return w.Name + " is " + strings.ToLower(string(w.Status.Phase)) + ", nothing to " + v.name
	}
	return ""
}

// actOn does a verb to one workspace.
func (a *App) actOn(v *verb, w workspace.Workspace) tea.Cmd {
	if v.body == nil {
		a.table().Take(w.Key())
		return a.run(v, w)
	}
	c := dialog.Confirm{Title: v.question(w.Name), Verb: v.name, Trigger: v.key, Danger: v.danger, Body: append([]string{""}, v.body(w)...)}
	if v.typed != nil {
		c.Typed = v.typed(w.Name)
	}
	return a.confirm(c, v, w)
}

// askAll asks before a verb is done to several workspaces: which ones, how many
// of them cannot be seen, and which marked ones are left out.
func (a *App) askAll(v *verb, fit []workspace.Workspace, out []string) tea.Cmd {
	what := counted(len(fit), "workspace")
	c := &dialog.Confirm{Title: v.question(what), Verb: v.name, Trigger: v.key, Danger: v.danger, Now: a.now, Opened: a.now()}
	if v.heavy && len(fit) > 1 {
		c.Typed = fmt.Sprintf("%s %d", v.name, len(fit))
	}
	c.Body, c.Warning = a.whereabouts(), a.warning(fit...)
	keys := map[workspace.Key]bool{}
	for _, w := range fit {
		keys[w.Key()] = true
		c.List = append(c.List, dialog.Listed{Key: w.Key(), Text: a.listed(w)})
	}
	if n := a.table().Hidden(keys); n > 0 {
		c.After = append(c.After, fmt.Sprintf("%d of them hidden by the filter", n))
	}
	if len(out) > 0 {
		c.After = append(c.After, fmt.Sprintf("left out: %s", few(out, 2)))
	}
	if len(v.bodies) > 0 {
		c.After = append(append(c.After, ""), v.bodies...)
	}
	c.Yes = func() tea.Cmd {
		var now []workspace.Workspace
		for _, w := range fit {
			if current, ok := a.find(w.Key()); ok {
				now = append(now, current)
			}
		}
		now, _ = a.sorted(v, now)
		if len(now) == 0 {
			a.say("all of them have changed or gone meanwhile; nothing was done")
			return nil
		}
		a.table().Unmark()
		return a.runAll(v, now)
	}
	a.open(c)
	return nil
}

// whereabouts says where several workspaces are.
func (a *App) whereabouts() []string {
	where := slices.DeleteFunc([]string{a.snap.Namespace, a.snap.Context}, func(s string) bool { return s == "" })
	if len(where) == 0 {
		return nil
	}
	return []string{strings.Join(where, " · ")}
}

// listed is a workspace's line in a question about several.
func (a *App) listed(w workspace.Workspace) string {
	name := w.Name
	if a.snap.Namespace == "" {
		name = w.Namespace + "/" + w.Name
	}
	if w.Context != "" {
		name += " · " + w.Context
	}
	return name
}

// targets are the workspaces that copying is about.
func (a *App) targets() []workspace.Workspace {
	if list := a.table().Marked(); len(list) > 0 {
		return list
	}
	if w, ok := a.selected(); ok {
		return []workspace.Workspace{w}
	}
	return nil
}
