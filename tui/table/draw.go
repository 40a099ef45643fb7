package table

import (
	"fmt"
	"strings"
	"time"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/theme"
	"github.com/berth-sh/berth/workspace"
)

// Scene is what drawing depends on besides the rows.
type Scene struct {
	Theme   theme.Theme
	Now     time.Time
	Spin    int  // frame of the spinner
	Focused bool // the list has the keys, not the pane below

	// Job returns what is being done to a workspace at the moment:
	// "stopping", "" for nothing.
	Job func(workspace.Key) string
}

// Draw returns the table as lines of exactly its width: the headings and as
// many rows as fit.
func (t *Table) Draw(s Scene) []string {
	lines := make([]string, 0, max(0, t.h))
	lines = append(lines, t.headings(s))
	for i := t.top; i < t.end(); i++ {
		if l := t.lines[i]; l.w != nil {
			lines = append(lines, t.row(s, l.w, i == t.cursor))
		} else {
			lines = append(lines, t.groupLine(s, l.g, i == t.cursor))
		}
	}
	if t.end() < len(t.lines) && t.fold() > 0 {
		lines = append(lines, cells.Spaces(margin)+s.Theme.Muted.Paint(fmt.Sprintf("… %d more", t.below())))
	}
	return cells.Block(lines, t.w, t.h)
}

func (t *Table) headings(s Scene) string {
	var b strings.Builder
	b.WriteString(cells.Spaces(margin))
	for i, c := range t.layout {
		if i > 0 {
			b.WriteString(cells.Spaces(gap))
		}
		text := string(c.id)
		if c.id == t.sort {
			text += map[bool]string{false: "↑", true: "↓"}[t.reverse]
		}
		b.WriteString(s.Theme.Muted.Paint(fit(text, c)))
	}
	return b.String()
}

// bar is the cursor's bar, and the ground of its line.
func (t *Table) bar(s Scene, selected bool) (ground theme.Ink, bar string) {
	if !selected {
		return "", " "
	}
	ink := s.Theme.Accent
	if !s.Focused {
		ink = s.Theme.Muted
	}
	return s.Theme.Row, ink.Plus(s.Theme.Row).Paint("▌")
}

// groupLine is the heading of a group: its name and what is in it.
func (t *Table) groupLine(s Scene, g *group, selected bool) string {
	ground, bar := t.bar(s, selected)
	glyph := map[bool]string{false: "▾", true: "▸"}[t.folded[g.name]]
	if s.Theme.Words {
		glyph = "group"
	}
	name := g.name
	if name == "" {
		name = t.grouping.none()
	}
	text := ground.Paint(" ") + bar + s.Theme.Accent.Plus(ground).Paint(glyph+" "+cells.Cut(name, max(8, t.w/2)))
	text += s.Theme.Muted.Plus(ground).Paint(fmt.Sprintf("  %d", g.all))
	running, wrong := "  ● %d", "  ✕ %d"
	if s.Theme.Words {
		running, wrong = "  %d running", "  %d failing"
		if t.folded[g.name] {
			text += ground.Paint("  folded")
		}
	}
	if g.running > 0 && t.grouping != ByPhase {
		text += s.Theme.Good.Plus(ground).Paint(fmt.Sprintf(running, g.running))
	}
	if g.wrong > 0 && t.grouping != ByPhase {
		text += s.Theme.Bad.Plus(ground).Paint(fmt.Sprintf(wrong, g.wrong))
	}
	if n := t.Marks().groups[g.name]; n > 0 && t.folded[g.name] { // the rows would show it
		text += s.Theme.Accent.Plus(ground).Paint(fmt.Sprintf("  %s %d of %d marked", markGlyph, n, g.all))
	}
	return cells.Cut(text+ground.Paint(cells.Spaces(t.w-cells.Width(text))), t.w)
}

// markGlyph stands before a marked row.
const markGlyph = "*"

func (t *Table) row(s Scene, w *workspace.Workspace, selected bool) string {
	ground, bar := t.bar(s, selected)
	mark := ground.Paint(" ")
	if t.marks.of[w.Key()] != nil {
		mark = s.Theme.Accent.Plus(ground).Paint(markGlyph)
	}
	bar = mark + bar + ground.Paint(" ")
	var b strings.Builder
	b.WriteString(bar)
	used := margin
	for i, c := range t.layout {
		if i > 0 {
			b.WriteString(ground.Paint(cells.Spaces(gap)))
			used += gap
		}
		b.WriteString(t.cell(s, c, w, selected, ground))
		used += c.width
	}
	b.WriteString(ground.Paint(cells.Spaces(t.w - used)))
	return b.String()
}

func (t *Table) cell(s Scene, c placed, w *workspace.Workspace, selected bool, ground theme.Ink) string {
	ink, text := theme.Ink(""), t.text(c.id, w)
	switch c.id {
	case Status:
		return t.status(s, c, w, ground)
	case Name:
		if selected {
			ink = s.Theme.Strong
		}
	case Up, Gone:
		text = t.up(s, w)
	case Age:
		text = cells.Since(w.Created, s.Now)
	case Restarts:
		ink = s.Theme.Busy
	case Shells:
		if n := t.shells[w.Key()]; n > 0 {
			ink, text = s.Theme.Good, fmt.Sprint("●", n)
		}
	case Namespace, Context, Image, CPU, Memory, GPU, Profile, Node, Home:
	}
	if text == "" && c.id != Restarts && c.id != GPU && c.id != Shells {
		text = "–"
	}
	if text == "–" {
		ink = s.Theme.Muted
	}
	return ink.Plus(ground).Paint(fit(text, c))
}

// up is the age in the UP column. Seconds are counted beside a spinner, for the
// screen is drawn then anyway.
func (t *Table) up(s Scene, w *workspace.Workspace) string {
	since := upSince(w)
	if s.Theme.Phase(w.Status.Phase).Glyph == moving && !s.Theme.Words && !since.IsZero() {
		return cells.Age(s.Now.Sub(since))
	}
	return cells.Since(since, s.Now)
}

// moving is the glyph in whose place a spinner turns.
const moving = "◐"

// status writes glyph and word in the state's ink and the rest in a quiet one.
// What the user has just asked for stands before what the cluster says.
func (t *Table) status(s Scene, c placed, w *workspace.Workspace, ground theme.Ink) string {
	mark := s.Theme.Phase(w.Status.Phase)
	word, brief := mark.Word, w.Status.Brief
	if strings.EqualFold(brief, word) {
		brief = ""
	}
	glyph := mark.Glyph
	job := ""
	if s.Job != nil {
		job = s.Job(w.Key())
	}
	if job != "" {
		mark.Ink, word, brief = s.Theme.Busy, job+"…", ""
	}
	if job != "" || glyph == moving {
		glyph = theme.Spin(s.Spin)
	}
	head := cells.Cut(glyph+" "+word, c.width)
	if s.Theme.Words {
		head = cells.Cut(word, c.width)
	}
	rest := c.width - cells.Width(head)
	if brief == "" || rest < 6 {
		return mark.Ink.Plus(ground).Paint(head) + ground.Paint(cells.Spaces(rest))
	}
	return mark.Ink.Plus(ground).Paint(head) + s.Theme.Muted.Plus(ground).Paint(" · ") + ground.Paint(cells.Fit(brief, rest-3))
}

func fit(text string, c placed) string {
	if c.right {
		return cells.FitRight(text, c.width)
	}
	return cells.Fit(text, c.width)
}
