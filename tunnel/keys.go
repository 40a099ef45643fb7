package tunnel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Which keys are offered, and in which order: those of Files, in their order,
// and nothing else; without Files, every key of the agent. sshd hangs up
// after six, so offering everything would lock out users with full agents.

// Keys says what a client may authenticate with.
type Keys struct {
	// Files are private keys in OpenSSH's or PEM form, or .pub files, each of
	// which chooses the agent's key (or the private key beside it).
	Files []string
	// Agent is the address of an SSH agent: SSH_AUTH_SOCK, or a named pipe on
	// Windows. "" means none.
	Agent string
	// Passphrase asks for the passphrase of an encrypted file, once the
	// server has agreed to that key. Where it is nil, such files are passed
	// over unless the agent holds the key.
	Passphrase func(path string) ([]byte, error)
}

// ring is the set of keys opened for one handshake.
type ring struct {
	signers []ssh.Signer
	names   []string // of signers, for messages
	agent   io.Closer
	asking  func() func() // called around a question to the user
	failed  error         // why the user's answer did not help
}

// open reads files and asks the agent. Unreadable files are an error, since
// the user has named them; an absent agent is not.
func (k Keys) open(ctx context.Context) (*ring, error) {
	r := &ring{asking: func() func() { return func() {} }}
	var held []ssh.Signer
	var comments map[string]string
	if k.Agent != "" {
		if conn, err := DialAgent(ctx, k.Agent); err == nil {
			r.agent = conn
			held, comments = agentKeys(conn)
			for i, signer := range held {
				held[i] = agentKey{signer, func(err error) { r.failed = err }}
			}
		}
	}
	if len(k.Files) == 0 {
		for _, signer := range held {
			r.add(signer, comments[string(signer.PublicKey().Marshal())])
		}
	}
	for _, path := range k.Files {
		signer, err := k.load(r, path, held)
		if err != nil {
			r.close()
			return nil, err
		}
		if signer != nil {
			r.add(signer, filepath.Base(path))
		}
	}
	return r, nil
}

func (r *ring) add(signer ssh.Signer, name string) {
	r.signers = append(r.signers, signer)
	r.names = append(r.names, strings.TrimSuffix(fingerprint(signer.PublicKey())+" ("+name+")", " ()"))
}

func (r *ring) close() {
	if r.agent != nil {
		_ = r.agent.Close() // only read from
	}
}

// agentKeys lists the agent's keys and their comments. An agent that is
// locked or broken has none.
func agentKeys(conn io.ReadWriter) (signers []ssh.Signer, comments map[string]string) {
	client := agent.NewClient(conn)
	signers, err := client.Signers()
	if err != nil {
		return nil, nil
	}
	comments = map[string]string{}
	if keys, err := client.List(); err == nil {
		for _, key := range keys {
			comments[string(key.Marshal())] = key.Comment
		}
	}
	return signers, comments
}

// load returns the signer for one file, nil when it is passed over.
func (k Keys) load(r *ring, path string, held []ssh.Signer) (ssh.Signer, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading ssh key: %w", err)
	}
	if public, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
		if signer := find(held, public); signer != nil {
			return signer, nil
		}
		private, ok := strings.CutSuffix(path, ".pub")
		if _, err := os.Stat(private); !ok || err != nil {
			return nil, nil // its key is on another machine or in an absent agent
		}
		return k.load(r, private, held)
	}
	signer, err := ssh.ParsePrivateKey(data)
	var locked *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return signer, nil
	case errors.As(err, &locked):
		return k.unlock(r, path, data, publicOf(locked, path), held)
	}
	return nil, fmt.Errorf("reading ssh key %s: %w", path, err)
}

// unlock returns a signer that asks for the passphrase when it is needed.
func (k Keys) unlock(r *ring, path string, data []byte, public ssh.PublicKey, held []ssh.Signer) (ssh.Signer, error) {
	if public != nil {
		if signer := find(held, public); signer != nil {
			return signer, nil
		}
	}
	if k.Passphrase == nil {
		return nil, nil
	}
	key := &lockedKey{public: public, unlock: func() (ssh.Signer, error) {
		defer r.asking()()
		passphrase, err := k.Passphrase(path)
		if err != nil {
			return nil, err
		}
		return ssh.ParsePrivateKeyWithPassphrase(data, passphrase)
	}, failed: func(err error) { r.failed = fmt.Errorf("unlocking ssh key %s: %w", path, err) }}
	if public != nil {
		return key, nil
	}
	return key.open() // an old form that hides its public half: ask now
}

// publicOf finds the public half of an encrypted key.
func publicOf(locked *ssh.PassphraseMissingError, path string) ssh.PublicKey {
	if locked.PublicKey != nil {
		return locked.PublicKey
	}
	data, err := os.ReadFile(path + ".pub")
	if err != nil {
		return nil
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil
	}
	return public
}

// find returns the signer whose public half is public, or nil.
func find(signers []ssh.Signer, public ssh.PublicKey) ssh.Signer {
	for _, signer := range signers {
		if bytes.Equal(signer.PublicKey().Marshal(), public.Marshal()) {
			return signer
		}
	}
	return nil
}
