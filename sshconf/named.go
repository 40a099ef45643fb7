package sshconf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/berth-sh/berth/workspace"
)

// Named reads keys as people name them.
type Named struct {
	In    io.Reader                    // what "-" reads
	Agent func() ([]*agent.Key, error) // nil is no agent
}

// Read gives the keys that one argument means: "-" is the input; then a file
// of one line or many, a line itself, and a key of the agent, by comment or by
// the beginning of its fingerprint.
func (n Named) Read(name string) ([]AuthorizedKey, error) {
	switch {
	case name == "-":
		data, err := readBounded(n.In)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return ParseAuthorized(data, "standard input")
	case strings.Contains(name, "PRIVATE KEY"):
		return nil, notPublic([]byte(name), "the argument")
	}
	data, err := readKeyFile(name)
	if err == nil {
		keys, err := ParseAuthorized(data, name)
		return keys, publicHalf(err, name)
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENAMETOOLONG) {
		return nil, workspace.WithKind(workspace.ErrUsage, fmt.Errorf("reading key %s: %w", workspace.Safe(name), err))
	}
	if strings.ContainsAny(name, " \t") {
		if _, _, _, _, parse := ssh.ParseAuthorizedKey([]byte(name)); parse == nil {
			return ParseAuthorized([]byte(name), "the argument")
		}
	}
	key, ok, err := n.held(name)
	switch {
	case err != nil:
		return nil, err
	case ok:
		return []AuthorizedKey{key}, nil
	}
	return nil, workspace.WithHint(workspace.WithKind(workspace.ErrNotFound,
		fmt.Errorf("key %q: there is no such file, and the agent holds no such key", workspace.Safe(clip(name)))),
		"a key is a .pub file, a line of authorized_keys, - for standard input, or a key of the agent (ssh-add -l)")
}

// Held gives every key of the agent.
func (n Named) Held() ([]AuthorizedKey, error) {
	if n.Agent == nil {
		return nil, workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, errors.New("there is no ssh agent")), "SSH_AUTH_SOCK names its socket")
	}
	held, err := n.Agent()
	if err != nil {
		return nil, workspace.WithKind(workspace.ErrUnreachable, fmt.Errorf("asking the ssh agent for its keys: %w", err))
	}
	var keys []AuthorizedKey
	for _, k := range held {
		if key, err := ssh.ParsePublicKey(k.Blob); err == nil && usable(key) {
			keys = append(keys, AuthorizedKey{Key: key, Comment: workspace.Safe(k.Comment)})
		}
	}
	if len(keys) == 0 {
		return nil, workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, errors.New("the ssh agent holds no keys")),
			"ssh-add puts them in; a locked agent shows none until ssh-add -X")
	}
	return keys, nil
}

func (n Named) held(name string) (AuthorizedKey, bool, error) {
	if n.Agent == nil {
		return AuthorizedKey{}, false, nil
	}
	all, err := n.Held()
	if err != nil {
		return AuthorizedKey{}, false, nil //nolint:nilerr // the name is then of no key of an agent, which the caller says
	}
	found := Match(all, name)
	if len(found) > 1 {
		return AuthorizedKey{}, false, ambiguous(name, found)
	}
	if len(found) == 0 {
		return AuthorizedKey{}, false, nil
	}
	return found[0], true, nil
}

// shortestPrefix is how much of a fingerprint names a key.
const shortestPrefix = 4

// Match gives the keys that have the comment, or else whose fingerprint begins
// so, with or without its SHA256.
func Match(keys []AuthorizedKey, name string) []AuthorizedKey {
	var found []AuthorizedKey
	for _, k := range keys {
		if k.Comment == name && name != "" {
			found = append(found, k)
		}
	}
	const kind = "SHA256:"
	prefix := strings.TrimPrefix(name, kind)
	if len(found) > 0 || len(prefix) < shortestPrefix {
		return found
	}
	for _, k := range keys {
		if strings.HasPrefix(strings.TrimPrefix(k.Fingerprint(), kind), prefix) {
			found = append(found, k)
		}
	}
	return found
}

// One gives the only key that a name means among keys. Errors are of kind
// workspace.ErrNotFound and workspace.ErrUsage.
func One(keys []AuthorizedKey, name string) (AuthorizedKey, error) {
	found := Match(keys, name)
	switch len(found) {
	case 0:
		return AuthorizedKey{}, workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("no key is called %q, by comment or fingerprint", workspace.Safe(clip(name))))
	case 1:
		return found[0], nil
	}
	return AuthorizedKey{}, ambiguous(name, found)
}

func ambiguous(name string, found []AuthorizedKey) error {
	fingerprints := make([]string, len(found))
	for i, k := range found {
		fingerprints[i] = k.Fingerprint()
	}
	return workspace.WithHint(workspace.Usagef("key %q means %d keys", workspace.Safe(clip(name)), len(found)),
		"name one by its fingerprint: "+strings.Join(fingerprints, ", "))
}

// publicHalf adds the path of the public half to the refusal of a private one.
func publicHalf(err error, path string) error {
	if err == nil || !strings.Contains(err.Error(), "private key") {
		return err
	}
	if _, missing := os.Stat(path + ".pub"); missing != nil {
		return err
	}
	return workspace.WithHint(err, "its public half is "+path+".pub")
}

// clip keeps what may be a whole key out of a message.
func clip(s string) string {
	if len(s) > 60 || strings.ContainsAny(s, "\r\n") {
		return "…"
	}
	return s
}

// maxKeyInput bounds a list of keys that is handed in.
const maxKeyInput = 512 << 10

func readBounded(in io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxKeyInput+1))
	if err == nil && len(data) > maxKeyInput {
		err = workspace.Usagef("more than %d KiB", maxKeyInput>>10)
	}
	return data, err
}

// Own gives the keys that this user may log in with, by what files, the agent
// and the record of offered keys say. It makes none.
func (d *Dir) Own(from KeySource) []AuthorizedKey {
	var own []AuthorizedKey
	add := func(line string) {
		keys, err := ParseAuthorized([]byte(line), "")
		if err == nil && !slices.ContainsFunc(own, keys[0].Same) {
			own = append(own, keys[0])
		}
	}
	for _, key := range d.foundKeys() {
		add(key.Line)
	}
	offered, err := d.Offered()
	if err != nil {
		offered = nil // nothing was recorded that can be read
	}
	for _, path := range offered {
		add(publicOf(path))
	}
	if from.Agent == nil {
		return own
	}
	held, err := Named{Agent: from.Agent}.Held()
	if err != nil {
		return own
	}
	for _, key := range held {
		add(key.Line())
	}
	return own
}

// publicOf gives the public line of a recorded identity, "" where it cannot be
// told without its passphrase.
func publicOf(path string) string {
	for _, name := range []string{path, path + ".pub"} {
		if key, err := readPublicKey(name); err == nil {
			return key.Line
		}
	}
	data, err := readKeyFile(path)
	if err != nil {
		return ""
	}
	signer, err := ssh.ParsePrivateKey(data)
	var locked *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return publicLine(signer.PublicKey())
	case errors.As(err, &locked) && locked.PublicKey != nil:
		return publicLine(locked.PublicKey)
	}
	return ""
}
