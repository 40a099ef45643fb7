package gateway_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/berth-sh/berth/kube/gateway"
	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// Numbers of the example are replaced, those that people give are not: a range
// may begin where the example's ends.
func TestPortsAreThoseThatWereAskedFor(t *testing.T) {
	out, err := gateway.Manifest(gateway.Options{
		Kind: "tcp-port", Domain: "ssh.acme.test", Ports: "31015-31016", Annotations: map[string]string{"cloud.example/note": "not 31000"},
		Grants: []gateway.Grant{{Namespace: "team-a", Name: "31000"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	for _, want := range []string{"ports: 31015-31016", "port: 31015\n", "port: 31016\n", ">= 31015 &&", "<= 31016\"", "cloud.example/note: not 31000", `name: "31000"`, "address: ssh.acme.test\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, never := range []string{"port: 31000", "port: 31017", "http-connect"} {
		if strings.Contains(text, never) {
			t.Errorf("%q is in it", never)
		}
	}
}

// The program waits for the policy's view of a claim by these words.
func TestThePolicySaysThatAPortIsHeld(t *testing.T) {
	out, err := gateway.Manifest(gateway.Options{Kind: "tcp-port", Domain: "ssh.acme.test"})
	if err != nil || !strings.Contains(string(out), route.PortHeld) {
		t.Errorf("%v, and the policy does not say %q", err, route.PortHeld)
	}
}

func TestOptionsThatDoNotGoWithAKind(t *testing.T) {
	for want, o := range map[string]gateway.Options{
		"are not FIRST-LAST":              {Kind: "tcp-port", Domain: "ssh.acme.test", Ports: "many"},
		"no range between":                {Kind: "tcp-port", Domain: "ssh.acme.test", Ports: "22-80"},
		"partly Istio's own":              {Kind: "tcp-port", Domain: "ssh.acme.test", Ports: "14990-15005"},
		"is not a host":                   {Kind: "tcp-port", Domain: "ssh.acme.test", Address: "ssh.acme.test:22"},
		"is not a DNS name":               {Kind: "tcp-port"},
		"--ports goes with kind tcp-port": {Kind: "istio", Domain: "ssh.acme.test", Ports: "31000-31015"},
		"--domain does not go":            {Kind: "load-balancer", Domain: "ssh.acme.test"},
		"--for does not go":               {Kind: "port-forward", Namespaces: []string{"team-a"}},
		"has no load balancer":            {Kind: "port-forward", SourceRanges: []string{"203.0.113.0/24"}},
		"is not ADDRESS/BITS":             {Kind: "load-balancer", SourceRanges: []string{"anywhere"}},
		"is not a qualified name":         {Kind: "load-balancer", Annotations: map[string]string{"two words": "x"}},
		"NAMESPACE=USER":                  {Kind: "load-balancer", Grants: []gateway.Grant{{Namespace: "a"}}},
	} {
		if _, err := gateway.Manifest(o); !errors.Is(err, workspace.ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
