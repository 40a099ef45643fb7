package dialog

// After a refusal the cursor stands where the correction goes. What the form
// can check itself is known to the row; what only the cluster refuses has to
// be read from its words.

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/berth-sh/berth/workspace"
)

// again makes the form anew, with the cursor on what is wrong.
func (c *Create) again() tea.Cmd {
	c.build()
	cmds := []tea.Cmd{c.form.Init()}
	for range c.wrong() {
		cmds = append(cmds, c.form.NextField())
	}
	return tea.Batch(cmds...)
}

// wrong is the row that the error is about, the first one when none is.
func (c *Create) wrong() int {
	if c.err == nil {
		return 0
	}
	for i, r := range c.rows {
		if r.check != nil && r.check(*r.value) != nil {
			return i
		}
	}
	if errors.Is(c.err, workspace.ErrConflict) { // the name is taken
		return 0
	}
	words := strings.FieldsFunc(c.err.Error(), func(r rune) bool {
		return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	words = slices.DeleteFunc(words, func(w string) bool { return w == c.ref().Name || w == c.ref().Namespace })
	for _, label := range []string{"image", "cpu", "memory", "disk", "template", "profile"} {
		i := slices.IndexFunc(c.rows, func(r row) bool { return r.label == label })
		if i >= 0 && slices.Contains(words, label) {
			return i
		}
	}
	return 0
}
