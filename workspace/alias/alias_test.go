package alias_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace/alias"
)

func TestEncodeThenParseKeepsEveryField(t *testing.T) {
	t.Parallel()
	want := alias.File{
		Alias: "api.team-a.berth", Cluster: "c-1", Namespace: "team-a", Name: "api", UID: "u-1", User: "dev",
		HostKey: "ssh-ed25519 AAAA", Transport: alias.Gateway, Address: "ssh.example.com:443",
		Authority: "api--team-a.ssh.example.com:22", TLS: true, ServerName: "*", CA: "/home/dev/my certs/ca.pem",
		Kubeconfig: "/home/dev/.kube/config", Context: "prod admin", Origin: alias.Imported,
		ClientCert: "/home/dev/me.pem", ClientKey: "/home/dev/me key.pem", TokenFile: "/run/token",
		TokenCommand: "/usr/bin/sso\n--for\nmy gateway\n\n$(id) \"x\"", Proxy: "http://me:s3cret@proxy.corp:3128",
	}
	data, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := alias.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parsed file differs (-want +got):\n%s", diff)
	}
}

func TestEncodeRefusesLineBreaks(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"a\nproxy evil", "a\rb", "a\x00b"} {
		f := alias.File{Alias: "a.b.berth", Transport: alias.Gateway, Context: value}
		if data, err := f.Encode(); err == nil {
			t.Errorf("Encode accepted context %q: %q", value, data)
		}
	}
	for _, value := range []string{"a\rproxy evil", "a\n\x00"} {
		f := alias.File{Alias: "a.b.berth", Transport: alias.Gateway, TokenCommand: value}
		if data, err := f.Encode(); err == nil {
			t.Errorf("Encode accepted token command %q: %q", value, data)
		}
	}
}

// Each argument is a line of its own with its own key, so that no argument can
// become another key.
func TestArgumentsForgeNoKeys(t *testing.T) {
	t.Parallel()
	f := alias.File{Alias: "a.b.berth", Transport: alias.Direct, TokenCommand: "sso\nproxy http://evil"}
	data, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := alias.Parse(data)
	if err != nil || got != f {
		t.Errorf("%q reads as %+v, error %v", data, got, err)
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for want, files := range map[bool][]alias.File{
		true: {
			{Transport: alias.Gateway},
			{Transport: alias.Direct},
			{Transport: alias.Gateway, Proxy: "http://proxy:3128"},
			{Transport: alias.Gateway, Proxy: "socks5://proxy"},
			{Transport: alias.Gateway, Proxy: alias.ProxyNone},
		},
		false: {
			{Transport: alias.PortForward},
			{Transport: alias.Gateway, TLS: true},
			{Transport: alias.Gateway, Proxy: "HTTPS://proxy"},
		},
	} {
		for _, f := range files {
			if f.Plain() != want {
				t.Errorf("%+v: plain is %t", f, !want)
			}
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want error
	}{
		"empty":        {"", alias.ErrFormat},
		"foreign":      {"Host *\n", alias.ErrFormat},
		"newer":        {"berth 2\nalias a\n", alias.ErrNewer},
		"no transport": {"berth 1\nalias a.b.berth\n", alias.ErrFormat},
		"no alias":     {"berth 1\ntransport gateway\n", alias.ErrFormat},
	}
	for name, tt := range tests {
		if _, err := alias.Parse([]byte(tt.in)); !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", name, err, tt.want)
		}
	}
}

func TestParseIgnoresUnknownKeysAndCarriageReturns(t *testing.T) {
	t.Parallel()
	got, err := alias.Parse([]byte("berth 1\r\nalias a.b.berth\r\nfuture thing\r\ntransport direct\r\naddress [::1]:22\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := alias.File{Alias: "a.b.berth", Transport: alias.Direct, Address: "[::1]:22"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parsed file differs (-want +got):\n%s", diff)
	}
}
