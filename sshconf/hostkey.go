package sshconf

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// KeyPair is an ed25519 key: a workspace's host key, or the user's own.
type KeyPair struct {
	Private []byte // OpenSSH PEM, without passphrase
	Public  string // "ssh-ed25519 AAAA…", the form of a pin
}

// NewKeyPair makes a key. comment is stored inside the private half.
func NewKeyPair(comment string) (KeyPair, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return KeyPair{}, fmt.Errorf("making a key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return KeyPair{}, fmt.Errorf("encoding a key: %w", err)
	}
	return ParseKeyPair(pem.EncodeToMemory(block))
}

// ParseKeyPair reads the private half of an ed25519 key, as it lies in a
// workspace's Secret, and gives both halves.
func ParseKeyPair(private []byte) (KeyPair, error) {
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		return KeyPair{}, fmt.Errorf("reading a private key: %w", err)
	}
	public := signer.PublicKey()
	if public.Type() != ssh.KeyAlgoED25519 {
		return KeyPair{}, fmt.Errorf("reading a private key: it is %s, only %s is used", public.Type(), ssh.KeyAlgoED25519)
	}
	return KeyPair{Private: bytes.Clone(private), Public: publicLine(public)}, nil
}

// Fingerprint gives "SHA256:…" of a host key as alias files and pins hold it.
func Fingerprint(hostKey string) (string, error) {
	key, err := parseHostKey(hostKey)
	if err != nil {
		return "", err
	}
	return ssh.FingerprintSHA256(key), nil
}
