package controlplane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/moby/sys/atomicwriter"
)

// The authority outlives any sandbox; certificates are replaced at the first
// start at which less than renewBefore is left of them.
const (
	authorityLife   = 20 * 365 * 24 * time.Hour
	certificateLife = 5 * 365 * 24 * time.Hour
	renewBefore     = 365 * 24 * time.Hour
)

// authority is the sandbox's certificate authority: one for all purposes,
// random, and trusted by nothing but the sandbox's own programs.
type authority struct {
	dir  string
	now  time.Time
	cert *x509.Certificate
	key  crypto.Signer
}

// subject says whom a certificate names and what it is good for.
type subject struct {
	file   string // base name of the .crt and .key files
	name   string // common name: the user in RBAC, where it is a client's
	groups []string
	server bool
	ip     net.IP // of the server, beside the loopback address
}

// openAuthority reads the authority in dir, or makes one where there is none
// or where what there is cannot be used. A new authority makes every
// certificate of the old one invalid, so they are all replaced too.
func openAuthority(dir string, now time.Time) (*authority, error) {
	a := &authority{dir: dir, now: now}
	pair, err := a.load("ca")
	if err == nil && pair.Leaf.IsCA && pair.Leaf.NotAfter.Sub(now) > certificateLife {
		key, ok := pair.PrivateKey.(crypto.Signer)
		if ok {
			a.cert, a.key = pair.Leaf, key
			return a, nil
		}
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "berth-sandbox"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		NotAfter:              now.Add(authorityLife),
	}
	pair, err = a.issue("ca", template)
	if err != nil {
		return nil, err
	}
	a.cert, a.key = pair.Leaf, pair.PrivateKey.(crypto.Signer) //nolint:forcetypeassert // issue made it
	return a, nil
}

// certificate returns the subject's certificate, a new one unless the one on
// disk still serves.
func (a *authority) certificate(s subject) (tls.Certificate, error) {
	want := &x509.Certificate{
		Subject:     pkix.Name{CommonName: s.name, Organization: s.groups},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotAfter:    a.now.Add(certificateLife),
	}
	if s.server {
		want.ExtKeyUsage = append(want.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		want.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1).To4(), serviceIP}
		if s.ip != nil {
			want.IPAddresses = append(want.IPAddresses, s.ip.To4())
		}
		want.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	}
	if pair, err := a.load(s.file); err == nil && a.serves(pair.Leaf, want) {
		return pair, nil
	}
	return a.issue(s.file, want)
}

// serves reports whether have can be used where want was asked for.
func (a *authority) serves(have, want *x509.Certificate) bool {
	return have.CheckSignatureFrom(a.cert) == nil &&
		have.NotAfter.Sub(a.now) > renewBefore &&
		have.Subject.CommonName == want.Subject.CommonName &&
		slices.Equal(have.Subject.Organization, want.Subject.Organization) &&
		slices.Equal(have.ExtKeyUsage, want.ExtKeyUsage) &&
		slices.Equal(have.DNSNames, want.DNSNames) &&
		slices.EqualFunc(have.IPAddresses, want.IPAddresses, net.IP.Equal)
}

func (a *authority) load(file string) (tls.Certificate, error) {
	return tls.LoadX509KeyPair(a.path(file+".crt"), a.path(file+".key"))
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

// issue makes a key and signs template for it: by the authority, or by itself
// while there is none.
func (a *authority) issue(file string, template *x509.Certificate) (tls.Certificate, error) {
	pair, err := a.sign(file, template)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making certificate %s: %w", a.path(file), err)
	}
	return pair, nil
}

func (a *authority) sign(file string, template *x509.Certificate) (tls.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	template.SerialNumber = serial
	template.NotBefore = a.now.Add(-time.Hour) // clocks of virtual machines jump back after a pause
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	parent, signer := template, crypto.Signer(key)
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := writeKey(a.path(file+".key"), key); err != nil {
		return tls.Certificate{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := atomicwriter.WriteFile(a.path(file+".crt"), text, 0o600); err != nil {
		return tls.Certificate{}, err
	}
	return a.load(file)
}

// ensureKey makes the private key at path unless there is one.
func ensureKey(path string) error {
	if data, err := os.ReadFile(path); err == nil {
		if block, _ := pem.Decode(data); block != nil {
			return nil
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making key %s: %w", path, err)
	}
	return writeKey(path, key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encoding key %s: %w", path, err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	if err := atomicwriter.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("writing key %s: %w", path, err)
	}
	return nil
}
