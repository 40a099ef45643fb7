package tunnel

import (
	"errors"
	"io"

	"golang.org/x/crypto/ssh"
)

// lockedKey is an encrypted private key. The public half is enough to ask the
// server whether it would accept the key, so nobody types a passphrase for a
// key that is no use.
type lockedKey struct {
	public ssh.PublicKey
	unlock func() (ssh.Signer, error)
	failed func(error)
	signer ssh.Signer // nil until unlocked
}

var _ ssh.AlgorithmSigner = &lockedKey{}

func (k *lockedKey) PublicKey() ssh.PublicKey { return k.public }

func (k *lockedKey) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(rand, data, "")
}

func (k *lockedKey) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	signer, err := k.open()
	if err != nil {
		return nil, err
	}
	if with, ok := signer.(ssh.AlgorithmSigner); ok {
		return with.SignWithAlgorithm(rand, data, algorithm)
	}
	return nil, errors.New("this kind of key cannot sign")
}

// open unlocks the key once.
func (k *lockedKey) open() (ssh.Signer, error) {
	if k.signer != nil {
		return k.signer, nil
	}
	signer, err := k.unlock()
	if err != nil {
		k.failed(err)
		return nil, err
	}
	k.signer = signer
	return signer, nil
}
