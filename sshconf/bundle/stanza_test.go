package bundle_test

import (
	"strings"
	"testing"

	"github.com/berth-sh/berth/sshconf/bundle"
	"github.com/berth-sh/berth/workspace/alias"
)

func TestTheStanzaSaysHowTheWorkspaceIsReached(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*alias.File)
		has    []string
		lacks  []string
	}{
		"gateway": {
			func(f *alias.File) { f.TLS, f.ServerName, f.TokenFile, f.ClientCert = false, "", "", "" },
			[]string{"ProxyCommand proxytunnel -q -p ssh.example.com:443 -d api--team-a.ssh.example.com:22\n", "  HostName api.team-a.berth\n"},
			[]string{"CERTIFICATE", "-E"},
		},
		"TLS":        {func(f *alias.File) { f.TokenFile = "" }, []string{" -E -C ~/.ssh/berth-gateway-ca.pem -d ", "#      -----BEGIN CERTIFICATE-----\n", "another name"}, []string{"TOKEN"}},
		"credential": {func(*alias.File) {}, []string{"Bearer TOKEN", "which proxytunnel cannot show"}, nil},
		"IPv6":       {func(f *alias.File) { f.Address = "[2001:db8::1]:443" }, []string{`-p "[2001:db8::1]:443"`}, nil},
		"direct": {func(f *alias.File) {
			f.Transport, f.Address, f.Authority, f.TLS, f.TokenFile, f.ClientCert = alias.Direct, "[2001:db8::1]:31000", "", false, "", ""
		}, []string{"  HostName 2001:db8::1\n", "  Port 31000\n", "HostKeyAlias api.team-a.berth\n"}, []string{"Proxy", "proxytunnel", "-----"}},
	} {
		f := file(t)
		tt.change(&f)
		ca := certificate(t)
		if !f.TLS {
			ca = nil
		}
		b, err := bundle.New(f, "prod", ca)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text := string(b.SSHConfig())
		for _, want := range append(tt.has, "     api.team-a.berth "+f.HostKey+"\n", "  StrictHostKeyChecking yes\n", "  User dev\n") {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the stanza lacks %q:\n%s", name, want, text)
			}
		}
		for _, never := range tt.lacks {
			if strings.Contains(text, never) {
				t.Errorf("%s: the stanza has %q:\n%s", name, never, text)
			}
		}
	}
}

func TestAnAddressOfItsOwnIsHandedOver(t *testing.T) {
	t.Parallel()
	f := file(t)
	f.Transport, f.Address, f.Authority, f.TLS, f.ServerName, f.TokenFile, f.ClientCert = alias.Direct, "192.0.2.7:31000", "", false, "", "", ""
	b, err := bundle.Parse([]byte(exported(t, f, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if got := b.File(""); got.Transport != alias.Direct || got.Address != f.Address || got.TLS {
		t.Errorf("it became %+v", got)
	}
}
