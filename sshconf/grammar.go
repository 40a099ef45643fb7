package sshconf

// What may stand in a generated file.
//
// One unbalanced quote breaks ssh for every host, and one line break in a
// value is a new keyword (ProxyCommand among them). So nothing is escaped:
// each value matches a closed grammar or is refused. Paths pass through ssh's
// own splitting, its %-tokens, $-expansion and glob, and ProxyCommand through
// the user's shell as well; the characters that any of these act on, inside
// double quotes, are refused.

import (
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// helperArg is what stands unquoted in a ProxyCommand, in every shell.
var helperArg = regexp.MustCompile(`^[A-Za-z0-9./:=+_-]+$`)

// quotePath gives path in double quotes, with forward slashes.
func quotePath(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", workspace.Usagef("path %q is not absolute", workspace.Safe(path))
	}
	slashed := filepath.ToSlash(path)
	bad := strings.IndexFunc(slashed, func(r rune) bool {
		return strings.ContainsRune("\"'\\$`%!*?[]{}#", r) || !unicode.IsPrint(r)
	})
	if bad >= 0 || !utf8.ValidString(slashed) {
		return "", workspace.WithHint(
			workspace.Usagef("path %q cannot be written into an ssh config", workspace.Safe(path)),
			"move it to a path of letters, digits, spaces and -_./+@:,=")
	}
	return `"` + slashed + `"`, nil
}

// proxyCommand renders the helper's argv, without the alias.
func proxyCommand(helper []string) (string, error) {
	if len(helper) == 0 {
		return "", workspace.Usagef("no command to connect with")
	}
	command, err := quotePath(helper[0])
	if err != nil {
		return "", err
	}
	for _, arg := range helper[1:] {
		if !helperArg.MatchString(arg) {
			return "", workspace.Usagef("argument %q cannot be written into an ssh config", workspace.Safe(arg))
		}
		command += " " + arg
	}
	return command, nil
}

// checkFile reports whether everything of f that reaches a generated file
// matches its grammar, and that its alias says what f says.
func checkFile(f alias.File) error {
	ref, _, err := workspace.ParseAlias(f.Alias)
	if err != nil {
		return err
	}
	if ref.Name != f.Name || ref.Namespace != f.Namespace {
		return workspace.Usagef("alias %s does not belong to %s/%s", f.Alias, workspace.Safe(f.Namespace), workspace.Safe(f.Name))
	}
	return checkValues(f)
}

// checkValues is checkFile for a file that has no alias yet.
func checkValues(f alias.File) error {
	if err := workspace.ValidateRef(workspace.Ref{Namespace: f.Namespace, Name: f.Name}); err != nil {
		return err
	}
	if err := workspace.ValidateUser(f.User); err != nil {
		return err
	}
	if f.HostKey == "" {
		return nil
	}
	_, err := parseHostKey(f.HostKey)
	return err
}

// parseHostKey reads a pin: one ed25519 key, exactly as this package writes it.
func parseHostKey(line string) (ssh.PublicKey, error) {
	key, comment, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil || key.Type() != ssh.KeyAlgoED25519 || comment != "" || len(options)+len(rest) != 0 || line != publicLine(key) {
		return nil, workspace.Usagef("host key %q is not of the form %q", workspace.Safe(line), ssh.KeyAlgoED25519+" AAAA…")
	}
	return key, nil
}

// publicLine is "TYPE BASE64", without comment or line break.
func publicLine(key ssh.PublicKey) string {
	return strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(key)), "\n")
}
