package route_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

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
			if objects, err := r.Objects(ref, inst); err != nil || len(objects) != 0 {
				t.Errorf("got %d objects, error %v; want none", len(objects), err)
			}
			if tc.gw.Kind != "" && r.Kind() != tc.gw.Kind {
				t.Errorf("kind is %q, want %q", r.Kind(), tc.gw.Kind)
			}
		})
	}
}

func TestKindsThatAreNotServed(t *testing.T) {
	for kind, want := range map[string]string{
		"istio":             "gateway kind istio is not supported by this version",
		"envoy-gateway":     "gateway kind envoy-gateway is not supported by this version",
		"istio-envoyfilter": "gateway kind istio-envoyfilter is not supported by this version",
		"carrier-pigeon":    `gateway kind "carrier-pigeon" is not known`,
	} {
		_, err := route.For(workspace.Installation{Gateway: workspace.Gateway{Kind: kind}})
		if !errors.Is(err, workspace.ErrUsage) || !strings.Contains(err.Error(), want) || workspace.HintOf(err) == "" {
			t.Errorf("%s: error is %v with hint %q, want %q and a hint", kind, err, workspace.HintOf(err), want)
		}
	}
}
