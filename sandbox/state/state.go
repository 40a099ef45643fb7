// Package state is the sandbox's folder on disk: where everything lives, who
// may write there, which ports were chosen and what runs now.
//
// # Layout
//
//	settings.json   chosen once: the ports (kubeconfigs and aliases name them)
//	status.json     written by the supervisor whenever something changes
//	run.lock        held by the supervisor for as long as it lives
//	up.lock         held by up and down while they change what runs
//	kubeconfig      administrator's access, mode 0600
//	pki/ etcd/ logs/ node/ volumes/
//
// # Truth
//
// status.json survives a crash, so it is a claim, not a fact: processes in it
// are named by id and start time, and readers check that they still run.
package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/berth-sh/berth/workspace"
)

// Folder is the state folder of one sandbox; its path is absolute.
type Folder struct{ path string }

// entries are all names that the sandbox makes in its folder. A purge removes
// these and nothing else, and a folder that holds other things is not ours.
var entries = []string{
	"settings.json", "status.json", "run.lock", "up.lock", "kubeconfig",
	"pki", "etcd", "logs", "node", "volumes",
}

// Default is $XDG_STATE_HOME/berth/sandbox, ~/.local/state without the
// variable.
func Default() (string, error) {
	if base := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "berth", "sandbox"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", workspace.WithHint(fmt.Errorf("finding the state folder: %w", err), "name one with --state DIR")
	}
	return filepath.Join(home, ".local", "state", "berth", "sandbox"), nil
}

// At is the folder at path; nothing is created.
func At(path string) (Folder, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Folder{}, fmt.Errorf("resolving the state folder %q: %w", path, err)
	}
	return Folder{path: abs}, nil
}

// Path is the path of name inside the folder.
func (f Folder) Path(name ...string) string {
	return filepath.Join(append([]string{f.path}, name...)...)
}

// Kubeconfig is the administrator's kubeconfig.
func (f Folder) Kubeconfig() string { return f.Path("kubeconfig") }

// Exists reports whether there is a folder at all.
func (f Folder) Exists() bool {
	_, err := os.Stat(f.path)
	return err == nil
}

// Prepare makes the folder and everything that must exist in it, readable by
// this account only. It refuses a folder that holds somebody else's files, and
// proves that the disk takes writes.
func (f Folder) Prepare() error {
	if err := f.prepare(); err != nil {
		return workspace.WithHint(fmt.Errorf("preparing the state folder: %w", err),
			"name a folder that this account can write, with --state DIR")
	}
	return nil
}

func (f Folder) prepare() error {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return err
	}
	if err := f.checkOurs(); err != nil {
		return err
	}
	if err := os.Chmod(f.path, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"pki", "etcd", "logs", "node", "volumes"} {
		if err := os.MkdirAll(f.Path(name), 0o700); err != nil {
			return err
		}
	}
	return f.probe()
}

// checkOurs keeps up and purge away from folders that were named by mistake.
func (f Folder) checkOurs() error {
	list, err := os.ReadDir(f.path)
	if err != nil {
		return err
	}
	for _, e := range list {
		if !slices.Contains(entries, e.Name()) && !temporary(e.Name()) {
			return fmt.Errorf("%s holds %s, which is not the sandbox's", f.path, e.Name())
		}
	}
	return nil
}

// temporary reports whether name is what an interrupted write may leave.
func temporary(name string) bool {
	match, err := filepath.Match(".tmp-*", name)
	return err == nil && match
}

// probe writes more than the settings need, so that a full or read-only disk
// is found before anything starts.
func (f Folder) probe() error {
	file, err := os.CreateTemp(f.path, ".tmp-probe-") // a name of its own: two may probe at once
	if err != nil {
		return err
	}
	_, err = file.Write(make([]byte, 1<<20))
	return errors.Join(err, file.Close(), os.Remove(file.Name()))
}

// Purge removes everything the sandbox made. Files that are not its own stay,
// and the folder with them.
func (f Folder) Purge() error {
	if err := f.checkOurs(); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("removing the sandbox's data: %w", err)
	}
	list, err := os.ReadDir(f.path)
	if err != nil {
		return fmt.Errorf("removing the sandbox's data: %w", err)
	}
	for _, e := range list {
		if err := removeAll(f.Path(e.Name())); err != nil {
			return fmt.Errorf("removing the sandbox's data: %w", err)
		}
	}
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the sandbox's data: %w", err)
	}
	return nil
}

// removeAll removes path even where folders below it are read-only, as tools
// like to leave them in a home.
func removeAll(path string) error {
	if os.RemoveAll(path) == nil {
		return nil
	}
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			return os.Chmod(p, 0o700)
		}
		return nil // what cannot be read shows again in the removal below
	})
	if again := os.RemoveAll(path); again != nil {
		return errors.Join(again, err)
	}
	return nil
}
