package tunnel

import (
	"bytes"
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/workspace"
)

// pin is the one host key that a server may have.
type pin struct {
	key ssh.PublicKey
}

// parsePin reads a line of the form "ssh-ed25519 AAAA…".
func parsePin(line string) (pin, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		err = fmt.Errorf("reading the pinned host key: %w", err)
		return pin{}, workspace.WithHint(err, "`berth ssh-config install` renews the alias")
	}
	return pin{key}, nil
}

// algorithms lists what the server may sign with. Without it the library
// prefers other kinds of key, and a server that has several would present one
// that is not the pinned one.
func (p pin) algorithms() []string {
	if p.key.Type() == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{p.key.Type()}
}

// check is an ssh.HostKeyCallback.
func (p pin) check(_ string, _ net.Addr, key ssh.PublicKey) error {
	if bytes.Equal(p.key.Marshal(), key.Marshal()) {
		return nil
	}
	return workspace.WithHint(&HostKeyError{Want: fingerprint(p.key), Got: fingerprint(key)},
		"something else answers at the workspace's address, or its identity was replaced: do not type secrets; ask whoever runs the cluster\nfor two minutes after berth keys rotate-host it may still be the old key; berth ls follows such a rotation")
}
