package editor

// What runs, built of checked parts.
//
// The alias matches its grammar (lower case: editors lower-case the host of a
// URI) and the path is absolute, so neither can become an option. In a URI the
// path is percent-encoded; in a command that ssh hands to the workspace's
// shell it is quoted.

import (
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/berth-sh/berth/workspace"
)

// Target is what to open.
type Target struct {
	Alias string
	Path  string // absolute, in the workspace
	// SSHArgs come before the alias where ssh does not know it by itself: -F
	// and a file. Editors with windows cannot be told and ignore them.
	SSHArgs []string
}

// Launch is what would run.
type Launch struct {
	Argv     []string // nil when a URL is opened
	URL      string   // set only without Argv
	Terminal bool     // run Argv in the terminal; Start refuses it
	Copy     string   // what a person would type, or open, to do the same

	name     string
	command  string // by the command's short name, for another machine
	address  string // the URL, also where Argv is used
	headless string
	openURL  func(string) error
}

// Plan says how e opens the target and starts nothing. Errors are of kind
// workspace.ErrUsage.
func (e Editor) Plan(t Target) (Launch, error) {
	if _, _, err := workspace.ParseAlias(t.Alias); err != nil {
		return Launch{}, err
	}
	if !path.IsAbs(t.Path) || !printable(t.Path) {
		return Launch{}, workspace.Usagef("path %q is not an absolute path of printable characters", workspace.Safe(t.Path))
	}
	clean := path.Clean(t.Path)
	l := Launch{Terminal: e.Terminal, name: e.Name, headless: e.headless, openURL: e.openURL}
	if e.Terminal {
		l.Argv = append([]string{e.Program}, t.SSHArgs...)
		// ssh joins what follows the alias and the workspace's shell splits it.
		l.Argv = append(l.Argv, "-t", t.Alias, "--", e.row.programs[0], quote(clean))
		l.Copy = commandLine(l.Argv)
		return l, nil
	}
	// The slash at the end says that it is a folder.
	folder := "vscode-remote://ssh-remote+" + t.Alias + escape(clean)
	argv := []string{e.Program, "--new-window", "--folder-uri=" + folder}
	l.command = commandLine(append([]string{e.row.programs[0]}, argv[1:]...))
	// Without the query the window in front would be replaced.
	l.address = e.row.scheme + "://vscode-remote/ssh-remote+" + t.Alias + escape(clean) + "?windowId=_blank"
	if e.Program == "" {
		l.URL, l.Copy = l.address, l.address
		return l, nil
	}
	l.Argv, l.Copy = argv, l.command
	return l, nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// escape percent-encodes a clean absolute path, with a slash at the end.
func escape(clean string) string {
	var b strings.Builder
	for segment := range strings.SplitSeq(strings.Trim(clean, "/"), "/") {
		if segment != "" {
			b.WriteString("/" + url.PathEscape(segment))
		}
	}
	return b.String() + "/"
}

// commandLine is argv for a POSIX shell.
func commandLine(argv []string) string {
	words := make([]string, len(argv))
	for i, arg := range argv {
		words[i] = quote(arg)
	}
	return strings.Join(words, " ")
}

// quote makes one word of s for sh, bash, zsh and fish.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=+,@%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	// fish alone takes a backslash inside single quotes; it stands outside.
	return "'" + strings.NewReplacer(`\`, `'\\'`, `'`, `'\''`).Replace(s) + "'"
}
