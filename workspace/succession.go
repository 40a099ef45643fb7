package workspace

// How a new host key is told from a stranger's.
//
// A pin that changes is an error, unless the old key itself says which key
// comes after it. At a rotation the old private key signs the new public one,
// and the record of all such links stays with the workspace, as an annotation.
// Whoever has pinned any earlier key can follow the links to the present one.
// Somebody who may write annotations, and does not have the old private key,
// can make no link.

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// maxLinks bounds the record: a laptop that has slept through more rotations
// has to confirm the new fingerprint by hand.
const maxLinks = 16

const ed25519Type = "ssh-ed25519"

var errHostKey = errors.New("host key is not of the form \"ssh-ed25519 AAAA…\"")

// Succeed adds the link from the host key that private belongs to, to next, a
// public line. The record is empty at the first rotation.
func Succeed(record string, private ed25519.PrivateKey, next string) (string, error) {
	public, ok := private.Public().(ed25519.PublicKey)
	if !ok {
		return "", errHostKey
	}
	following, err := hostKeyBytes(next)
	if err != nil {
		return "", err
	}
	key := base64.StdEncoding.EncodeToString(public) + " "
	before := links(record)
	// A link that was written for a rotation that was then cut off.
	if i := slices.IndexFunc(before, func(link string) bool { return strings.HasPrefix(link, key) }); i >= 0 {
		before = before[:i]
	}
	before = append(before, key+base64.StdEncoding.EncodeToString(ed25519.Sign(private, linkText(public, following))))
	return strings.Join(before[max(0, len(before)-maxLinks):], "\n"), nil
}

// Succeeds reports whether the record leads from the pinned host key to now.
func Succeeds(record, pinned, now string) bool {
	from, err := hostKeyBytes(pinned)
	if err != nil {
		return false
	}
	to, err := hostKeyBytes(now)
	if err != nil || bytes.Equal(from, to) {
		return false
	}
	type link struct {
		key       ed25519.PublicKey
		signature []byte
	}
	var chain []link
	for _, text := range links(record) {
		key, signature, _ := strings.Cut(text, " ")
		k, keyErr := base64.StdEncoding.DecodeString(key)
		s, err := base64.StdEncoding.DecodeString(signature)
		if keyErr != nil || err != nil || len(k) != ed25519.PublicKeySize {
			return false
		}
		chain = append(chain, link{k, s})
	}
	chain = append(chain, link{key: to})
	for i := range chain[:len(chain)-1] {
		if !bytes.Equal(chain[i].key, from) {
			continue
		}
		for ; i < len(chain)-1; i++ {
			if !ed25519.Verify(chain[i].key, linkText(chain[i].key, chain[i+1].key), chain[i].signature) {
				return false
			}
		}
		return true
	}
	return false
}

// linkText is what a host key signs; an ssh signature never begins so.
func linkText(from, to ed25519.PublicKey) []byte {
	return append(append([]byte("berth: host key succession v1\n"), from...), to...)
}

func links(record string) []string {
	if record == "" {
		return nil
	}
	all := strings.Split(record, "\n")
	return all[max(0, len(all)-maxLinks):]
}

// hostKeyBytes takes the key out of its public line.
func hostKeyBytes(line string) (ed25519.PublicKey, error) {
	kind, encoded, ok := strings.Cut(line, " ")
	blob, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || kind != ed25519Type {
		return nil, errHostKey
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(len(ed25519Type)))
	head = append(head, ed25519Type...)
	head = binary.BigEndian.AppendUint32(head, ed25519.PublicKeySize)
	key, ok := bytes.CutPrefix(blob, head)
	if !ok || len(key) != ed25519.PublicKeySize {
		return nil, errHostKey
	}
	return key, nil
}
