package sshconf

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// chosenName is the file of the keys that the user named at the last create,
// one path a line. Whoever has chosen one key for their workspaces means the
// next one too.
const chosenName = "chosen"

// Choose remembers which public key files were named; none forgets the choice.
func (d *Dir) Choose(ctx context.Context, files ...string) error {
	var b strings.Builder
	for _, file := range files {
		path, err := filepath.Abs(file)
		if err != nil {
			return fmt.Errorf("remembering key %s: %w", file, err)
		}
		if strings.ContainsAny(path, "\r\n") {
			return workspace.Usagef("remembering key %q: its path has a line break", workspace.Safe(path))
		}
		b.WriteString(path + "\n")
	}
	return d.locked(ctx, func(own *os.Root) error {
		_, err := d.write(own, chosenName, []byte(b.String()))
		return err
	})
}

// chosenKeys reads the chosen files. A choice of which anything is gone is
// none: the user is better served by all their keys than by half a choice.
func (d *Dir) chosenKeys() (Keys, bool) {
	data, err := readKeyFile(filepath.Join(d.path, chosenName))
	if err != nil {
		return Keys{}, false
	}
	files := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if files[0] == "" {
		return Keys{}, false
	}
	keys, err := d.namedKeys(files)
	keys.Chosen = true
	return keys, err == nil
}
