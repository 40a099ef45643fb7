package tui

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/workspace"
)

// fieldAt returns the label of the form's field that has the keys.
func (d *driver) fieldAt() string {
	d.t.Helper()
	for _, line := range d.lines() {
		if _, rest, ok := strings.Cut(line, "│ ▌ "); ok {
			return strings.Fields(rest)[0]
		}
	}
	d.t.Fatalf("no field has the keys:\n%s", d.text())
	return ""
}

// fill goes down to a field of the open form and puts text into it.
func (d *driver) fill(field, text string) {
	d.t.Helper()
	for range 10 {
		if d.fieldAt() == field {
			d.send(tea.PasteMsg{Content: text})
			return
		}
		d.keys("down")
	}
	d.t.Fatalf("there is no field %q", field)
}

func TestARefusedFormGoesToTheWrongField(t *testing.T) {
	for name, test := range map[string]struct {
		field, text, at string
		cluster         error
	}{
		"image":                     {field: "image", text: "foo bar", at: "image"},
		"cpu":                       {field: "cpu", text: "two", at: "cpu"},
		"memory":                    {field: "memory", text: "4GB", at: "memory"},
		"disk":                      {field: "disk", text: "-1", at: "disk"},
		"name":                      {field: "name", text: "-X", at: "name"},
		"image, says the cluster":   {field: "name", at: "image", cluster: errors.New("the webhook denied it: the image must be signed")},
		"memory, says the quota":    {field: "name", at: "memory", cluster: errors.New("exceeded quota: requests.memory=4Gi")},
		"disk, says the class":      {field: "name", at: "disk", cluster: errors.New("the disk is too large")},
		"template, says the setup":  {field: "name", at: "template", cluster: errors.New("template none is unknown")},
		"profile, says the cluster": {field: "name", at: "profile", cluster: errors.New("profile full is not admitted")},
		"anything else":             {field: "name", at: "name", cluster: errors.New("forbidden")},
		"a name that is taken": {
			field: "name", at: "name",
			cluster: workspace.WithKind(workspace.ErrConflict, errors.New("workspace ok has another image already")),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // mostly waiting for commands that do not answer
			d := drive(t, demoSnapshot(), nil)
			d.cluster.Fail = test.cluster
			d.keys("c")
			d.send(tea.PasteMsg{Content: "ok"})
			d.fill(test.field, test.text)
			d.keys("ctrl+s")
			if test.cluster != nil {
				d.sees(test.cluster.Error())
				d.keys("enter") // from the steps to the fields
			}
			if at := d.fieldAt(); at != test.at {
				t.Errorf("the cursor is on %s, want %s:\n%s", at, test.at, d.text())
			}
		})
	}
}

func TestTheCorrectionGoesIntoTheWrongField(t *testing.T) {
	t.Parallel()
	d := drive(t, demoSnapshot(), nil)
	d.keys("c")
	d.typing("new")
	d.fill("disk", "5GBx")
	d.keys("ctrl+s", "backspace", "backspace")
	d.typing("i")
	d.keys("ctrl+s")
	d.lacks("new workspace")
	if d.cluster.Calls()[0] != "create secret new-ssh" {
		t.Errorf("calls: %v", d.cluster.Calls())
	}
}

func TestAnErrorGoesWithItsCause(t *testing.T) {
	t.Parallel()
	d := drive(t, demoSnapshot(), nil)
	d.cluster.Fail = errors.New("workspace api exists already")
	d.keys("c")
	d.typing("api")
	d.keys("ctrl+s", "enter", "up", "right")
	d.sees("│ workspace api exists already") // moving about changes nothing
	d.keys("2")
	d.lacks("│ workspace api exists already")
	d.sees("ssh api2.team-a.berth")
	d.fill("image", "foo bar")
	d.sees(`image "foo bar" is not an image reference`)
}

func TestAFieldIsCheckedWhenItIsLeft(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"enter", "tab", "down"} {
		d := drive(t, demoSnapshot(), nil)
		d.keys("c")
		d.typing("new")
		d.fill("cpu", "x")
		d.keys(key)
		d.sees(`cpu "x" is not a positive quantity`)
		if at := d.fieldAt(); at != "cpu" {
			t.Errorf("%s goes on to %s", key, at)
		}
	}
}

func TestTheEndsOfTheForm(t *testing.T) {
	t.Parallel()
	d := drive(t, demoSnapshot(), nil)
	d.keys("c", "up", "shift+tab")
	d.typing("new")
	d.sees("ssh new.team-a.berth")
	d.fill("profile", "")
	d.keys("down", "tab")
	if calls := d.cluster.Calls(); len(calls) > 0 {
		t.Fatalf("moving on from the last field created: %v", calls)
	}
	d.keys("enter")
	d.lacks("new workspace")
}
