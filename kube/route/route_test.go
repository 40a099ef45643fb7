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
	for _, kind := range []string{"istio", "istio-static", "istio-envoyfilter", "envoy-gateway", "envoy", "port-forward"} {
		t.Run(kind, func(t *testing.T) {
			inst := workspace.Installation{Gateway: workspace.Gateway{Kind: kind, Domain: "ssh.example.com"}}
			r, err := route.For(inst)
			if err != nil {
				t.Fatal(err)
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
	for kind, want := range map[string]string{
		"tcp-port":       "gateway kind tcp-port is not supported by this version",
		"load-balancer":  "gateway kind load-balancer is not supported by this version",
		"carrier-pigeon": `gateway kind "carrier-pigeon" is not known`,
	} {
		_, err := route.For(workspace.Installation{Gateway: workspace.Gateway{Kind: kind}})
		if !errors.Is(err, workspace.ErrUsage) || !strings.Contains(err.Error(), want) || workspace.HintOf(err) == "" {
			t.Errorf("%s: error is %v with hint %q, want %q and a hint", kind, err, workspace.HintOf(err), want)
		}
	}
}
