package gateway_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/kube/gateway"
	"github.com/berth-sh/berth/workspace"
)

// secureKinds are the kinds that can have TLS and tokens.
var secureKinds = []string{"istio", "istio-static", "istio-envoyfilter", "envoy", "envoy-gateway"}

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "pki", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// variants are the options that change how clients and gateway know each other.
func variants(t *testing.T) map[string]func(*gateway.Options) {
	tls := func(o *gateway.Options) {
		o.TLS = gateway.TLS{Secret: "connect-tls", CA: fixture(t, "gateway-ca.pem")}
	}
	return map[string]func(*gateway.Options){
		"tls": tls,
		"certs": func(o *gateway.Options) {
			tls(o)
			o.TLS.ServerName, o.TLS.ClientCA = "*", fixture(t, "people-ca.pem")
			o.Namespaces = []string{"team-a", "team-b"}
		},
		"token": func(o *gateway.Options) {
			tls(o)
			o.Token = gateway.Token{Issuer: "https://id.acme-x.test/", JWKSURI: "https://id.acme-x.test/keys", Audiences: []string{"berth"}}
		},
		"keys": func(o *gateway.Options) {
			tls(o)
			o.Token = gateway.Token{Issuer: "https://id.acme-x.test", JWKS: fixture(t, "keys.json"), Audiences: []string{"berth", "ssh:gateway"}}
		},
	}
}

// TestSecureManifest compares what TLS, client certificates and tokens make of
// each kind with testdata.
func TestSecureManifest(t *testing.T) {
	for _, kind := range secureKinds {
		for variant, change := range variants(t) {
			if strings.HasPrefix(kind, "istio-") && variant != "token" {
				continue // the parts are istio's
			}
			t.Run(kind+" "+variant, func(t *testing.T) {
				o := gateway.Options{Kind: kind, Domain: "ws.acme-x.test", Address: "connect.acme-x.test:443"}
				change(&o)
				got, err := gateway.Manifest(o)
				if err != nil {
					t.Fatal(err)
				}
				golden := filepath.Join("testdata", kind+"-"+variant+".yaml")
				if *update {
					if err := os.WriteFile(golden, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("(-want +got; -update rewrites):\n%s", diff)
				}
				for _, left := range []string{"example.com", "http-connect\n", "number: 80\n", "port: 80\n"} {
					if strings.Contains(strings.ReplaceAll(string(got), "https-connect", ""), left) {
						t.Errorf("%q is left in it", left)
					}
				}
			})
		}
	}
}

// What a manifest publishes of TLS is what berth reads, and holds no path, no
// command and no key.
func TestThePublishedCredentialsAreRead(t *testing.T) {
	for variant, change := range variants(t) {
		t.Run(variant, func(t *testing.T) {
			o := gateway.Options{Kind: "istio", Domain: "ws.acme-x.test", Address: "connect.acme-x.test:443"}
			change(&o)
			want := workspace.Gateway{Kind: "istio", Address: o.Address, Domain: o.Domain, TLS: workspace.GatewayTLS{ServerName: "connect.acme-x.test", CA: string(o.TLS.CA)}}
			switch variant {
			case "certs":
				want.TLS.ServerName, want.TLS.ClientCertificate = "*", workspace.Required
			case "token", "keys":
				want.Token = workspace.Required
			}
			data, err := gateway.Manifest(o)
			if err != nil {
				t.Fatal(err)
			}
			inst, err := kube.ParseInstallation([]byte(published(t, data)), func(warning string) { t.Error(warning) })
			if diff := cmp.Diff(want, inst.Gateway); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// published is the text in a manifest's ConfigMap.
func published(t *testing.T, manifest []byte) string {
	t.Helper()
	docs := yaml.NewDecoder(strings.NewReader(string(manifest)))
	for {
		var doc struct {
			Kind string
			Data map[string]string
		}
		if err := docs.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		if doc.Kind == "ConfigMap" {
			return doc.Data["berth.yaml"]
		}
	}
}

func TestSecurityOptionsThatMakeNoManifest(t *testing.T) {
	ca, keys := fixture(t, "gateway-ca.pem"), fixture(t, "keys.json")
	good := gateway.Options{
		Kind: "istio", Domain: "ssh.acme.test", TLS: gateway.TLS{Secret: "connect-tls", CA: ca, ClientCA: ca},
		Token: gateway.Token{Issuer: "https://id.acme.test", JWKS: keys, Audiences: []string{"berth"}},
	}
	if _, err := gateway.Manifest(good); err != nil {
		t.Fatal(err)
	}
	leaf, key := selfSigned(t, time.Hour)
	expired, _ := selfSigned(t, -time.Hour)
	for name, tc := range map[string]struct {
		spoil func(*gateway.Options)
		want  string
	}{
		"a token in the clear":     {func(o *gateway.Options) { o.TLS = gateway.TLS{} }, "tokens need TLS"},
		"a CA without TLS":         {func(o *gateway.Options) { o.TLS, o.Token = gateway.TLS{CA: ca}, gateway.Token{} }, "TLS needs the gateway's certificate"},
		"a name without TLS":       {func(o *gateway.Options) { o.TLS, o.Token = gateway.TLS{ServerName: "a.test"}, gateway.Token{} }, "TLS needs"},
		"certificates without TLS": {func(o *gateway.Options) { o.TLS, o.Token = gateway.TLS{ClientCertificates: true}, gateway.Token{} }, "TLS needs"},
		"a Secret of no name":      {func(o *gateway.Options) { o.TLS.Secret = "connect tls" }, "is not the name of a Secret"},
		"a Secret elsewhere":       {func(o *gateway.Options) { o.TLS.Secret = "other/connect" }, "is not the name of a Secret"},
		"a server of no name":      {func(o *gateway.Options) { o.TLS.ServerName = "*.acme.test" }, "neither a host name nor *"},
		"any name of public roots": {func(o *gateway.Options) { o.TLS.ServerName, o.TLS.CA = "*", nil }, "needs a CA of your own"},
		"a private key as CA":      {func(o *gateway.Options) { o.TLS.CA = append(ca[:len(ca):len(ca)], key...) }, "--tls-ca holds a PRIVATE KEY"},
		"a private key of clients": {func(o *gateway.Options) { o.TLS.ClientCA = key }, "--client-ca holds a PRIVATE KEY"},
		"no PEM":                   {func(o *gateway.Options) { o.TLS.CA = []byte("hello") }, "--tls-ca holds no PEM"},
		"half a certificate":       {func(o *gateway.Options) { o.TLS.CA = append(ca[:len(ca):len(ca)], ca[:100]...) }, "ends in a broken certificate"},
		"nonsense in PEM": {func(o *gateway.Options) {
			o.TLS.CA = []byte("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n")
		}, "a broken certificate"},
		"an expired CA":              {func(o *gateway.Options) { o.TLS.CA = expired }, "expired on"},
		"a leaf as the clients' CA":  {func(o *gateway.Options) { o.TLS.ClientCA = leaf }, "is no CA's"},
		"no issuer":                  {func(o *gateway.Options) { o.Token.Issuer = "" }, "need their issuer"},
		"any issuer":                 {func(o *gateway.Options) { o.Token.Issuer = "https://*" }, "is not an issuer"},
		"an issuer of two lines":     {func(o *gateway.Options) { o.Token.Issuer = "a\nb" }, "is not an issuer"},
		"no keys":                    {func(o *gateway.Options) { o.Token.JWKS = nil }, "from one place"},
		"keys twice":                 {func(o *gateway.Options) { o.Token.JWKSURI = "https://id.acme.test/keys" }, "from one place"},
		"no audience":                {func(o *gateway.Options) { o.Token.Audiences = nil }, "need an audience"},
		"an empty audience":          {func(o *gateway.Options) { o.Token.Audiences = []string{""} }, "is not an audience"},
		"keys that others may write": {func(o *gateway.Options) { o.Token.JWKS, o.Token.JWKSURI = nil, "http://id.acme.test/keys" }, "is not an https URL"},
		"keys with a password":       {func(o *gateway.Options) { o.Token.JWKS, o.Token.JWKSURI = nil, "https://a:b@id.acme.test/keys" }, "is not an https URL"},
		"no set of keys":             {func(o *gateway.Options) { o.Token.JWKS = []byte(`{"kty":"EC"}`) }, "holds no JSON Web Key Set"},
		"an empty set":               {func(o *gateway.Options) { o.Token.JWKS = []byte(`{"keys":[]}`) }, "holds no JSON Web Key Set"},
		"a key of no type":           {func(o *gateway.Options) { o.Token.JWKS = []byte(`{"keys":[{"n":"x"}]}`) }, "has no type"},
		"a private key of tokens":    {func(o *gateway.Options) { o.Token.JWKS = []byte(`{"keys":[{"kty":"EC","d":"x"}]}`) }, "holds a private key"},
		"a shared secret":            {func(o *gateway.Options) { o.Token.JWKS = []byte(`{"keys":[{"kty":"oct","k":"x"}]}`) }, "holds a private key"},
	} {
		o := good
		tc.spoil(&o)
		if data, err := gateway.Manifest(o); !errors.Is(err, workspace.ErrUsage) || !strings.Contains(err.Error(), tc.want) || data != nil {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
	}
}

// With a port or an address of its own a workspace's sshd is reached as it is:
// there is nobody who would speak TLS, or ask for a token.
func TestKindsWithoutATunnelTakeNoCredentials(t *testing.T) {
	ca := fixture(t, "gateway-ca.pem")
	for kind, domain := range map[string]string{"tcp-port": "ssh.acme.test", "load-balancer": "", "port-forward": ""} {
		for name, o := range map[string]gateway.Options{
			"TLS":          {TLS: gateway.TLS{Secret: "connect-tls", CA: ca}},
			"certificates": {TLS: gateway.TLS{Secret: "connect-tls", CA: ca, ClientCertificates: true}},
			"a token":      {TLS: gateway.TLS{Secret: "connect-tls"}, Token: gateway.Token{Issuer: "https://id.acme.test", JWKS: fixture(t, "keys.json"), Audiences: []string{"berth"}}},
		} {
			o.Kind, o.Domain = kind, domain
			if data, err := gateway.Manifest(o); !errors.Is(err, workspace.ErrUsage) || !strings.Contains(err.Error(), "kind "+kind+" ") || data != nil {
				t.Errorf("%s with %s: error %v", kind, name, err)
			}
		}
	}
}

// selfSigned makes a certificate that is no CA's and ends in a while, and its
// key.
func selfSigned(t *testing.T, in time.Duration) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "somebody"}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(in)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}
