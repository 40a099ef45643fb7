package dialog

import (
	"cmp"
	"slices"
	"strings"

	"charm.land/bubbles/v2/cursor"
	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/workspace"
)

// Create is the form for a new workspace. After submitting it shows the steps;
// after a failure it shows why and can be submitted again, which resumes.
type Create struct {
	Context string // where it is created
	Named   bool   // the title says so: the list shows several, or another one

	Submit func(workspace.Ref, workspace.Spec) tea.Cmd // starts creating
	Undo   func() tea.Cmd                              // removes what a failed creation has made; nil for nothing

	installation workspace.Installation
	fields       fields
	form         *huh.Form
	rows         []row
	asks         bool // for the namespace

	running bool
	steps   []workspace.Progress
	err     error
}

// fields are what the user types; empty ones take the template's values.
type fields struct {
	name, namespace, template, image, cpu, memory, disk, profile string
}

// NewCreate returns an empty form. With a namespace of "" it asks for one.
func NewCreate(inst workspace.Installation, namespace string) *Create {
	c := &Create{installation: inst}
	c.fields.namespace = namespace
	c.asks = namespace == ""
	c.build()
	return c
}

const labelWidth = 12

// row is one line of the form. The label is ours: huh puts it on a line of
// its own.
type row struct {
	label string
	field huh.Field
	value *string
	check func(string) error // nil when every value is good
}

// build makes the form anew from the fields: a form that has been submitted
// once takes no more keys.
func (c *Create) build() {
	f := &c.fields
	c.rows = nil
	c.input("name", &f.name, workspace.ValidateName, func() string { return "api" })
	if c.asks {
		c.input("namespace", &f.namespace, c.checkNamespace, func() string { return "team-a" })
	}
	if len(c.installation.Templates) > 0 {
		c.choice("template", &f.template, c.templates())
	}
	c.input("image", &f.image, check(func(s *workspace.Spec, v string) { s.Image = v }), func() string { return c.complete().Image })
	c.input("cpu", &f.cpu, check(func(s *workspace.Spec, v string) { s.CPU = v }), func() string { return c.complete().CPU })
	c.input("memory", &f.memory, check(func(s *workspace.Spec, v string) { s.Memory = v }), func() string { return c.complete().Memory })
	c.input("disk", &f.disk, check(func(s *workspace.Spec, v string) { s.Disk = v }), func() string { return c.complete().Disk })
	c.choice("profile", &f.profile, []huh.Option[string]{
		huh.NewOption("as the namespace admits", ""),
		huh.NewOption("restricted", string(workspace.Restricted)),
		huh.NewOption("standard", string(workspace.Standard)),
		huh.NewOption("full", string(workspace.Full)),
	})
	all := make([]huh.Field, len(c.rows))
	for i, r := range c.rows {
		all[i] = r.field
	}
	c.form = huh.NewForm(huh.NewGroup(all...)).WithShowHelp(false).WithShowErrors(false).
		WithTheme(formTheme()).WithKeyMap(formKeys())
}

func (c *Create) input(title string, value *string, check func(string) error, hint func() string) {
	field := huh.NewInput().Inline(true).Prompt("").Value(value).Validate(check).PlaceholderFunc(hint, &c.fields.template)
	c.rows = append(c.rows, row{title, field, value, check})
}

func (c *Create) choice(title string, value *string, options []huh.Option[string]) {
	c.rows = append(c.rows, row{title, huh.NewSelect[string]().Inline(true).Options(options...).Value(value), value, nil})
}

func (c *Create) templates() []huh.Option[string] {
	options := []huh.Option[string]{huh.NewOption("none", "")}
	for _, t := range c.installation.Templates {
		text := t.Name
		if t.Description != "" {
			text += " · " + cells.Cut(t.Description, 40)
		}
		options = append(options, huh.NewOption(text, t.Name))
	}
	return options
}

// check validates one field by the spec's own grammar.
func check(set func(*workspace.Spec, string)) func(string) error {
	return func(v string) error {
		var s workspace.Spec
		set(&s, strings.TrimSpace(v))
		return s.Validate()
	}
}

func (c *Create) checkNamespace(ns string) error {
	return workspace.ValidateRef(workspace.Ref{Namespace: ns, Name: cmp.Or(c.fields.name, "a")})
}

// complete returns what would be created if nothing more were typed.
func (c *Create) complete() workspace.Spec {
	s := c.spec()
	s, err := s.Complete(c.installation)
	if err != nil { // an unknown template cannot be chosen here
		return workspace.Spec{}
	}
	return s
}

func (c *Create) spec() workspace.Spec {
	f := c.fields
	return workspace.Spec{
		Template: f.template, Image: strings.TrimSpace(f.image), CPU: strings.TrimSpace(f.cpu),
		Memory: strings.TrimSpace(f.memory), Disk: strings.TrimSpace(f.disk), Profile: workspace.Profile(f.profile),
	}
}

func (c *Create) ref() workspace.Ref {
	return workspace.Ref{Namespace: strings.TrimSpace(c.fields.namespace), Name: strings.TrimSpace(c.fields.name)}
}

// Init returns the command that the form needs at its start.
func (c *Create) Init() tea.Cmd { return c.form.Init() }

// Update edits, submits and closes.
func (c *Create) Update(msg tea.Msg) (bool, tea.Cmd) {
	if _, ok := msg.(cursor.BlinkMsg); ok {
		return false, nil // a blinking cursor would write for ever
	}
	switch key := pressed(msg); {
	case key == "esc" || key == "ctrl+c":
		return true, nil // a running creation goes on without its form
	case c.running && key != "":
		return false, nil
	case key == "ctrl+s":
		return false, c.submit()
	case key != "" && len(c.steps) > 0: // the fields are not in sight
		switch {
		case key == "enter":
			c.steps = nil
		case key == "u" && c.Undo != nil:
			undo := c.Undo
			c.Undo, c.running, c.err = nil, true, nil
			return false, undo()
		}
		return false, nil
	case key == "enter" && c.at() == len(c.rows)-1:
		return false, c.submit()
	case c.leaves(key):
		return false, nil
	}
	before := c.fields
	model, cmd := c.form.Update(msg)
	if form, ok := model.(*huh.Form); ok {
		c.form = form
	}
	if c.fields != before { // what was wrong may not be any more
		c.err = nil
	}
	return false, cmd
}

// at is the row that has the keys.
func (c *Create) at() int {
	focused := c.form.GetFocusedField()
	return slices.IndexFunc(c.rows, func(r row) bool { return r.field == focused })
}

// leaves reports whether a key would go beyond the first or the last row. The
// form would take the one for leaving a page, and the other for submitting.
func (c *Create) leaves(key string) bool {
	switch key {
	case "up", "shift+tab":
		return c.at() == 0
	case "down", "tab":
		return c.at() == len(c.rows)-1
	}
	return false
}

func (c *Create) submit() tea.Cmd {
	if c.err = workspace.ValidateRef(c.ref()); c.err == nil {
		c.err = c.spec().Validate()
	}
	if c.err != nil {
		return c.again()
	}
	c.running, c.steps, c.Undo = true, nil, nil
	return tea.Batch(c.again(), c.Submit(c.ref(), c.spec()))
}

// Tell shows a step of the creation.
func (c *Create) Tell(p workspace.Progress) {
	if n := len(c.steps); n > 0 && c.steps[n-1].Step == p.Step {
		c.steps[n-1] = p
		return
	}
	c.steps = append(c.steps, p)
}

// Failed ends the creation with an error; the form can be submitted again.
func (c *Create) Failed(err error) tea.Cmd {
	c.running, c.err = false, err
	return c.again()
}

// Running reports whether it is creating at the moment.
func (c *Create) Running() bool { return c.running }

// Ref returns the workspace being created.
func (c *Create) Ref() workspace.Ref { return c.ref() }
