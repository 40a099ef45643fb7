package route_test

import (
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

func TestAddress(t *testing.T) {
	ports := workspace.Gateway{Kind: "tcp-port", Address: "ssh.example.com", Ports: "31000-31015"}
	six := ports
	six.Address = "2001:db8::7"
	for name, tc := range map[string]struct {
		gw   workspace.Gateway
		own  route.Own
		want string
	}{
		"port":                    {ports, route.Own{Port: 31004}, "ssh.example.com:31004"},
		"port of an IPv6 gateway": {six, route.Own{Port: 31004}, "[2001:db8::7]:31004"},
		"no port yet":             {ports, route.Own{}, ""},
		"a port of another range": {ports, route.Own{Port: 22}, ""},
		"no gateway":              {workspace.Gateway{Kind: "tcp-port", Ports: "31000-31015"}, route.Own{Port: 31004}, ""},
		"load balancer":           {workspace.Gateway{Kind: "load-balancer"}, route.Own{Host: "lb-7.cloud.example"}, "lb-7.cloud.example:22"},
		"load balancer, IPv6":     {workspace.Gateway{Kind: "load-balancer"}, route.Own{Host: "2001:db8::7"}, "[2001:db8::7]:22"},
		"no load balancer yet":    {workspace.Gateway{Kind: "load-balancer"}, route.Own{}, ""},
		"a kind with CONNECT":     {workspace.Gateway{Kind: "istio", Address: "ssh.example.com:80"}, route.Own{Port: 31004, Host: "lb"}, ""},
		"an unknown kind":         {workspace.Gateway{Kind: "carrier-pigeon"}, route.Own{Port: 31004}, ""},
	} {
		if got := route.Address(workspace.Installation{Gateway: tc.gw}, tc.own); got != tc.want {
			t.Errorf("%s: address is %q, want %q", name, got, tc.want)
		}
	}
}

// A VirtualService whose match names no port would take every port.
func TestWithoutAPortNothingIsRouted(t *testing.T) {
	inst := workspace.Installation{Gateway: workspace.Gateway{Kind: "tcp-port", Domain: "ssh.example.com"}}
	for _, port := range []int{0, 31004} {
		objects, err := route.TCPPort{}.On(port).Objects(workspace.Ref{Namespace: "team-a", Name: "api"}, inst)
		if err != nil || len(objects) != 1 {
			t.Fatal(objects, err)
		}
		o, ok := objects[0].(*unstructured.Unstructured)
		if !ok {
			t.Fatalf("it is %T", objects[0])
		}
		_, found := o.Object["spec"]
		if want := route.RoutedPorts(o); found != (port > 0) || (port > 0) != (len(want) == 1 && want[0] == port) {
			t.Errorf("with port %d: rules %v, ports %v", port, found, want)
		}
	}
}

func TestClaimSurvivesItsLease(t *testing.T) {
	want := route.Claim{
		Port: 31004, Ref: workspace.Ref{Namespace: "team--a", Name: "api"}, UID: "d-1",
		Since: time.Date(2026, 3, 4, 12, 0, 0, 5000, time.UTC),
	}
	lease := want.Lease()
	if lease.Name != "berth-port-31004" || lease.Namespace != "berth-gateway" {
		t.Errorf("the lease is %s/%s", lease.Namespace, lease.Name)
	}
	got, ok := route.ParseClaim(lease)
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("ok %v (-want +got):\n%s", ok, diff)
	}
}

// Others may write Leases too: what is no claim has no holder.
func TestLeasesThatAreNoClaims(t *testing.T) {
	good := route.Claim{Port: 31004, Ref: workspace.Ref{Namespace: "team-a", Name: "api"}, UID: "d-1"}
	text := func(s string) *string { return &s }
	for name, spoil := range map[string]func(*coordinationv1.Lease){
		"another name":      func(l *coordinationv1.Lease) { l.Name = "istio-leader" },
		"no number":         func(l *coordinationv1.Lease) { l.Name = "berth-port-x" },
		"a padded number":   func(l *coordinationv1.Lease) { l.Name = "berth-port-031004" },
		"no holder":         func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = nil },
		"no workspace":      func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = text("team-a") },
		"a hostile holder":  func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = text("team-a/\x1b[31mapi") },
		"no UID":            func(l *coordinationv1.Lease) { l.Annotations = nil },
		"a path for holder": func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = text("team-a/../kube-system") },
	} {
		lease := good.Lease()
		spoil(lease)
		if c, ok := route.ParseClaim(lease); ok {
			t.Errorf("%s: read as %+v", name, c)
		}
	}
}
