package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// files implements tui.Files. What it writes may hold what a program in a
// workspace has said, so only the user may read it.
type files struct{ home string }

// Propose implements tui.Files: the folder that the program was started in.
func (files) Propose(name string) string { return "." + string(filepath.Separator) + name }

// Write implements tui.Files. A file is replaced whole or not at all.
func (f files) Write(_ context.Context, path string, text []byte, replace bool) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		path = filepath.Join(f.home, rest)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("finding the folder: %w", err)
	}
	if !replace {
		return path, f.create(path, text)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // it is gone when all went well
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Close()); err != nil {
		return "", fmt.Errorf("writing %s: %w", path, err)
	}
	return path, os.Rename(temp.Name(), path)
}

// create writes a file that is not there. One that could not be written whole
// is taken away again.
func (files) create(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return workspace.WithKind(workspace.ErrConflict, fmt.Errorf("%s is there already", path))
	case errors.Is(err, fs.ErrNotExist):
		return workspace.WithHint(err, "make the folder first, or write to another")
	case err != nil:
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(path) // half a log is worse than none
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
