package cli

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

func settings(t *testing.T, text string) (userConfig, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return readConfig(path)
}

func TestMistakesInGatewaySettingsAreNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"gateways: {prod: {host: x}}":                                   "line 1: field host is not known",
		"gateways: {prod: text}":                                        "line 1: cannot unmarshal",
		"gateways: [prod]":                                              "line 1: cannot unmarshal",
		"gateways: {prod: {address: ssh.example.com}}":                  `gateways.prod: address "ssh.example.com" is not HOST:PORT`,
		"gateways: {prod: {address: 'a b:22'}}":                         "is not HOST:PORT",
		"gateways: {prod: {address: 'a:0'}}":                            "is not HOST:PORT",
		"gateways: {prod: {address: ':22'}}":                            "is not HOST:PORT",
		"gateways: {prod: {proxy: 'ftp://me:s3cret@proxy'}}":            `gateways.prod: proxy: scheme "ftp" is not one of`,
		"gateways: {prod: {proxy: 'http://me:s3cret%zz@proxy'}}":        "gateways.prod: proxy: not a url",
		"gateways: {prod: {tokenFile: token}}":                          `tokenFile "token" is neither an absolute path nor below ~/`,
		"gateways: {prod: {tokenFile: \"/a\\nproxy x\"}}":               "contains a line break",
		"gateways: {prod: {tokenCommand: []}, b: {tokenCommand: ['']}}": "gateways.b: tokenCommand names no program",
		"gateways: {prod: {tokenCommand: [./sso]}}":                     `tokenCommand "./sso" is neither an absolute path, nor below ~/, nor a name`,
		"gateways: {prod: {tokenCommand: [sso, \"a\\nb\"]}}":            "contains a line break",
		"gateways: {prod: {tokenCommand: sso --for prod}}":              "line 1: cannot unmarshal",
		"gateways: {prod: {tokenFile: /t, tokenCommand: [sso]}}":        "both set",
		"gateways: {prod: {clientKey: /k}}":                             "clientKey is set without clientCertificate",
		"gateways: {prod: {clientCertificate: c.pem, clientKey: /k}}":   `clientCertificate "c.pem"`,
		"gateways: {\"pr\\e[2Jod\": {clientKey: /k}}":                   "clientKey is set without",
	} {
		_, err := settings(t, text)
		if !errors.Is(err, workspace.ErrUsage) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

// What the user says, by context or by the cluster's name, gets into the alias
// file; what they do not say stays as the cluster publishes it.
func TestGatewaySettingsReachTheAliasFile(t *testing.T) {
	t.Parallel()
	config, err := settings(t, `
gateways:
  dev@prod:
    address: 10.0.0.7:8443
    proxy: socks5://me:s3cret@proxy.corp:1080
    tokenCommand: ["true", --for, my gateway]
    clientCertificate: ~/me.pem
    clientKey: /keys/me.key
  stage:
    tokenCommand: [no-such-program-here]
  plain:
    address: "[fd00::1]:80"
    proxy: none
    tokenFile: ~/token
`)
	if err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	published := alias.File{Transport: alias.Gateway, Address: "ssh.example.com:443", TLS: true}
	for name, tt := range map[string]struct {
		place place
		from  alias.File
		want  alias.File
	}{
		"everything": {
			place{context: "dev@prod"},
			published,
			alias.File{
				Transport: alias.Gateway, Address: "10.0.0.7:8443", TLS: true, ServerName: "ssh.example.com", Proxy: "socks5://me:s3cret@proxy.corp:1080",
				TokenCommand: program + "\n--for\nmy gateway", ClientCert: "/home/me/me.pem", ClientKey: "/keys/me.key",
			},
		},
		"by the cluster's name": {
			place{context: "admin", inst: workspace.Installation{Cluster: "plain"}},
			published,
			alias.File{Transport: alias.Gateway, Address: "[fd00::1]:80", TLS: true, ServerName: "ssh.example.com", Proxy: alias.ProxyNone, TokenFile: "/home/me/token"},
		},
		"a name in the certificate": {
			place{context: "plain"},
			alias.File{Transport: alias.Gateway, Address: "ssh.example.com:443", TLS: true, ServerName: "*"},
			alias.File{Transport: alias.Gateway, Address: "[fd00::1]:80", TLS: true, ServerName: "*", Proxy: alias.ProxyNone, TokenFile: "/home/me/token"},
		},
		"a program that is not here": {
			place{context: "stage"},
			published,
			alias.File{Transport: alias.Gateway, Address: "ssh.example.com:443", TLS: true, TokenCommand: "no-such-program-here"},
		},
		"another context": {place{context: "other"}, published, published},
		"an address of its own": {
			place{context: "dev@prod"},
			alias.File{Transport: alias.Direct, Address: "192.0.2.1:22"},
			alias.File{Transport: alias.Direct, Address: "192.0.2.1:22", Proxy: "socks5://me:s3cret@proxy.corp:1080"},
		},
	} {
		a := &app{config: func() (userConfig, error) { return config, nil }}
		own, err := a.gatewaySettings(tt.place)
		if err != nil {
			t.Fatal(err)
		}
		got := tt.from
		own.onto(&got, "/home/me")
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if _, err := got.Encode(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
