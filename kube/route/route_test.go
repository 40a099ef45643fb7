package route_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestObjects compares what each kind asks the cluster for with testdata. A
// kind without a file brings nothing.
func TestObjects(t *testing.T) {
	ref := workspace.Ref{Namespace: "team--a", Name: "api"}
	for _, kind := range []string{"istio", "istio-static", "istio-envoyfilter", "envoy-gateway", "envoy", "tcp-port", "load-balancer", "port-forward"} {
		t.Run(kind, func(t *testing.T) {
			inst := workspace.Installation{Gateway: workspace.Gateway{Kind: kind, Domain: "ssh.example.com"}}
			if kind == "load-balancer" {
				inst.Gateway.SourceRanges = []string{"203.0.113.0/24", "2001:db8::/32"}
				inst.Gateway.Annotations = map[string]string{"cloud.example/type": "external"}
			}
			r, err := route.For(inst)
			if err != nil {
				t.Fatal(err)
			}
			if ported, ok := r.(route.Ported); ok {
				r = ported.On(31004)
			}
			objects, err := r.Objects(ref, inst)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for i, o := range objects {
				text, err := yaml.Marshal(o)
				if err != nil {
					t.Fatal(err)
				}
				if i > 0 {
					got.WriteString("---\n")
				}
				got.Write(text)
			}
			golden := filepath.Join("testdata", kind+".yaml")
			if *update && got.Len() > 0 {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("(-want +got; -update rewrites):\n%s", diff)
			}
		})
	}
}

func TestAuthority(t *testing.T) {
	ref := workspace.Ref{Namespace: "team--a", Name: "api"}
	for _, tc := range []struct {
		name string
		gw   workspace.Gateway
		want string
	}{
		{"none published", workspace.Gateway{}, ""},
		{"port-forward", workspace.Gateway{Kind: "port-forward"}, ""},
		{"tcp-port", workspace.Gateway{Kind: "tcp-port", Address: "ssh.example.com", Domain: "ssh.example.com", Ports: "31000-31015"}, ""},
		{"load-balancer", workspace.Gateway{Kind: "load-balancer"}, ""},
		{"envoy", workspace.Gateway{Kind: "envoy", Domain: "ssh.example.com"}, "api--team--a.ssh.example.com:22"},
		{"istio", workspace.Gateway{Kind: "istio", Domain: "ssh.example.com"}, "api--team--a.ssh.example.com:22"},
		{"istio-static", workspace.Gateway{Kind: "istio-static", Domain: "ssh.example.com"}, "api--team--a.ssh.example.com:22"},
		{"envoy-gateway", workspace.Gateway{Kind: "envoy-gateway", Domain: "ssh.example.com"}, "api--team--a.ssh.example.com:22"},
		{"istio-envoyfilter", workspace.Gateway{Kind: "istio-envoyfilter", ServicePort: 80}, "api.team--a.svc.cluster.local:80"},
		{"older service port", workspace.Gateway{Kind: "envoy", Domain: "ssh.example.com", ServicePort: 80}, "api--team--a.ssh.example.com:80"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inst := workspace.Installation{Gateway: tc.gw}
			r, err := route.For(inst)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Authority(ref, inst); got != tc.want {
				t.Errorf("authority is %q, want %q", got, tc.want)
			}
			if tc.gw.Kind != "" && r.Kind() != tc.gw.Kind {
				t.Errorf("kind is %q, want %q", r.Kind(), tc.gw.Kind)
			}
		})
	}
}

func TestKindsThatAreNotServed(t *testing.T) {
	_, err := route.For(workspace.Installation{Gateway: workspace.Gateway{Kind: "carrier-pigeon"}})
	if !errors.Is(err, workspace.ErrUsage) || !strings.Contains(err.Error(), `gateway kind "carrier-pigeon" is not known`) {
		t.Errorf("error is %v", err)
	}
	for _, kind := range []string{"istio", "envoy-gateway", "envoy", "tcp-port", "load-balancer", "port-forward", "update berth"} {
		if !strings.Contains(workspace.HintOf(err), kind) {
			t.Errorf("hint %q does not name %q", workspace.HintOf(err), kind)
		}
	}
}
