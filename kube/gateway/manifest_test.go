package gateway_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/kube/gateway"
	"github.com/berth-sh/berth/workspace"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestManifest(t *testing.T) {
	for _, kind := range gateway.Kinds() {
		t.Run(kind, func(t *testing.T) {
			o := gateway.Options{
				Kind: kind, Domain: "ws.acme-x.test", Address: "ws.acme-x.test:8480", Cluster: "prod", Namespaces: []string{"team-a", "team-b"},
				Grants:       []gateway.Grant{{Namespace: "team-a", Group: true, Name: "team: a\n- x"}, {Namespace: "team-b", Name: "jo@acme.test"}},
				SourceRanges: []string{"203.0.113.0/24"}, Annotations: map[string]string{"cloud.example/type": "external"},
			}
			switch kind {
			case "tcp-port":
				o.Address, o.Ports = "ws.acme-x.test", "32100-32102"
				o.Grants = append(o.Grants, gateway.Grant{Namespace: "team-a", Name: "jo@acme.test"})
			case "load-balancer":
				o.Domain, o.Address, o.Namespaces = "", "", nil
			case "port-forward":
				o = gateway.Options{Kind: kind, Cluster: o.Cluster, Grants: o.Grants}
			}
			got, err := gateway.Manifest(o)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", kind+".yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("(-want +got; -update rewrites):\n%s", diff)
			}
			if strings.Contains(string(got), "example.com") || strings.Contains(string(got), `example\.com`) || strings.Contains(string(got), "example%.com") {
				t.Error("the example's domain is left in it")
			}
		})
	}
}

// What the manifest publishes is what berth reads.
func TestThePublishedInstallationIsRead(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "istio.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "berth.yaml: |\n")
	text, _, _ := strings.Cut(rest, "---")
	inst, err := kube.ParseInstallation([]byte(strings.ReplaceAll(text, "\n    ", "\n")[4:]), func(warning string) { t.Error(warning) })
	want := workspace.Gateway{Kind: "istio", Address: "ws.acme-x.test:8480", Domain: "ws.acme-x.test"}
	if diff := cmp.Diff(want, inst.Gateway); err != nil || diff != "" || inst.Cluster != "prod" {
		t.Errorf("%v, cluster %q\n%s", err, inst.Cluster, diff)
	}
}

func TestOptionsThatMakeNoManifest(t *testing.T) {
	good := gateway.Options{Kind: "istio", Domain: "ssh.acme.test"}
	for name, spoil := range map[string]func(*gateway.Options){
		"no manifest of kind":   func(o *gateway.Options) { o.Kind = "carrier-pigeon" },
		"is not a DNS name":     func(o *gateway.Options) { o.Domain = "ssh.acme.test\n- evil" },
		"is not HOST:PORT":      func(o *gateway.Options) { o.Address = "ssh.acme.test" },
		"source range":          func(o *gateway.Options) { o.SourceRanges = []string{"anywhere"} },
		"is not a name":         func(o *gateway.Options) { o.Namespaces = []string{"*"} },
		"is not NAMESPACE=USER": func(o *gateway.Options) { o.Grants = []gateway.Grant{{Namespace: "a"}} },
		"cluster":               func(o *gateway.Options) { o.Cluster = "My Cluster" },
	} {
		o := good
		spoil(&o)
		if _, err := gateway.Manifest(o); !errors.Is(err, workspace.ErrUsage) || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
	}
	if _, err := gateway.Manifest(good); err != nil {
		t.Error(err)
	}
}
