// Package sshconf owns what ssh reads about workspaces: the folder
// ~/.ssh/berth and one Include line in ~/.ssh/config.
//
// # Files
//
// Everything below ~/.ssh/berth (0700) is written by this package alone:
//
//	config         one Host block for each alias, and one block they share
//	known_hosts    the pinned host key of each alias
//	alias/ALIAS    what the connect path reads, see package alias
//	identities     the private keys that ssh offers, one path a line
//	chosen         the keys that the user named at the last create, one path a line
//	id_ed25519     a key pair made only where the user has none
//	.lock          held while any of these change
//
// The alias files are the source: config and known_hosts are rendered from
// them, byte-identical for equal input, so a run that is cut short anywhere is
// repaired by the next one. Files are replaced whole (temporary file, fsync,
// rename) and left alone when nothing changed.
//
// # The user's file
//
// ~/.ssh/config gets exactly one line, at its very top, by [Dir.Install], and
// loses exactly that line by [Dir.Uninstall]. It is never parsed and written
// again: a bad byte there would break ssh to every host the user has.
//
// # Host keys
//
// A host key is pinned from the cluster's API and never learnt from the
// network. A pin that changes for the same workspace is a [PinChangedError],
// unless [Dir.Repin] says that the key was rotated on purpose.
package sshconf

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// Scope is the part of all aliases that one complete list speaks for.
type Scope struct {
	Cluster     string // identity of the cluster, never its address
	ClusterName string // short name, the CLUSTER of long aliases; "" makes no long alias
	Namespace   string
}

// Changes says what one step changed, by alias, sorted.
type Changes struct {
	Added   []string
	Updated []string
	Removed []string
	// Repinned are aliases whose host key changed because the workspace behind
	// them is a new one (other UID), or by Repin. Each is also in Updated.
	Repinned []string
	// Written reports whether any file was written.
	Written bool
}

// Dir is ~/.ssh/berth of one home. Its methods may be called at once, also by
// several processes: each takes the lock in the folder.
type Dir struct {
	home    string   // absolute
	path    string   // home/.ssh/berth
	helper  []string // ProxyCommand without the alias
	account bool     // home is the account's own: the one place where ssh looks by itself
	owner   owner    // whom new files are given to
}

// Open checks home and helper and touches nothing. helper is the command, and
// its leading arguments, that ssh runs to reach an alias; its first element is
// an absolute path. Relative or inexpressible paths are errors of kind
// workspace.ErrUsage.
func Open(home string, helper []string) (*Dir, error) {
	if !filepath.IsAbs(home) {
		return nil, workspace.Usagef("opening the ssh folder: home %q is not an absolute path", workspace.Safe(home))
	}
	if _, err := proxyCommand(helper); err != nil {
		return nil, err
	}
	home = filepath.Clean(home)
	d := &Dir{home: home, path: filepath.Join(home, ".ssh", "berth"), helper: helper, account: true}
	if u, err := user.Current(); err == nil && u.HomeDir != "" {
		d.account = sameDir(home, u.HomeDir)
	}
	if !d.account {
		// ssh expands ~ from the account database, not from $HOME, so paths
		// in another home must be written out.
		if _, err := quotePath(d.path); err != nil {
			return nil, err
		}
	}
	d.owner = homeOwner(home)
	return d, nil
}

// Path is the folder: ~/.ssh/berth.
func (d *Dir) Path() string { return d.path }

// Config is the generated file, for `ssh -F`.
func (d *Dir) Config() string { return filepath.Join(d.path, "config") }

// KnownHosts is the file with the pins.
func (d *Dir) KnownHosts() string { return filepath.Join(d.path, "known_hosts") }

// UserConfig is the user's own file, as ssh names it.
func (d *Dir) UserConfig() string { return filepath.Join(d.home, ".ssh", "config") }

// Include is the one line that the user's file needs, without line break.
func (d *Dir) Include() string { return `Include "` + d.shown("config") + `"` }

// shown is the path of an own file as the generated config names it.
func (d *Dir) shown(name string) string {
	if d.account {
		return "~/.ssh/berth/" + name
	}
	return filepath.ToSlash(filepath.Join(d.path, name))
}

// tilde shortens a path below home for messages.
func (d *Dir) tilde(path string) string {
	if rest, ok := strings.CutPrefix(path, d.home+string(filepath.Separator)); ok && d.account {
		return "~/" + filepath.ToSlash(rest)
	}
	return path
}

func sameDir(a, b string) bool {
	if a == filepath.Clean(b) {
		return true
	}
	first, aerr := os.Stat(a)
	second, berr := os.Stat(b)
	return aerr == nil && berr == nil && os.SameFile(first, second)
}

// PinChangedError is returned for an alias whose workspace, by its UID still
// the same one, shows another host key than the pinned one. Nothing was
// changed for it. Both are SHA256 fingerprints.
type PinChangedError struct {
	Alias  string
	Pinned string
	Now    string
}

// Error shows both fingerprints.
func (e *PinChangedError) Error() string {
	return fmt.Sprintf("host key of %s changed: pinned %s, the cluster now says %s", e.Alias, e.Pinned, e.Now)
}

// Unwrap makes errors.Is(err, workspace.ErrConflict) true.
func (e *PinChangedError) Unwrap() error { return workspace.ErrConflict }
