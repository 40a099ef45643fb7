package kube_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/kube/gateway"
	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// findings are those of a check, as lines.
func findings(t *testing.T, c *kube.Client, inst workspace.Installation) []string {
	t.Helper()
	found, err := gateway.Checker{Cluster: objects(t, c), Installation: inst}.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range found {
		sign := "bad"
		if f.OK {
			sign = "ok"
		}
		out = append(out, fmt.Sprintf("%s %s (%s): %s; %s", sign, f.Check, f.Object, f.Text, f.Fix))
	}
	return out
}

// saysLine checks that one line holds all parts.
func saysLine(t *testing.T, lines []string, parts ...string) {
	t.Helper()
	for _, line := range lines {
		all := true
		for _, part := range parts {
			all = all && strings.Contains(line, part)
		}
		if all {
			return
		}
	}
	t.Errorf("nothing says %q:\n%s", parts, strings.Join(lines, "\n"))
}

// TestTheCheckFindsWhatIsWrongWithPorts plants each fault that the API server
// lets pass. Others use the same gateway meanwhile, so it looks only for its
// own.
func TestTheCheckFindsWhatIsWrongWithPorts(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	const first = 41140
	inst := ports(t, c, first, first+3)
	ns := namespace(t, c, nil)
	ref := func(name string) workspace.Ref { return workspace.Ref{Namespace: ns, Name: name} }
	saysLine(t, findings(t, c, inst), "ok ports-left", "4 of 4 ports are free")

	api := ported(t, ns, "api", inst)
	create(t, c, api)
	port := consistent(t, c, inst, api.Ref)
	saysLine(t, findings(t, c, inst), "ok ports-left", "3 of 4 ports are free")
	saysLine(t, findings(t, c, inst), "ok admission-policy")

	// A twin from before there was a fence: the Deployment's own port.
	free := first
	if port == free {
		free++
	}
	for _, name := range []string{"squatter", "twin"} {
		if _, err := objects(t, c).Resource(vs).Namespace(ns).Create(t.Context(), virtualService(t, ref(name), inst, free), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	lines := findings(t, c, inst)
	saysLine(t, lines, "bad port-claimed-twice", ns+"/twin", fmt.Sprintf("port %d is also taken by VirtualService %s/squatter", free, ns))
	saysLine(t, lines, "bad port-not-claimed", ns+"/squatter", "is taken without a claim", "berth edit --route squatter -n "+ns)

	// A claim whose workspace is gone, with and without its route.
	if err := c.Interface().AppsV1().Deployments(ns).Delete(t.Context(), "api", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	lease := route.ClaimName(port)
	saysLine(t, findings(t, c, inst), "bad port-holder-gone", "berth-gateway/"+lease, ns+"/api, whose Deployment is gone", "kubectl delete virtualservice -n "+ns+" api; then kubectl delete lease -n berth-gateway "+lease)
	if err := objects(t, c).Resource(vs).Namespace(ns).Delete(t.Context(), "api", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	saysLine(t, findings(t, c, inst), "bad port-holder-gone", "; kubectl delete lease -n berth-gateway "+lease)

	// No port left.
	for p := first; p < first+4; p++ {
		if p == port {
			continue
		}
		if _, err := leasesOf(c).Create(t.Context(), route.Claim{Port: p, Ref: ref("x"), UID: "d-1"}.Lease(), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	saysLine(t, findings(t, c, inst), "bad ports-left", "all 4 ports are held", "--ports")

	// A route that somebody else's claim is against.
	saysLine(t, findings(t, c, inst), "bad port-not-claimed", ns+"/squatter", fmt.Sprintf("port %d is held by %s/x", free, ns))

	// Nearly full, in a larger range; and a route outside of it.
	large := inst
	large.Gateway.Ports = fmt.Sprintf("%d-%d", port, port)
	saysLine(t, findings(t, c, large), "bad port-not-claimed", fmt.Sprintf("the gateway has no port %d", free))
}

// TestTheCheckFindsLoadBalancersWithoutAddress takes an old Service for one
// that the cloud forgot.
func TestTheCheckFindsLoadBalancersWithoutAddress(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	req := unscheduled(t, namespace(t, c, nil))
	req.Installation = balanced()
	create(t, c, req)
	saysLine(t, findings(t, c, balanced()), "ok address-missing", "have an address, or are on their way")
	later, err := gateway.Checker{
		Cluster: objects(t, c), Installation: balanced(), Now: func() time.Time { return time.Now().Add(time.Hour) },
	}.Check(t.Context())
	if err != nil || !slices.ContainsFunc(later, func(f gateway.Finding) bool {
		return !f.OK && f.Object == "Service "+req.Ref.Namespace+"/api-lb" && strings.Contains(f.Text, "no address after 1h") && strings.Contains(f.Fix, "kubectl describe service")
	}) {
		t.Errorf("an hour later it says %+v, %v", later, err)
	}
	if lines := findings(t, c, workspace.Installation{Gateway: workspace.Gateway{Kind: "port-forward"}}); len(lines) != 1 || !strings.Contains(lines[0], "no gateway is published") {
		t.Errorf("of port-forward it says %q", lines)
	}
}
