package sshconf

// Lines of authorized_keys, as people hand them in.
//
// A key is the same key whatever stands around it, so keys are compared by
// their bytes. Comment and options are kept: whoever writes from= or command=
// means it. An option that sshd does not know makes it pass the whole line
// over, in silence, so such a line is refused here, where somebody reads why.

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/workspace"
)

// AuthorizedKey is one line of authorized_keys.
type AuthorizedKey struct {
	Key     ssh.PublicKey
	Options []string // as written: from="10.0.0.0/8", no-pty
	Comment string   // sanitized
}

// Line is the key as authorized_keys has it, without line break.
func (k AuthorizedKey) Line() string {
	line := publicLine(k.Key)
	if len(k.Options) > 0 {
		line = strings.Join(k.Options, ",") + " " + line
	}
	if k.Comment != "" {
		line += " " + k.Comment
	}
	return line
}

// Fingerprint is "SHA256:…".
func (k AuthorizedKey) Fingerprint() string { return ssh.FingerprintSHA256(k.Key) }

// Same reports whether both are the same key.
func (k AuthorizedKey) Same(other AuthorizedKey) bool {
	return bytes.Equal(k.Key.Marshal(), other.Key.Marshal())
}

// ParseAuthorized reads lines of authorized_keys: one key, or a file of many.
// Blank lines and comments are passed over, a repeated key counts once.
// source names the text in errors, which never repeat what it holds: somebody
// may have handed in something else than they meant.
func ParseAuthorized(data []byte, source string) ([]AuthorizedKey, error) {
	if err := notPublic(data, source); err != nil {
		return nil, err
	}
	var keys []AuthorizedKey
	number := 0
	for line := range strings.Lines(string(bytes.TrimPrefix(data, bom))) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		key, err := parseAuthorizedLine(line)
		if err != nil {
			where := source
			if bytes.ContainsRune(bytes.TrimSpace(data), '\n') {
				where = fmt.Sprintf("%s, line %d", source, number)
			}
			return nil, workspace.WithHint(workspace.Usagef("reading %s: %w", where, err),
				"public keys are the .pub files in ~/.ssh: ssh-ed25519 AAAA… name")
		}
		if !slices.ContainsFunc(keys, key.Same) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, workspace.Usagef("reading %s: there is no key in it", source)
	}
	return keys, nil
}

// notPublic recognizes what is mistaken for a public key.
func notPublic(data []byte, source string) error {
	switch {
	case bytes.Contains(data, []byte("PRIVATE KEY")), bytes.Contains(data, []byte("PuTTY-User-Key-File")):
		return workspace.WithHint(workspace.Usagef("reading %s: this is a private key, which never leaves your machine", source),
			"name its public half, usually the file that ends in .pub; ssh-keygen -y -f FILE prints it")
	case bytes.Contains(data, []byte("BEGIN SSH2 PUBLIC KEY")), bytes.Contains(data, []byte("BEGIN PUBLIC KEY")):
		return workspace.WithHint(workspace.Usagef("reading %s: this public key is in another form than OpenSSH's", source),
			"ssh-keygen -i -f FILE prints it as one line")
	case bytes.IndexByte(data, 0) >= 0:
		return workspace.Usagef("reading %s: this is no text", source)
	}
	return nil
}

func parseAuthorizedLine(line string) (AuthorizedKey, error) {
	// The parser passes lines over that it cannot read; there is only this one.
	key, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	switch {
	case err != nil:
		return AuthorizedKey{}, workspace.Usagef("this is not a public key")
	case !usable(key):
		return AuthorizedKey{}, workspace.Usagef("keys of type %s are not accepted", workspace.Safe(key.Type()))
	}
	for _, option := range options {
		if err := checkOption(option); err != nil {
			return AuthorizedKey{}, err
		}
	}
	return AuthorizedKey{Key: key, Options: options, Comment: workspace.Safe(comment)}, nil
}

// keyOptions are those that sshd knows, and whether each takes a value.
func keyOptions() map[string]bool {
	return map[string]bool{
		"agent-forwarding": false, "cert-authority": false, "command": true, "environment": true, "expiry-time": true,
		"from": true, "no-agent-forwarding": false, "no-port-forwarding": false, "no-pty": false, "no-touch-required": false,
		"no-user-rc": false, "no-x11-forwarding": false, "permitlisten": true, "permitopen": true, "port-forwarding": false,
		"principals": true, "pty": false, "restrict": false, "tunnel": true, "user-rc": false, "verify-required": false,
		"x11-forwarding": false,
	}
}

func checkOption(option string) error {
	name, value, hasValue := strings.Cut(option, "=")
	takes, known := keyOptions()[strings.ToLower(name)]
	switch {
	case !known:
		return workspace.Usagef("option %q is not known to sshd", workspace.Safe(name))
	case takes != hasValue, hasValue && !quoted(value):
		return workspace.Usagef("option %s is not written as sshd wants it", workspace.Safe(name))
	}
	return nil
}

// quoted reports whether value is printable text in one pair of quotes.
func quoted(value string) bool {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' || !utf8.ValidString(value) {
		return false
	}
	inside := strings.ReplaceAll(value[1:len(value)-1], `\"`, "")
	return strings.IndexFunc(inside, func(r rune) bool { return r == '"' || !unicode.IsPrint(r) }) < 0
}
