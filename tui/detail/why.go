package detail

import (
	"fmt"
	"strings"
	"time"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/theme"
	"github.com/berth-sh/berth/workspace"
)

// status is the row's, with everything that the closer look has found as long
// as that was about the same thing.
func (p *Pane) status() workspace.Status {
	s, closer := p.target.Status, p.account.Status
	if closer.Phase == s.Phase && closer.Reason == s.Reason {
		s.Evidence, s.Next = closer.Evidence, closer.Next
	}
	return s
}

// why is the folded status: the sentence, how to reach it, how its start goes,
// what to do, and what says so.
func (p *Pane) why(s Scene, width int) []string {
	w, t, status := p.target, s.Theme, p.status()
	var lines []string
	for _, line := range cells.Wrap(sentence(w, t), width) {
		lines = append(lines, inkOf(w, t).Paint(line))
	}
	if status.Phase == workspace.Running {
		lines = append(lines, t.Strong.Paint(cells.Cut("ssh "+w.Alias, width)))
	}
	if facts := facts(w, s.Now, s.Use.Home.Size > 0); facts != "" {
		lines = append(lines, t.Muted.Paint(cells.Cut(facts, width)))
	}
	lines = append(lines, p.use(s, width)...)
	if status.Healthy() {
		lines = append(lines, p.start(s, width)...)
	}
	shown := map[string]bool{"": true} // command lines
	for _, n := range status.Next {
		lines = append(lines, indent(t.Accent.Paint("→ "), n.Text, theme.Ink(""), width)...)
		if shown[n.Command] = true; n.Command != "" {
			lines = append(lines, "  "+t.Strong.Paint(cells.Cut(n.Command, width-2)))
		}
	}
	if !status.Healthy() { // what to do matters more than how far it came
		lines = append(lines, p.start(s, width)...)
	}
	for _, e := range status.Evidence {
		lines = append(lines, evidence(s, e, width, !shown[e.Command])...)
		shown[e.Command] = true
	}
	for _, m := range p.account.Missing {
		lines = append(lines, indent(t.Muted.Paint("· "), "more could be told with permission to "+m.String(), t.Muted, width)...)
	}
	if p.err != nil {
		lines = append(lines, indent(t.Busy.Paint("! "), "evidence is missing: "+workspace.Safe(p.err.Error()), t.Busy, width)...)
	}
	return lines
}

func sentence(w workspace.Workspace, t theme.Theme) string {
	sentence := w.Status.Sentence
	if sentence == "" {
		sentence = t.Phase(w.Status.Phase).Word
	}
	if reached := w.Reached(); reached != "" {
		sentence += " " + reached
	}
	return sentence
}

func inkOf(w workspace.Workspace, t theme.Theme) theme.Ink {
	switch {
	case !w.Status.Healthy():
		return t.Bad
	case w.Probe != nil && !w.Probe.OK: // this machine's own trouble
		return t.Busy
	}
	return ""
}

// evidence is an object's own words, where they are and, unless it is on the
// screen already, the line that shows them.
func evidence(s Scene, e workspace.Evidence, width int, command bool) []string {
	t := s.Theme
	text := e.Object + ": " + e.Says
	age := ""
	if !e.Since.IsZero() {
		age = cells.Since(e.Since, s.Now)
	}
	if where := e.Where(age); where != "" {
		text += " (" + where + ")"
	}
	lines := indent(t.Muted.Paint("· "), text, t.Muted, width)
	if command {
		lines = append(lines, "  "+t.Muted.Paint(cells.Cut(e.Command, width-2)))
	}
	return lines
}

// start is the way up of the newest pod, stage by stage. The stage that runs
// counts up.
func (p *Pane) start(s Scene, width int) []string {
	stages := p.account.Start
	if len(stages) == 0 {
		return nil
	}
	t := s.Theme
	now := p.account.At.Add(max(0, s.Now.Sub(p.toldAt))) // the cluster's clock, as far as it is known
	head := "start  "
	if took, ok := workspace.StartTook(stages); ok {
		head = "started in " + took.Truncate(time.Second).String() + "  "
	}
	var line strings.Builder
	line.WriteString(t.Muted.Paint(head))
	used := cells.Width(head)
	var lines []string
	for _, stage := range stages {
		mark, word, ink := "·", "later", t.Muted
		switch stage.State {
		case workspace.StageDone:
			mark, word = "✓", "done"
		case workspace.StageRunning:
			mark, word, ink = "◐", "now", t.Busy
		case workspace.StageFailed:
			mark, word, ink = "✕", "failed", t.Bad
		case workspace.StageWaiting:
		}
		text := mark + " " + stage.Name
		if t.Words {
			text = stage.Name + " " + word
		}
		if took, ok := stage.Took(now); ok {
			text += " " + p.stageAge(s, stage, took)
		}
		if used+cells.Width(text) > width && used > 0 {
			lines = append(lines, strings.TrimRight(line.String(), " "))
			line.Reset()
			used = 2
			line.WriteString("  ")
		}
		line.WriteString(ink.Paint(text) + "  ")
		used += cells.Width(text) + 2
	}
	return append(lines, strings.TrimRight(line.String(), " "))
}

// stageAge is how long a stage has taken. Seconds are counted beside a spinner
// only: a stage that hangs is no reason to draw all the time.
func (p *Pane) stageAge(s Scene, stage workspace.Stage, took time.Duration) string {
	if stage.State == workspace.StageDone || p.target.Status.Phase == workspace.Starting && !s.Theme.Words {
		return cells.Age(took)
	}
	return cells.Since(s.Now.Add(-took), s.Now)
}

// facts is one line of what the list has no room for.
func facts(w workspace.Workspace, now time.Time, homeTold bool) string {
	var f []string
	add := func(label, value string) {
		if value != "" {
			f = append(f, label+" "+value)
		}
	}
	if !w.Deleted() {
		add("pod", w.Pod)
		add("node", w.Node)
	}
	if !homeTold {
		add("home", w.Capacity)
	}
	add("template", w.Spec.Template)
	if w.Spec.GPU > 0 {
		add("gpu", fmt.Sprint(w.Spec.GPU))
	}
	if w.Restarts > 0 {
		add("restarts", fmt.Sprint(w.Restarts))
	}
	if !w.Created.IsZero() {
		add("created", cells.Since(w.Created, now)+" ago")
	}
	return strings.Join(f, " · ")
}

// Copyable is a text of the pane that somebody may want elsewhere.
type Copyable struct{ Label, Text string }

// Copyables returns what is worth copying from the tab that is shown: command
// lines of the explanation, or the YAML.
func (p *Pane) Copyables() []Copyable {
	var out []Copyable
	seen := map[string]bool{"": true}
	add := func(label, text string) {
		if !seen[text] {
			seen[text] = true
			out = append(out, Copyable{label, text})
		}
	}
	switch {
	case !p.shown:
	case p.tab == YAML:
		if len(p.yaml) > 0 {
			add("the YAML", strings.Join(p.yaml, "\n")+"\n")
		}
	case p.tab == Why:
		status := p.status()
		for _, n := range status.Next {
			add(n.Text, n.Command)
		}
		for _, e := range status.Evidence {
			add("see "+e.Object, e.Command)
		}
	}
	return out
}
