package tunnel_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// The program's own client goes the same way as ssh's helper: by the alias's
// proxy, with its certificate and token.
func TestForAliasShowsWhoItIs(t *testing.T) {
	t.Parallel()
	ca := sshtest.NewCA(t)
	server := sshtest.Start(t)
	cert, key := ca.Client(t, "me", time.Now().Add(time.Hour))
	config := ca.Demand(ca.Server(t, "127.0.0.1", time.Now().Add(time.Hour)))
	gateway := sshtest.Listen(t, config, sshtest.Forward(server.Addr, "HTTP/1.1 200 OK\r\n\r\n"))
	f := alias.File{
		Transport: alias.Gateway, Address: gateway.Addr, Authority: "api--a.example.com:22", Name: "api",
		TLS: true, CA: ca.File, ClientCert: cert, ClientKey: key, TokenCommand: "echo\nt0ken",
	}
	if err := tunnel.Probe(t.Context(), tunnel.ForAlias(f, nil, nil)); err != nil {
		t.Error(err)
	}
	for name, tt := range map[string]struct {
		change func(*alias.File)
		kind   error // nil: no kind
		says   string
	}{
		"no certificate":  {func(f *alias.File) { f.ClientCert, f.ClientKey = "", "" }, workspace.ErrForbidden, "it asks for a client certificate"},
		"no token":        {func(f *alias.File) { f.TokenCommand = "false" }, nil, "the token command false failed"},
		"proxy not there": {func(f *alias.File) { f.Address, f.Proxy = "ssh.example.com:443", "http://127.0.0.1:1" }, workspace.ErrUnreachable, "proxy 127.0.0.1:1: dialling"},
		"proxy says no": {func(f *alias.File) {
			f.Address, f.Proxy = "ssh.example.com:443", "http://"+sshtest.Tinyproxy(t, "u", "p")
		}, workspace.ErrUnreachable, "407"},
		"proxy of no kind": {func(f *alias.File) { f.Address, f.Proxy = "ssh.example.com:443", "ftp://proxy" }, workspace.ErrUnreachable, "bad address"},
	} {
		wrong := f
		tt.change(&wrong)
		_, err := tunnel.ForAlias(wrong, nil, nil)(t.Context())
		if err == nil || !strings.Contains(err.Error(), tt.says) || workspace.HintOf(err) == "" || tt.kind != nil && !errors.Is(err, tt.kind) {
			t.Errorf("%s: error %v, hint %q", name, err, workspace.HintOf(err))
		}
	}
}
