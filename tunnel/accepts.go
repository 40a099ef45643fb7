package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/ssh"
)

// errAsked ends a login at the point at which the server has agreed to a key.
var errAsked = errors.New("the server takes the key")

// askedKey is a public key without its private half. A client names a key to
// the server before it signs anything, and the server says whether it would do:
// that is all that is wanted here.
type askedKey struct{ public ssh.PublicKey }

func (k askedKey) PublicKey() ssh.PublicKey { return k.public }

func (askedKey) Sign(io.Reader, []byte) (*ssh.Signature, error) { return nil, errAsked }

// SignWithAlgorithm makes an RSA key one that may sign with SHA-2, without
// which it would not be named to a server of today.
func (askedKey) SignWithAlgorithm(io.Reader, []byte, string) (*ssh.Signature, error) {
	return nil, errAsked
}

var _ ssh.AlgorithmSigner = askedKey{}

// Accepts asks the server whether it would let a public key, a line of
// authorized_keys, log in from here. Nobody logs in, and the private half is
// not needed. The host key is checked as for Dial; config.Keys are not used.
func Accepts(ctx context.Context, config Config, line string) (bool, error) {
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return false, fmt.Errorf("reading a public key: %w", err)
	}
	pinned, err := parsePin(config.HostKey)
	if err != nil {
		return false, err
	}
	conn, err := config.Dial(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close() }() // the answer is all that matters
	keys := &ring{signers: []ssh.Signer{askedKey{public}}}
	client, err := (&login{config: config, pin: pinned, keys: keys, conn: watch(conn)}).run(ctx)
	var refused *AuthError
	switch {
	case err == nil:
		_ = client.Close() // a server that asks for no proof takes any key
		return true, nil
	case errors.Is(err, errAsked):
		return true, nil
	case errors.As(err, &refused):
		return false, nil
	}
	return false, err
}
