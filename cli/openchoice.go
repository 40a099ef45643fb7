package cli

// Which editor a workspace is opened in: the one that is named, $BERTH_EDITOR,
// the one that it was opened in by name last, the settings', the first found.
//
// The choice for each workspace is a small file of the state directory. It is a
// convenience: losing it, or not being able to write it, fails nothing.

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/moby/sys/atomicwriter"

	"github.com/berth-sh/berth/editor"
	"github.com/berth-sh/berth/workspace/alias"
)

// maxChoices bounds the file; workspaces that are gone fall out by chance.
const maxChoices = 500

// chooseEditor picks the editor for the workspace of an alias.
func (a *app) chooseEditor(f alias.File, name string) (editor.Editor, error) {
	env := editor.System()
	if name == "" && a.env.getenv(editor.EnvVar) == "" {
		if last := a.editorChoices()[choiceKey(f)]; last != "" {
			if e, err := editor.Choose(env, last); err == nil {
				return e, nil // one that is gone since is no reason to fail
			}
		}
		config, err := a.config()
		if err != nil {
			return editor.Editor{}, err
		}
		name = config.Editor
	}
	return editor.Choose(env, name)
}

func choiceKey(f alias.File) string { return f.Cluster + "/" + f.Namespace + "/" + f.Name }

func (a *app) editorChoicesFile() string { return filepath.Join(a.env.stateDir(), "editors.json") }

// editorChoices are the editors by workspace; a file that cannot be read has
// none.
func (a *app) editorChoices() map[string]string {
	choices := map[string]string{}
	data, err := os.ReadFile(a.editorChoicesFile())
	if err == nil {
		err = json.Unmarshal(data, &choices)
	}
	if err != nil {
		return map[string]string{}
	}
	return choices
}

// rememberEditor keeps the editor that the user has named. asked is how: an ID,
// another name or a path.
func (a *app) rememberEditor(f alias.File, asked string, chosen editor.Editor) {
	if asked == "" {
		return
	}
	if filepath.Base(asked) == asked {
		asked = chosen.ID
	} else if abs, err := filepath.Abs(asked); err == nil {
		asked = abs
	}
	choices := a.editorChoices()
	if choices[choiceKey(f)] == asked {
		return
	}
	for key := range choices {
		if len(choices) < maxChoices {
			break
		}
		delete(choices, key)
	}
	choices[choiceKey(f)] = asked
	if err := a.writeChoices(choices); err != nil {
		a.logger().Warn("remembering the editor", "error", err)
	}
}

func (a *app) writeChoices(choices map[string]string) error {
	data, err := json.MarshalIndent(choices, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the editors: %w", err)
	}
	if err := os.MkdirAll(a.env.stateDir(), 0o700); err != nil {
		return fmt.Errorf("keeping the editors: %w", err)
	}
	if err := atomicwriter.WriteFile(a.editorChoicesFile(), append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("keeping the editors: %w", err)
	}
	return nil
}
