package connect

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/berth-sh/berth/workspace/alias"
)

// maxAliasFile caps what is read of an alias file, in bytes.
const maxAliasFile = 64 << 10

// DefaultDir returns the directory that holds what berth keeps for ssh. It is
// below ~/.ssh because programs started from a desktop lack the variables
// that name other places.
func DefaultDir() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the home directory: %w", err)
	}
	return filepath.Join(home, ".ssh", "berth"), nil
}

// AliasPath returns the path of an alias file below dir.
func AliasPath(dir, name string) string { return filepath.Join(dir, "alias", name) }

// ValidAlias reports whether name is an alias that berth may have written:
// lower-case letters, digits, '-' and '.', no empty part, nothing that a
// shell, ssh or a path would read as anything else.
func ValidAlias(name string) bool {
	if len(name) == 0 || len(name) > 253 {
		return false
	}
	for part := range strings.SplitSeq(name, ".") {
		if part == "" || part[0] == '-' || part[len(part)-1] == '-' {
			return false
		}
		for _, c := range []byte(part) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// errUntrusted is an alias file that somebody else may have written. It names
// the address to dial, the CA to trust and the kubeconfig to use, so whoever
// writes it decides where keys and keystrokes go.
var errUntrusted = errors.New("its file is not private")

// aliasError is an alias that cannot be used.
type aliasError struct {
	name string
	err  error
}

func (e *aliasError) Error() string {
	return fmt.Sprintf("alias %s: %v", printable(e.name), e.err)
}

func (e *aliasError) Unwrap() error { return e.err }

// Hint returns the next step.
func (e *aliasError) Hint() string {
	if errors.Is(e.err, alias.ErrNewer) {
		return "install the newer berth on this machine"
	}
	if errors.Is(e.err, errUntrusted) {
		return "remove ~/.ssh/berth/alias/" + printable(e.name) + "; `berth ls` writes it anew"
	}
	return "`berth ssh-config install` writes the aliases of your workspaces"
}

// ReadAlias reads the alias file of name below dir. The name is checked
// before it becomes part of a path; a missing file is fs.ErrNotExist, a file
// of a newer program alias.ErrNewer. On Unix the file must be a plain one of
// this user that nobody else may write; the folders above it may be links.
func ReadAlias(dir, name string) (alias.File, error) {
	if !ValidAlias(name) {
		return alias.File{}, &aliasError{name, errors.New("not a valid alias")}
	}
	data, err := readCapped(AliasPath(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return alias.File{}, &aliasError{name, &shortError{"no such alias on this machine", err}}
	}
	if err != nil {
		return alias.File{}, &aliasError{name, err}
	}
	f, err := alias.Parse(data)
	if err == nil && f.Alias != name {
		err = fmt.Errorf("its file is for %q: %w", printable(f.Alias), alias.ErrFormat)
	}
	if err != nil {
		return alias.File{}, &aliasError{name, err}
	}
	return f, nil
}

// readCapped reads the file at path, which must not be larger than any alias
// file can be.
func readCapped(path string) (data []byte, err error) {
	file, err := openOwn(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	data, err = io.ReadAll(io.LimitReader(file, maxAliasFile+1))
	if err == nil && len(data) > maxAliasFile {
		err = fmt.Errorf("its file is too large: %w", alias.ErrFormat)
	}
	return data, err
}
