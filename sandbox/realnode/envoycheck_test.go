//go:build linux && realnode

package realnode_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// What the admission policy for HTTPRoutes refuses, on the real API server.
func TestHTTPRoutesOfOthersAreRefused(t *testing.T) {
	b := newBed(t, baseline)
	b.gatewayAPI()
	b.install("envoy-gateway")
	own := "w--" + b.namespace + "." + meshDomain
	const parent, backend = `{"name":"berth","namespace":"berth-gateway"}`, `{"name":"w","port":22}`
	route := func(parents, hosts, rule string) string {
		return fmt.Sprintf(`{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"w","namespace":%q},
"spec":{"parentRefs":[%s],"hostnames":[%s],"rules":[%s]}}`, b.namespace, parents, hosts, rule)
	}
	to := func(backend string) string { return `{"backendRefs":[` + backend + `]}` }
	quoted := `"` + own + `"`
	const hosts, destinations = "hosts must be", "destinations must be"
	for name, tc := range map[string]struct{ text, refusal string }{
		"own":                    {route(parent, quoted, to(backend)), ""},
		"another's host":         {route(parent, `"w--other.`+meshDomain+`"`, to(backend)), hosts},
		"another's beside it":    {route(parent, quoted+`,"w--other.`+meshDomain+`"`, to(backend)), hosts},
		"a host with more":       {route(parent, `"w--x--`+b.namespace+"."+meshDomain+`"`, to(backend)), hosts},
		"a wildcard":             {route(parent, `"*.`+meshDomain+`"`, to(backend)), hosts},
		"no host, so all":        {route(parent, "", to(backend)), hosts},
		"another's destination":  {route(parent, quoted, to(`{"name":"w","namespace":"other","port":22}`)), destinations},
		"the API server":         {route(parent, quoted, to(`{"name":"kubernetes","namespace":"default","port":443}`)), destinations},
		"another port":           {route(parent, quoted, to(`{"name":"w","port":443}`)), destinations},
		"a foreign one beside":   {route(parent, quoted, to(backend+`,{"name":"w","port":80}`)), destinations},
		"an address":             {route(parent, quoted, to(`{"group":"gateway.envoyproxy.io","kind":"Backend","name":"w","port":22}`)), destinations},
		"a redirect":             {route(parent, quoted, `{"filters":[{"type":"RequestRedirect","requestRedirect":{"port":443}}]}`), destinations},
		"a copy to somebody":     {route(parent, quoted, `{"filters":[{"type":"RequestMirror","requestMirror":{"backendRef":{"name":"x","port":22}}}],"backendRefs":[`+backend+`]}`), destinations},
		"another gateway beside": {route(parent+`,{"name":"web","namespace":"web"}`, quoted, to(backend)), "on no other gateway"},
		"another gateway alone":  {route(`{"name":"berth","namespace":"web"}`, `"www.acme.test"`, to(`{"name":"w","port":443}`)), ""},
	} {
		b.eventually(20*time.Second, name, func() error { // a new policy takes a moment
			r := b.run(tc.text, "kubectl", "apply", "--dry-run=server", "-f", "-")
			if (r.code == 0) != (tc.refusal == "") || !strings.Contains(r.stderr, tc.refusal) {
				return fmt.Errorf("%v, want %q", r, tc.refusal)
			}
			return nil
		})
	}
}

// The check finds what would hurt at a stand-alone Envoy.
func TestTheCheckFindsWhatHurtsAtEnvoy(t *testing.T) {
	b := meshed(t, "envoy")
	b.contains(b.berth("gateway", "check"), "pods that go wait for their sessions", "may be silent for 1h0m0s", "answers CONNECT", "nobody's workspace is reached")
	config := b.mustCommand("kubectl", "get", "configmap/berth-envoy", "-n", "berth-gateway", "-o", "yaml")
	for _, change := range [][2]string{
		{"pipe:\n          path: /run/envoy/admin.sock\n    layered", "socket_address: {address: 0.0.0.0, port_value: 9901}\n    layered"},
		{"stream_idle_timeout: 3600s", "stream_idle_timeout: 300s"},
		{`ssh\.acme\.test:22`, `ssh\.acme\.test:[0-9]+`},
	} {
		if !strings.Contains(config, change[0]) {
			t.Fatalf("no %q in\n%s", change[0], config)
		}
		config = strings.Replace(config, change[0], change[1], 1)
	}
	b.apply(config)
	b.mustCommand("kubectl", "patch", "deployment/berth", "-n", "berth-gateway", "-p", `{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":30}}}}`)
	b.mustCommand("kubectl", "delete", "networkpolicies", "--all", "-n", "berth-gateway")
	r := b.tryBerth("gateway", "check", "-o", "json")
	b.contains(r.stdout, `"drain"`, `"configuration"`, `"admin-port"`, `"idle-timeout"`, `"network-policy"`, "began with another one", "no pattern holds", `"fix"`)
	if r.code != 1 {
		t.Errorf("with problems: %v", r)
	}
}

// The same at Envoy Gateway's: by its objects, Envoy Gateway itself does not
// run.
func TestTheCheckFindsWhatHurtsAtEnvoyGateway(t *testing.T) {
	b := newBed(t, baseline)
	b.gatewayAPI()
	b.install("envoy-gateway")
	b.contains(b.tryBerth("gateway", "check").stdout, "no pods came of it", "nobody has looked at it", "each of 0 hosts has one owner", "may be silent for 1h0m0s",
		"no EnvoyPatchPolicy changes the listener", "hosts and destinations are fenced", "CONNECT ends at the gateway on every route")
	patch := func(object, change string) {
		b.mustCommand("kubectl", "patch", object, "-n", "berth-gateway", "--type=merge", "-p", change)
	}
	patch("envoyproxy/berth", `{"spec":{"shutdown":{"drainTimeout":"60s"}}}`)
	patch("clienttrafficpolicy/berth", `{"spec":{"timeout":{"http":{"streamIdleTimeout":"300s"}}}}`)
	patch("backendtrafficpolicy/berth", `{"spec":{"httpUpgrade":[{"type":"CONNECT"}]}}`)
	b.mustCommand("kubectl", "delete", "validatingadmissionpolicybinding/berth-httproutes")
	for _, name := range []string{"one", "two"} {
		b.apply(fmt.Sprintf(`{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":%[1]q,"namespace":%[2]q},
"spec":{"parentRefs":[{"name":"berth","namespace":"berth-gateway"}],"hostnames":["w--%[2]s.ssh.acme.test"],"rules":[{"backendRefs":[{"name":"w","port":22}]}]}}`, name, b.namespace))
	}
	b.apply(`{"apiVersion":"gateway.envoyproxy.io/v1alpha1","kind":"EnvoyPatchPolicy","metadata":{"name":"ws-w","namespace":"berth-gateway"},"spec":{
"targetRef":{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"berth"},"type":"JSONPatch","jsonPatches":[{"name":"berth-gateway/berth/http-connect",
"type":"type.googleapis.com/envoy.config.listener.v3.Listener","operation":{"op":"add","path":"/stat_prefix","value":"w"}}]}}`)
	r := b.tryBerth("gateway", "check", "-o", "json")
	b.contains(r.stdout, `"drain"`, `after 60s`, `"tunnels"`, `"idle-timeout"`, `"admission-policy"`, `"host-claimed-twice"`, `"listener-patch"`, `"fix"`)
	if r.code != 1 {
		t.Errorf("with problems: %v", r)
	}
}
