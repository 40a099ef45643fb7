package kube_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// published is a ConfigMap's text and what becomes of it.
type published struct {
	text  string
	want  workspace.Installation
	warns []string
	fails string
}

// spoilt is a gateway that is ignored with a warning.
func spoilt(gateway, warning string) published {
	return published{text: "version: 1\ngateway: {" + gateway + "}\n", want: workspace.Installation{Version: 1}, warns: []string{warning}}
}

func TestParseInstallation(t *testing.T) {
	for name, tc := range map[string]published{
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
		"a port each": {
			text: "version: 1\ngateway: {kind: tcp-port, address: ssh.example.com, domain: ssh.example.com, ports: 31000-31063}\n",
			want: workspace.Installation{Version: 1, Gateway: workspace.Gateway{
				Kind: "tcp-port", Address: "ssh.example.com", Domain: "ssh.example.com", Ports: "31000-31063",
			}},
		},
		"a load balancer each": {
			text: "version: 1\ngateway: {kind: load-balancer, annotations: {cloud.example/Type: external}, sourceRanges: [203.0.113.0/24, '2001:db8::/32']}\n",
			want: workspace.Installation{Version: 1, Gateway: workspace.Gateway{
				Kind: "load-balancer", Annotations: map[string]string{"cloud.example/Type": "external"}, SourceRanges: []string{"203.0.113.0/24", "2001:db8::/32"},
			}},
		},
		"no ports":           spoilt("kind: tcp-port, address: ssh.example.com, domain: ssh.example.com", "are not FIRST-LAST"),
		"too low ports":      spoilt("kind: tcp-port, address: ssh.example.com, domain: ssh.example.com, ports: 22-80", "no range between"),
		"a port in both":     spoilt("kind: tcp-port, address: 'ssh.example.com:22', domain: 'ssh.example.com', ports: '31000-31001 -oProxyCommand=x'", "are not FIRST-LAST"),
		"no host":            spoilt(`kind: tcp-port, address: "ssh.example.com\nProxyCommand evil", domain: ssh.example.com, ports: 31000-31063`, "is not a host"),
		"no domain":          spoilt("kind: tcp-port, address: ssh.example.com, ports: 31000-31063", "domain is missing"),
		"no source range":    spoilt("kind: load-balancer, sourceRanges: [everywhere]", "is not ADDRESS/BITS"),
		"no annotation":      spoilt("kind: load-balancer, annotations: {'two words': x}", "is not a qualified name"),
		"berth's annotation": spoilt("kind: load-balancer, annotations: {berth.sh/operation: x}", "is berth's own"),
		"hostile annotation": spoilt(`kind: load-balancer, annotations: {a: "x\e[31m"}`, "holds a control character"),
		"annotations no map": spoilt("kind: load-balancer, annotations: [a]", "not readable"),
		"much annotation":    spoilt("kind: load-balancer, annotations: {a: "+strings.Repeat("x", 5000)+"}", "at most 4096"),
		"many source ranges": spoilt("kind: load-balancer, sourceRanges: ["+strings.Repeat("203.0.113.0/24, ", 300)+"]", "more than 256"),
		"in capitals":        spoilt("kind: load-balancer, annotations: {Berth.sh/x: z}", "is berth's own"),
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
