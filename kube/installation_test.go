package kube_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

func TestParseInstallation(t *testing.T) {
	for name, tc := range map[string]struct {
		text  string
		want  workspace.Installation
		warns []string
		fails string
	}{
		"complete": {
			text: "version: 1\ncluster: prod\nevictions: allow\ndefaultImage: debian:13\n" +
				"gateway: {kind: envoy, address: 'ssh.example.com:443', domain: ssh.example.com, tls: {serverName: gate.example.com, clientCertificate: required}, token: required, servicePort: 80}\n" +
				"templates:\n- {name: gpu, cpu: '8', gpu: 1, profile: standard}\n",
			want: workspace.Installation{
				Version: 1, Cluster: "prod", Evictions: "allow", DefaultImage: "debian:13",
				Gateway: workspace.Gateway{
					Kind: "envoy", Address: "ssh.example.com:443", Domain: "ssh.example.com", ServicePort: 80, Token: workspace.Required,
					TLS: workspace.GatewayTLS{ServerName: "gate.example.com", ClientCertificate: workspace.Required},
				},
				Templates: []workspace.Template{{Name: "gpu", CPU: "8", GPU: 1, Profile: "standard"}},
			},
		},
		"bad values are left out": {
			text: "version: 1\ncluster: 'a b'\nevictions: maybe\ndefaultImage: 'a b'\n" +
				"gateway: {kind: envoy, address: \"x\\nProxyCommand evil:1\"}\n" +
				"templates:\n- {name: bad, image: 'two words'}\n- {name: ok}\n- {name: ok}\n",
			want:  workspace.Installation{Version: 1, Templates: []workspace.Template{{Name: "ok"}}},
			warns: []string{"cluster", "evictions", "defaultImage", "gateway", `template "bad"`, `template "ok"`},
		},
		"newer version": {text: "version: 2\n", fails: "version 2, this berth reads version 1"},
		"no version":    {text: "cluster: prod\n", fails: "no version"},
		"no YAML":       {text: "{{", fails: "reading ConfigMap"},
		"bad CA": {
			text: "version: 1\ngateway: {kind: envoy, tls: {ca: nonsense}}\n", want: workspace.Installation{Version: 1}, warns: []string{"tls.ca"},
		},
		"any name below public roots": {
			text: "version: 1\ngateway: {kind: envoy, tls: {serverName: '*'}}\n", want: workspace.Installation{Version: 1}, warns: []string{"tls.serverName * needs tls.ca"},
		},
		"a credential that names a file": {
			text: "version: 1\ngateway: {kind: envoy, tls: {serverName: a.test, clientCertificate: /etc/passwd}}\n", want: workspace.Installation{Version: 1},
			warns: []string{`tls.clientCertificate "/etc/passwd" is not "required"`},
		},
		"a token in the clear": {
			text: "version: 1\ngateway: {kind: envoy, token: required}\n", want: workspace.Installation{Version: 1}, warns: []string{"token without tls"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var warns []string
			got, err := kube.ParseInstallation([]byte(tc.text), func(s string) { warns = append(warns, s) })
			if tc.fails != "" {
				if !contains(err, tc.fails) || workspace.HintOf(err) == "" {
					t.Errorf("error is %v, want %q and a hint", err, tc.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(warns) != len(tc.warns) {
				t.Fatalf("warnings are %q, want %q", warns, tc.warns)
			}
			for i, want := range tc.warns {
				if !strings.Contains(warns[i], want) {
					t.Errorf("warning %d is %q, want %q", i, warns[i], want)
				}
			}
		})
	}
}

func TestSandboxPublishesAnInstallation(t *testing.T) {
	c := client(t, nil)
	inst, err := c.Installation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(inst.Templates) == 0 || !inst.Gateway.Published() {
		t.Errorf("installation is %+v", inst)
	}
	admin := client(t, nil)
	ns := namespace(t, admin, nil)
	inst, err = as(t, admin, ns, "nobody-of-"+ns, nil).Installation(t.Context())
	if err != nil || len(inst.Templates) == 0 {
		t.Errorf("without permission: %+v, %v", inst, err)
	}
}
