package kube

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/workspace"
)

// Keys of the Secret NAME-ssh.
const (
	secretHostKey        = "ssh_host_ed25519_key"
	secretHostPublic     = "ssh_host_ed25519_key.pub"
	secretAuthorizedKeys = "authorized_keys"
)

// Identity is what a workspace proves itself with, and who may log in.
type Identity struct {
	HostKey        []byte   // private ed25519 key, OpenSSH PEM; empty where only the public half is known
	HostPublic     string   // "ssh-ed25519 AAAA…", without comment or line break
	AuthorizedKeys []string // public key lines
}

// NewIdentity makes a host key on this machine. authorized are the public key
// lines that may log in; a line that is no public key is an error of kind
// ErrUsage.
func NewIdentity(authorized []string) (Identity, error) {
	keys, err := ParseAuthorizedKeys(authorized)
	if err != nil {
		return Identity{}, err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Identity{}, fmt.Errorf("making a host key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return Identity{}, fmt.Errorf("encoding the host key: %w", err)
	}
	line, err := ssh.NewPublicKey(public)
	if err != nil {
		return Identity{}, fmt.Errorf("encoding the host key: %w", err)
	}
	return Identity{
		HostKey:        pem.EncodeToMemory(block),
		HostPublic:     strings.TrimSpace(string(ssh.MarshalAuthorizedKey(line))),
		AuthorizedKeys: keys,
	}, nil
}

// ParseAuthorizedKeys checks public key lines and returns them without blank
// lines, comments, line breaks and repeated keys. A key that is there with
// options and without keeps the first line.
func ParseAuthorizedKeys(lines []string) ([]string, error) {
	var keys []string
	var seen []string
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, comment, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
		prefix := strings.Join(options, ",")
		if err != nil || len(bytes.TrimSpace(rest)) > 0 || workspace.Safe(prefix) != prefix {
			return nil, workspace.WithHint(workspace.Usagef("%q is not a public key", workspace.Safe(shorten(line))),
				"public keys are the .pub files in ~/.ssh: ssh-ed25519 AAAA… name")
		}
		text := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
		if slices.Contains(seen, text) {
			continue
		}
		seen = append(seen, text)
		if prefix != "" {
			text = prefix + " " + text
		}
		if comment = workspace.Safe(comment); comment != "" {
			text += " " + comment
		}
		keys = append(keys, text)
	}
	return keys, nil
}

// shorten keeps an error line readable.
func shorten(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return s
}

// authorizedFile is the content of authorized_keys.
func (id Identity) authorizedFile() []byte {
	if len(id.AuthorizedKeys) == 0 {
		return []byte{}
	}
	return []byte(strings.Join(id.AuthorizedKeys, "\n") + "\n")
}
