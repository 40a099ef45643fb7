package tunnel

import (
	"fmt"
	"io"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/workspace"
)

// agentKey is a key of the agent. An agent may show a key and not sign with it:
// its user has not confirmed, or the card that holds it is out. The library
// ends the login at that, so what it was is kept.
type agentKey struct {
	ssh.Signer
	failed func(error)
}

var _ ssh.AlgorithmSigner = agentKey{}

func (k agentKey) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	signature, err := k.Signer.Sign(rand, data)
	return signature, k.told(err)
}

// SignWithAlgorithm is how RSA keys sign with SHA-2.
func (k agentKey) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	with, ok := k.Signer.(ssh.AlgorithmSigner)
	if !ok {
		return k.Sign(rand, data)
	}
	signature, err := with.SignWithAlgorithm(rand, data, algorithm)
	return signature, k.told(err)
}

func (k agentKey) told(err error) error {
	if err != nil {
		err = workspace.WithHint(fmt.Errorf("the ssh agent would not sign with %s: %w", fingerprint(k.PublicKey()), err),
			"confirm it where the agent asks, put in the card that holds the key, or have another key let in: berth keys add NAME KEY")
		k.failed(err)
	}
	return err
}
