package sshconf

// Whose keys open a workspace.
//
// Files that the user names are the answer, alone. Otherwise it is every key
// of the agent and every ~/.ssh/*.pub, and a pair of berth's own where there
// is none of these. Each becomes one authorized_keys line, built anew from the
// parsed key: options and line breaks of a file never travel into a Secret.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/berth-sh/berth/workspace"
)

// KeySource says where to look for public keys.
type KeySource struct {
	// Files are public keys that the user named. Where there are any, nothing
	// else is looked at.
	Files []string
	// Chosen takes the keys that were chosen last (see Choose), where no files
	// are named and some were.
	Chosen bool
	// Agent lists the agent's keys; nil is no agent. The caller bounds how
	// long it may take. Its error is not one of Keys: no agent is usual.
	Agent func() ([]*agent.Key, error)
}

// PublicKey is one key that will open a workspace.
type PublicKey struct {
	Line        string // authorized_keys line without line break: type, key, sanitized comment
	Fingerprint string // SHA256:…
	Source      string // "agent", or the path it was read from
	// Identity is what ssh offers it by: a private key's path, or a public
	// one's where only an agent has the private half. "" for a key without
	// either on this machine.
	Identity string
}

// Keys is what was found.
type Keys struct {
	Keys []PublicKey
	// Made is the path of the private key that was made just now, "" where
	// there was no need to. The caller tells the user.
	Made string
	// Chosen says that these are the keys of an earlier choice.
	Chosen bool
}

// Lines gives the content of an authorized_keys file.
func (k Keys) Lines() string {
	var b strings.Builder
	for _, key := range k.Keys {
		b.WriteString(key.Line + "\n")
	}
	return b.String()
}

// Identities gives the paths for Offer, without repeats.
func (k Keys) Identities() []string {
	var paths []string
	for _, key := range k.Keys {
		if key.Identity != "" && !slices.Contains(paths, key.Identity) {
			paths = append(paths, key.Identity)
		}
	}
	return paths
}

// Keys finds the user's public keys, and makes a pair in ~/.ssh/berth where
// there are none. A named file that holds no public key is an error of kind
// workspace.ErrUsage that names it.
func (d *Dir) Keys(ctx context.Context, from KeySource) (Keys, error) {
	if len(from.Files) > 0 {
		return d.namedKeys(from.Files)
	}
	if from.Chosen {
		if keys, ok := d.chosenKeys(); ok {
			return keys, nil
		}
	}
	found := d.foundKeys()
	if from.Agent != nil {
		if keys, err := from.Agent(); err == nil {
			found = d.agentKeys(found, keys)
		}
	}
	keys := Keys{Keys: found}
	err := d.locked(ctx, func(own *os.Root) error {
		if err := d.saveAgentKeys(own, found); err != nil || len(found) > 0 {
			return err
		}
		made, err := d.makeKey(own)
		if err != nil {
			return err
		}
		path := filepath.Join(d.path, ownKey)
		if made {
			keys.Made = path
		}
		key, err := readPublicKey(path + ".pub")
		keys.Keys = []PublicKey{key}
		return err
	})
	return keys, err
}

func (d *Dir) namedKeys(files []string) (Keys, error) {
	var keys Keys
	for _, file := range files {
		path, err := filepath.Abs(file)
		if err != nil {
			return Keys{}, fmt.Errorf("reading key %s: %w", file, err)
		}
		key, err := readPublicKey(path)
		if err != nil {
			return Keys{}, err
		}
		if !keys.has(key.Fingerprint) {
			keys.Keys = append(keys.Keys, key)
		}
	}
	return keys, nil
}

func (k Keys) has(fingerprint string) bool {
	return slices.ContainsFunc(k.Keys, func(p PublicKey) bool { return p.Fingerprint == fingerprint })
}

// foundKeys reads ~/.ssh/*.pub and berth's own; what is no plain public key
// (certificates, old DSA keys, notes) is passed over.
func (d *Dir) foundKeys() []PublicKey {
	var keys Keys
	for _, dir := range []string{filepath.Dir(d.path), d.path} {
		paths, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*.pub"))
		if err != nil {
			continue // the pattern is ours; a folder that cannot be read has no keys
		}
		for _, path := range paths {
			if dir == d.path && filepath.Base(path) != ownKey+".pub" {
				continue
			}
			if key, err := readPublicKey(path); err == nil && !keys.has(key.Fingerprint) {
				keys.Keys = append(keys.Keys, key)
			}
		}
	}
	return keys.Keys
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`).Replace(path)
}

// agentKeys adds the agent's keys, first those that no file shows.
func (d *Dir) agentKeys(found []PublicKey, keys []*agent.Key) []PublicKey {
	all := Keys{Keys: found}
	for _, k := range keys {
		key, err := ssh.ParsePublicKey(k.Blob)
		if err != nil || !usable(key) {
			continue
		}
		p := newPublicKey(key, k.Comment, "agent")
		if !all.has(p.Fingerprint) {
			p.Identity = filepath.Join(d.path, agentFile(p.Fingerprint))
			all.Keys = append(all.Keys, p)
		}
	}
	return all.Keys
}

// agentFile names the public half by which ssh asks the agent for one key
// only: six keys too many and sshd hangs up.
func agentFile(fingerprint string) string {
	id := strings.Map(func(r rune) rune {
		if r == '/' || r == '+' {
			return '-'
		}
		return r
	}, strings.TrimPrefix(fingerprint, "SHA256:"))
	return "agent-" + id[:min(len(id), 16)] + ".pub"
}

func (d *Dir) saveAgentKeys(own *os.Root, keys []PublicKey) error {
	for _, key := range keys {
		if key.Source != "agent" {
			continue
		}
		if _, err := d.write(own, filepath.Base(key.Identity), []byte(key.Line+"\n")); err != nil {
			return err
		}
	}
	return nil
}

// ownKey is the pair that berth makes for people without keys.
const ownKey = "id_ed25519"

// makeKey makes the pair, or the public half again where only that was lost.
func (d *Dir) makeKey(own *os.Root) (made bool, err error) {
	var pair KeyPair
	private, err := own.ReadFile(ownKey)
	switch {
	case err == nil:
		pair, err = ParseKeyPair(private)
	case errors.Is(err, fs.ErrNotExist):
		pair, err = NewKeyPair("berth")
		made = true
	}
	if err != nil {
		return false, fmt.Errorf("making %s: %w", d.tilde(filepath.Join(d.path, ownKey)), err)
	}
	if made {
		if _, err := d.write(own, ownKey, pair.Private); err != nil {
			return false, err
		}
	}
	_, err = d.write(own, ownKey+".pub", []byte(pair.Public+" berth\n"))
	return made, err
}

// maxKeyFile is far above any public key.
const maxKeyFile = 64 << 10

// readPublicKey reads a file of exactly one plain public key.
func readPublicKey(path string) (PublicKey, error) {
	data, err := readKeyFile(path)
	if err != nil {
		return PublicKey{}, fmt.Errorf("reading key %s: %w", path, err)
	}
	bad := func(why string) (PublicKey, error) {
		return PublicKey{}, workspace.WithHint(workspace.Usagef("reading key %s: %s", path, why),
			"name a public key file, usually one that ends in .pub")
	}
	if bytes.Contains(data, []byte("PRIVATE KEY")) {
		return bad("this is a private key, which never leaves your machine")
	}
	line := strings.TrimRight(string(data), "\r\n")
	if strings.ContainsAny(line, "\r\n\x00") {
		return bad("it has more than one line")
	}
	key, comment, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	switch {
	case err != nil || len(rest) > 0:
		return bad("this is not a public key")
	case len(options) > 0:
		return bad("it starts with options, which a key of your own does not have; berth keys add carries them over")
	case !usable(key):
		return bad("keys of type " + workspace.Safe(key.Type()) + " are not accepted")
	}
	p := newPublicKey(key, comment, path)
	p.Identity = path
	if private, ok := strings.CutSuffix(path, ".pub"); ok {
		if fi, err := os.Stat(private); err == nil && fi.Mode().IsRegular() {
			p.Identity = private
		}
	}
	return p, nil
}

func readKeyFile(path string) ([]byte, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() || fi.Size() > maxKeyFile {
		return nil, errors.New("not a small regular file")
	}
	return os.ReadFile(path)
}

// usable keeps out certificates, which authorize nothing by themselves, and
// types that sshd no longer takes.
func usable(key ssh.PublicKey) bool {
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoRSA, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
		ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
		return true
	}
	return false
}

func newPublicKey(key ssh.PublicKey, comment, source string) PublicKey {
	line := publicLine(key)
	if comment = workspace.Safe(comment); comment != "" {
		line += " " + comment
	}
	return PublicKey{Line: line, Fingerprint: ssh.FingerprintSHA256(key), Source: source}
}
