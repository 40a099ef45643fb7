package bundle_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/sshconf/bundle"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// certificate is a PEM certificate that signs itself.
func certificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// file is an alias behind a gateway with TLS.
func file(t *testing.T) alias.File {
	t.Helper()
	pair, err := sshconf.NewKeyPair("")
	if err != nil {
		t.Fatal(err)
	}
	return alias.File{
		Alias: "api.team-a.berth", Cluster: "c-1", Namespace: "team-a", Name: "api", UID: "u-1", User: "dev", HostKey: pair.Public,
		Transport: alias.Gateway, Address: "ssh.example.com:443", Authority: "api--team-a.ssh.example.com:22",
		TLS: true, ServerName: "*", CA: "/state/ca.pem", Kubeconfig: "/home/dev/.kube/config", Context: "prod",
		TokenFile: "/home/dev/token", ClientCert: "/home/dev/me.pem", ClientKey: "/home/dev/me.key", Proxy: "http://me:s3cret@proxy:3128",
	}
}

// exported is the YAML of a bundle of f.
func exported(t *testing.T, f alias.File, ca []byte) string {
	t.Helper()
	b, err := bundle.New(f, "prod", ca)
	if err != nil {
		t.Fatal(err)
	}
	text, err := b.YAML()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatIsExportedIsImported(t *testing.T) {
	t.Parallel()
	f, ca := file(t), certificate(t)
	b, err := bundle.New(f, "prod", ca)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := b.YAML()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := b.JSON()
	if err != nil {
		t.Fatal(err)
	}
	want := f
	want.Alias, want.CA, want.Kubeconfig, want.Context = "", "/here/ca.pem", "", ""
	want.TokenFile, want.ClientCert, want.ClientKey, want.Proxy = "", "", "", ""
	for form, text := range map[string]string{
		"yaml": string(asYAML), "json": string(asJSON),
		"through a mail":          strings.ReplaceAll(string(asYAML), "\n", "\r\n"),
		"without its last return": strings.TrimSpace(string(asYAML)),
	} {
		got, err := bundle.Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		if diff := cmp.Diff(want, got.File("/here/ca.pem")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
		if diff := cmp.Diff([]string{bundle.Token, bundle.ClientCertificate}, got.Wants); diff != "" {
			t.Errorf("%s: wants (-want +got):\n%s", form, diff)
		}
		if got.CA() != string(ca) || got.Cluster.Name != "prod" {
			t.Errorf("%s: CA %q, cluster %q", form, got.CA(), got.Cluster.Name)
		}
	}
}

func TestABundleHoldsNothingOfThisMachine(t *testing.T) {
	t.Parallel()
	text := exported(t, file(t), certificate(t))
	for _, secret := range []string{"/home/", "/state/", "kube", "context", "s3cret", "proxy:"} {
		if strings.Contains(text, secret) {
			t.Errorf("the bundle says %q:\n%s", secret, text)
		}
	}
}

func TestEveryCutIsNoticed(t *testing.T) {
	t.Parallel()
	text := strings.TrimSpace(exported(t, file(t), certificate(t)))
	for n := range len(text) {
		if _, err := bundle.Parse([]byte(text[:n])); !errors.Is(err, workspace.ErrUsage) {
			t.Fatalf("cut after %d bytes: error %v\n%s", n, err, text[:n])
		}
	}
}

func TestBadBundlesAreRefused(t *testing.T) {
	t.Parallel()
	good := exported(t, file(t), certificate(t))
	for name, tt := range map[string]struct{ text, want string }{
		"empty":          {"", "it is empty"},
		"a comment":      {"# hello\n", "it is empty"},
		"another file":   {"apiVersion: v1\nkind: Config\n", "not a workspace that berth has exported"},
		"a list":         {"- a\n- b\n", "cannot unmarshal"},
		"binary":         {"\x00\x01\x02", "control characters"},
		"newer":          {strings.Replace(good, "version: 1", "version: 2", 1) + "future: true\n", "written by a newer berth"},
		"no version":     {strings.Replace(good, "version: 1", "version: 0", 1), "no version"},
		"tampered":       {strings.Replace(good, "ssh.example.com:443", "ssh.example.org:443", 1), "changed after it was exported"},
		"another field":  {good + "proxyCommand: evil\n", "proxyCommand not found"},
		"a field twice":  {good + "user: root\n", "already defined"},
		"two":            {good + "---\n" + good, "something follows it"},
		"too large":      {good + strings.Repeat("#", bundle.MaxSize), "larger than 64 KiB"},
		"without a sum":  {good[:strings.Index(good, "sum:")], "cut short"},
		"anchored bombs": {"a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\n", "not a workspace"},
	} {
		_, err := bundle.Parse([]byte(tt.text))
		if !errors.Is(err, workspace.ErrUsage) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
}

// Whoever changes a value can also compute the sum, so each passes its grammar
// as well.
func TestValuesPassTheirGrammar(t *testing.T) {
	t.Parallel()
	ca := string(certificate(t))
	for name, spoil := range map[string]func(*alias.File, *string){
		"alias":             func(f *alias.File, _ *string) { f.Alias = "api.team-a.example.com" },
		"alias with option": func(f *alias.File, _ *string) { f.Alias = "-oProxyCommand=x.team-a.berth" },
		"user":              func(f *alias.File, _ *string) { f.User = "$(id)" },
		"user with newline": func(f *alias.File, _ *string) { f.User = "dev\nProxyCommand evil" },
		"host key":          func(f *alias.File, _ *string) { f.HostKey = "ssh-rsa AAAA" },
		"two host keys":     func(f *alias.File, _ *string) { f.HostKey += "\n" + f.HostKey },
		"no host key":       func(f *alias.File, _ *string) { f.HostKey = "" },
		"address":           func(f *alias.File, _ *string) { f.Address = "ssh.example.com" },
		"address with tab":  func(f *alias.File, _ *string) { f.Address = "ssh.example.com\t:443" },
		"port":              func(f *alias.File, _ *string) { f.Address = "ssh.example.com:0" },
		"service name":      func(f *alias.File, _ *string) { f.Address = "ssh.example.com:https" },
		"authority":         func(f *alias.File, _ *string) { f.Authority = "a:22 HTTP/1.1\r\nX: y" },
		"no authority":      func(f *alias.File, _ *string) { f.Authority = "" },
		"direct with one": func(f *alias.File, _ *string) {
			f.Transport, f.TLS, f.TokenFile, f.ClientCert = alias.Direct, false, "", ""
		},
		"transport":       func(f *alias.File, _ *string) { f.Transport = "exec" },
		"cluster":         func(f *alias.File, _ *string) { f.Cluster = "../../x" },
		"no cluster":      func(f *alias.File, _ *string) { f.Cluster = "" },
		"uid":             func(f *alias.File, _ *string) { f.UID = "u 1" },
		"server name":     func(f *alias.File, _ *string) { f.ServerName = "*.example.com\n" },
		"any name, no CA": func(_ *alias.File, ca *string) { *ca = "" },
		"CA":              func(_ *alias.File, ca *string) { *ca = "not PEM" },
		"CA with a key": func(_ *alias.File, ca *string) {
			*ca += "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
		},
		"CA cut short": func(_ *alias.File, ca *string) { *ca += "-----BEGIN CERTIFICATE-----\nAAAA" },
	} {
		f, pem := file(t), ca
		spoil(&f, &pem)
		if b, err := bundle.New(f, "prod", []byte(pem)); err == nil {
			t.Errorf("%s: made %+v", name, b)
		} else if text, err := b.YAML(); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if _, err := bundle.Parse(text); !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("%s: reading it: %v", name, err)
		}
	}
	if _, err := bundle.New(file(t), "Prod Cluster", []byte(ca)); err == nil {
		t.Error("a cluster's name that is no slug was taken")
	}
}

func TestABundleSaysWhatTheGatewayWants(t *testing.T) {
	t.Parallel()
	f := file(t)
	f.TokenFile, f.ClientCert, f.ClientKey = "", "", ""
	for _, wants := range [][]string{nil, {bundle.Token}, {bundle.Token, bundle.ClientCertificate}} {
		b, err := bundle.New(f, "prod", certificate(t), wants...)
		if diff := cmp.Diff(wants, b.Wants); err != nil || diff != "" {
			t.Errorf("%v: %v, %s", wants, err, diff)
		}
	}
	f.TLS = false
	if _, err := bundle.New(f, "prod", nil, bundle.Token); !errors.Is(err, workspace.ErrUsage) {
		t.Errorf("a token that others can read: %v", err)
	}
	f.TokenFile = "/home/dev/token" // which is never sent without TLS
	if b, err := bundle.New(f, "prod", nil); err != nil || len(b.Wants) > 0 {
		t.Errorf("a token that is not asked for: %v, %v", b.Wants, err)
	}
}

func TestPortForwardIsNotHandedOver(t *testing.T) {
	t.Parallel()
	f := file(t)
	f.Transport = alias.PortForward
	if _, err := bundle.New(f, "prod", nil); err == nil || workspace.HintOf(err) == "" {
		t.Errorf("error %v without a hint", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("berth: workspace\nversion: 1\nalias: a.b.berth\n"))
	f.Add([]byte(`{"berth":"workspace","version":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := bundle.Parse(data)
		if err != nil {
			return
		}
		if _, err := b.File("/ca").Encode(); err != nil {
			t.Errorf("a bundle that was read cannot be written: %v", err)
		}
	})
}
