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
	User  string // login name; for JetBrains Gateway
	Home  string // absolute, in the workspace; for a remote user interface
	// SSHArgs come before the alias where ssh does not know it by itself: -F
	// and a file. Editors with windows cannot be told and ignore them.
	SSHArgs []string
	// Socket is where a remote user interface finds the editor here: a path in a
	// folder that only the user may enter.
	Socket string
}

// Launch is what would run.
type Launch struct {
	Argv     []string // nil when a URL is opened
	URL      string   // set only without Argv
	Terminal bool     // run Argv in the terminal; Start refuses it
	Copy     string   // what a person would type, or open, to do the same
	// Beside runs, without the terminal, as long as Argv does: it says "ready"
	// on a line of its own when Argv may start, and ends with its input.
	Beside []string

	name     string
	command  string // by the command's short name, for another machine
	address  string // the URL, also where Argv is used; "" for none
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
	t.Path = path.Clean(t.Path)
	l := Launch{Terminal: e.Terminal, name: e.Name, headless: e.headless, openURL: e.openURL}
	switch e.row.family {
	case remote:
		return e.planRemote(l, t), nil
	case remoteUI:
		return e.planRemoteUI(l, t)
	case gateway:
		if err := workspace.ValidateUser(t.User); err != nil {
			return Launch{}, err
		}
	case vscode, zed, toolbox, tramp:
	}
	args, address := e.row.open(t)
	l.address = address
	if len(args) > 0 {
		l.command = commandLine(append([]string{e.row.programs[0]}, args...))
	}
	switch {
	case e.Program == "" && address == "":
		return Launch{}, workspace.WithHint(workspace.Usagef("%s is not here, and there is no address to open it by", e.Name), "install it, or name its program: --in PATH")
	case e.Program == "":
		l.URL, l.Copy = address, address
	default:
		if e.row.family == tramp && !strings.Contains(path.Base(strings.ReplaceAll(e.Program, `\`, "/")), "client") {
			args = args[len(args)-1:] // emacs itself knows nothing of its server
			l.command = commandLine(append([]string{"emacs"}, args...))
		}
		l.Argv, l.Copy = append([]string{e.Program}, args...), l.command
	}
	return l, nil
}

// open gives the arguments and the address that say what to open.
func (r row) open(t Target) (args []string, address string) {
	folder := escape(t.Path) // the slash at its end says that it is a folder
	switch r.family {
	case vscode:
		// Without the query the window in front would be replaced.
		return []string{"--new-window", "--folder-uri=vscode-remote://ssh-remote+" + t.Alias + folder},
			r.scheme + "://vscode-remote/ssh-remote+" + t.Alias + folder + "?windowId=_blank"
	case zed:
		return []string{"ssh://" + t.Alias + folder}, r.scheme + "://ssh/" + t.Alias + folder
	case toolbox:
		return nil, r.scheme + "://gateway/ssh/environment?h=" + url.QueryEscape(t.Alias) + "&launchIde=true&projectHint=" + queryPath(t.Path)
	case gateway:
		return nil, r.scheme + "://connect#type=ssh&host=" + url.QueryEscape(t.Alias) + "&port=22&user=" + url.QueryEscape(t.User) +
			"&projectPath=" + queryPath(t.Path)
	case tramp:
		return []string{"-n", "-c", "-a", "emacs", "/ssh:" + t.Alias + ":" + strings.TrimSuffix(t.Path, "/") + "/"}, ""
	case remote, remoteUI:
	}
	return nil, ""
}

// queryPath encodes a path as a query's value: slashes stay, blanks are %20.
func queryPath(p string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(p))
}

// planRemote runs the editor in the workspace.
func (e Editor) planRemote(l Launch, t Target) Launch {
	l.Argv = append([]string{e.Program}, t.SSHArgs...)
	// ssh joins what follows the alias and the workspace's shell splits it.
	l.Argv = append(l.Argv, "-t", t.Alias, "--", e.row.programs[0], quote(t.Path))
	l.Copy = commandLine(l.Argv)
	return l
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
