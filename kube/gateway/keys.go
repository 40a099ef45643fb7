package gateway

// What is read from an administrator's files. It ends in objects that everybody
// may read, so anything private in it is refused rather than left out: whoever
// gives it has taken the wrong file.

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// certificates returns the PEM certificates in data and nothing else of it. of
// names the option; no data is none.
func certificates(of string, data []byte) ([]byte, error) {
	var out bytes.Buffer
	rest := data
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, workspace.WithHint(workspace.Usagef("%s holds a %s", of, workspace.Safe(block.Type)), "give the certificates alone; everybody will be able to read them")
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, workspace.Usagef("%s holds a broken certificate: %v", of, err)
		}
		if now := time.Now(); now.After(cert.NotAfter) {
			return nil, workspace.Usagef("%s: the certificate of %s expired on %s", of, workspace.Safe(cert.Subject.String()), cert.NotAfter.UTC().Format(time.DateOnly))
		}
		if err := pem.Encode(&out, &pem.Block{Type: block.Type, Bytes: block.Bytes}); err != nil {
			return nil, workspace.Usagef("%s: %v", of, err)
		}
	}
	if len(data) > 0 && out.Len() == 0 {
		return nil, workspace.Usagef("%s holds no PEM certificate", of)
	}
	if bytes.Contains(rest, []byte("-----BEGIN")) {
		return nil, workspace.Usagef("%s ends in a broken certificate", of)
	}
	return out.Bytes(), nil
}

// authorities refuses certificates that can sign none.
func authorities(of string, data []byte) error {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil || !cert.IsCA {
			return workspace.WithHint(workspace.Usagef("%s holds a certificate that is no CA's", of), "give the CA that signs the clients' certificates")
		}
	}
	return nil
}

// keySet returns a JSON Web Key Set on one line.
func keySet(of string, data []byte) ([]byte, error) {
	var set struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil || len(set.Keys) == 0 {
		return nil, workspace.WithHint(workspace.Usagef("%s holds no JSON Web Key Set", of), `it is what the issuer serves as its jwks_uri: {"keys": [...]}`)
	}
	for _, key := range set.Keys {
		if key["kty"] == nil {
			return nil, workspace.Usagef("%s: a key has no type (kty)", of)
		}
		// d is the private part of an RSA or elliptic key, k a shared secret.
		if key["d"] != nil || key["k"] != nil {
			return nil, workspace.WithHint(workspace.Usagef("%s holds a private key", of), "give the public keys alone; everybody will be able to read them")
		}
	}
	var out bytes.Buffer
	if err := json.Compact(&out, data); err != nil {
		return nil, workspace.Usagef("%s: %v", of, err)
	}
	return out.Bytes(), nil
}
