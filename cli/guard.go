package cli

// Where care is due. The user's settings say which contexts may only be read;
// which ones look like production is told by words in their names, or said
// outright.

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/berth-sh/berth/tui"
	"github.com/berth-sh/berth/workspace"
)

// contextSettings are those of one kubeconfig context.
type contextSettings struct {
	ReadOnly   bool  `yaml:"readOnly"`   // refuse whatever changes this cluster
	Production *bool `yaml:"production"` // whether to warn; nil goes by the name
}

// productionWords are what production is called where the settings say nothing.
func productionWords() []string { return []string{"production", "prod", "prd", "live"} }

// production reports whether a context or a namespace looks like one where a
// mistake costs more.
func (c userConfig) production(context, namespace string) bool {
	if p := c.Contexts[context].Production; p != nil {
		return *p
	}
	words := c.Production
	if words == nil {
		words = productionWords()
	}
	for _, name := range []string{context, namespace} {
		parts := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, part := range parts {
			if slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, part) }) {
				return true
			}
		}
	}
	return false
}

// guard tells the program where care is due.
func (c userConfig) guard(context, namespace string) tui.Guard {
	g := tui.Guard{Production: c.production(context, namespace)}
	if c.Contexts[context].ReadOnly {
		g.ReadOnly = "the settings make " + workspace.Safe(context) + " read-only"
	}
	return g
}

// writable refuses changes where the user has asked for none.
func (a *app) writable() error {
	config, err := a.config()
	if err != nil {
		return err
	}
	refuse := func(where string) error {
		return workspace.WithKind(workspace.ErrForbidden, fmt.Errorf("nothing may be changed: %s", where))
	}
	switch {
	case a.flags.readOnly:
		return refuse("--read-only was given")
	case config.ReadOnly:
		return refuse("readOnly is set in " + a.env.configFile())
	case len(config.Contexts) == 0:
		return nil
	}
	client, err := a.client() // the context may be the kubeconfig's own
	if err != nil {
		return err
	}
	if name := client.ContextName(); config.Contexts[name].ReadOnly {
		return refuse(fmt.Sprintf("readOnly is set for context %s in %s", workspace.Safe(name), a.env.configFile()))
	}
	return nil
}
