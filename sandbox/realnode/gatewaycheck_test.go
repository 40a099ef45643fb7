//go:build linux && realnode

package realnode_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// finding is what `berth gateway check -o json` says of one thing.
type finding struct {
	Check, Object, Text, Fix string
	OK, Note                 bool
}

// findings runs the check.
func (b *bed) findings() []finding {
	b.t.Helper()
	r := b.tryBerth("gateway", "check", "-o", "json")
	var found []finding
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil {
		b.t.Fatalf("%v: %v", err, r)
	}
	bad := slices.ContainsFunc(found, func(f finding) bool { return !f.OK })
	if (r.code == 1) != bad || r.code > 1 {
		b.t.Errorf("exit code %d, problems: %v", r.code, bad)
	}
	return found
}

// saying returns what a check says that holds some words, and of an object.
func saying(found []finding, check, object, words string) (finding, bool) {
	i := slices.IndexFunc(found, func(f finding) bool {
		return f.Check == check && strings.Contains(f.Object, object) && strings.Contains(f.Text, words)
	})
	if i < 0 {
		return finding{}, false
	}
	return found[i], true
}

// described has what the manifest of a kind with Istio makes, as objects alone:
// no istiod and no Envoy look at them.
func described(t *testing.T, options ...string) *bed {
	t.Helper()
	b := newBed(t, baseline)
	b.mustCommand("kubectl", "apply", "--server-side", "-f", filepath.Join(node.bin, "realnode", "istio-crds.yaml"))
	b.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: istio-system}\n")
	b.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata: {mesh: \"\"}\n")
	t.Cleanup(func() { b.run("", "kubectl", "delete", "-n", "istio-system", "configmap/istio") })
	b.install("istio", append([]string{"--address", meshAddress}, options...)...)
	t.Cleanup(func() {
		b.run("", "kubectl", "delete", "-n", "berth-gateway", "--all", "gateways.networking.istio.io,envoyfilters.networking.istio.io")
		b.run("", "kubectl", "delete", "--ignore-not-found",
			"validatingadmissionpolicybinding/berth-virtualservices", "validatingadmissionpolicy/berth-virtualservices", "clusterrole/berth-developer-route")
	})
	b.gatewayOnly = false // there is none
	return b
}

// Each thing that would hurt is found by its object, and what is the same but
// does not is left alone.
func TestTheCheckKnowsWhatHurts(t *testing.T) {
	b := described(t)
	b.create("w", image.SSHD)
	filter := func(namespace, label, patch string) string {
		return fmt.Sprintf(`{"apiVersion":"networking.istio.io/v1alpha3","kind":"EnvoyFilter","metadata":{"name":"x","namespace":%q},
"spec":{"workloadSelector":{"labels":%s},"configPatches":[%s]}}`, namespace, label, patch)
	}
	mesh := func(text string) string {
		return fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"istio","namespace":"istio-system"},"data":{"mesh":%q}}`, text)
	}
	object := func(version, kind, namespace, spec string) string {
		return fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"name":"x","namespace":%q},"spec":%s}`, version, kind, namespace, spec)
	}
	const (
		gw, root = "berth-gateway", "istio-system"
		own      = `{"berth.sh/gateway":"berth"}`
		all      = `{}`
		manager  = `"match":{"context":"GATEWAY","listener":{"filterChain":{"filter":{"name":"envoy.filters.network.http_connection_manager"}}}}`
		route    = `{"applyTo":"HTTP_ROUTE","match":{"context":"GATEWAY"},"patch":{"operation":"MERGE","value":{"route":%s}}}`
	)
	quiet := `{"applyTo":"NETWORK_FILTER",` + manager + `,"patch":{"operation":"MERGE","value":{"typed_config":{"@type":"x","streamIdleTimeout":"20s"}}}}`
	sidecar := `{"applyTo":"NETWORK_FILTER","match":{"context":"SIDECAR_INBOUND"},"patch":{"operation":"MERGE","value":{"typed_config":{"@type":"x","stream_idle_timeout":"20s"}}}}`
	policy, istio := "security.istio.io/v1", "networking.istio.io/v1"
	host := "w." + b.namespace + ".svc.cluster.local"
	for name, tc := range map[string]struct {
		text, check, words string // words "" is a thing of which nothing may be said
		note               bool
	}{
		"a listener's patch":           {filter(gw, own, quiet), "listener-patch", "NETWORK_FILTER", false},
		"for every gateway":            {filter(root, all, quiet), "listener-patch", "NETWORK_FILTER", false},
		"a short silence":              {filter(gw, own, quiet), "idle-timeout", "silent for 20s", false},
		"five minutes' silence":        {filter(gw, own, fmt.Sprintf(route, `{"idle_timeout":"300s"}`)), "idle-timeout", "silent for 5m0s", false},
		"an hour's silence":            {filter(gw, own, fmt.Sprintf(route, `{"idle_timeout":"3600s"}`)), "", "", false},
		"an idle connection":           {filter(gw, own, fmt.Sprintf(route, `{"common_http_protocol_options":{"idle_timeout":"5s"}}`)), "", "", false},
		"a short session":              {filter(gw, own, fmt.Sprintf(route, `{"max_stream_duration":{"max_stream_duration":"600s"}}`)), "session-length", "every session ends after 10m", false},
		"a long session":               {filter(gw, own, fmt.Sprintf(route, `{"max_stream_duration":{"max_stream_duration":"43200s"}}`)), "session-length", "every session ends after 12h", true},
		"an HTTP filter":               {filter(gw, own, `{"applyTo":"HTTP_FILTER","match":{"context":"GATEWAY"},"patch":{"operation":"INSERT_FIRST","value":{"name":"x"}}}`), "listener-patch", "HTTP filters", true},
		"a patch of sidecars":          {filter(root, all, sidecar), "", "", false},
		"a patch of other pods":        {filter(gw, `{"istio":"ingressgateway"}`, quiet), "", "", false},
		"a patch of other namespaces":  {filter("default", own, quiet), "", "", false},
		"the mesh's edge":              {mesh("defaultConfig: {connectionSettings: {profile: EDGE}}"), "idle-timeout", "silent for 5m0s", false},
		"the mesh's longest":           {mesh("defaultConfig: {connectionSettings: {httpMaxStreamDuration: 1800s}}"), "session-length", "every session ends after 30m", false},
		"the mesh's drain, overridden": {mesh("defaultConfig: {drainDuration: 5s}"), "", "", false},
		"another root":                 {mesh("rootNamespace: default\n") + "\n---\n" + filter("default", all, quiet), "listener-patch", "NETWORK_FILTER", false},
		"TLS to everything":            {object(istio, "DestinationRule", root, `{"host":"*.local","trafficPolicy":{"tls":{"mode":"ISTIO_MUTUAL"}}}`), "destination-rule", "speaks TLS (ISTIO_MUTUAL)", false},
		"TLS to a workspace":           {object(istio, "DestinationRule", b.namespace, `{"host":"w","trafficPolicy":{"portLevelSettings":[{"port":{"number":22},"tls":{"mode":"SIMPLE"}}]}}`), "destination-rule", "speaks TLS (SIMPLE)", false},
		"TLS to another port":          {object(istio, "DestinationRule", b.namespace, `{"host":"w","trafficPolicy":{"portLevelSettings":[{"port":{"number":443},"tls":{"mode":"SIMPLE"}}]}}`), "", "", false},
		"TLS to another service":       {object(istio, "DestinationRule", b.namespace, `{"host":"web","trafficPolicy":{"tls":{"mode":"SIMPLE"}}}`), "", "", false},
		"few connections":              {object(istio, "DestinationRule", b.namespace, fmt.Sprintf(`{"host":%q,"trafficPolicy":{"connectionPool":{"tcp":{"maxConnections":3}}}}`, host)), "destination-rule", "takes 3 connections", true},
		"a timer of plain TCP":         {object(istio, "DestinationRule", b.namespace, fmt.Sprintf(`{"host":%q,"trafficPolicy":{"connectionPool":{"tcp":{"idleTimeout":"3s"}}}}`, host)), "", "", false},
		"a Gateway on our pods":        {object(istio, "Gateway", "default", `{"selector":{"berth.sh/gateway":"berth"},"servers":[{"port":{"number":81,"name":"http","protocol":"HTTP"},"hosts":["*"]}]}`), "servers", "puts its own hosts and ports", false},
		"a Gateway elsewhere":          {object(istio, "Gateway", "default", `{"selector":{"istio":"ingressgateway"},"servers":[{"port":{"number":81,"name":"http","protocol":"HTTP"},"hosts":["*"]}]}`), "", "", false},
		"denied by no path":            {object(policy, "AuthorizationPolicy", root, `{"action":"DENY","rules":[{"to":[{"operation":{"notPaths":["/healthz"]}}]}]}`), "policies", "denies every tunnel", false},
		"allowed by a path":            {object(policy, "AuthorizationPolicy", gw, `{"rules":[{"to":[{"operation":{"paths":["/*"]}}]}]}`), "policies", "matches no tunnel", false},
		"denied by a path":             {object(policy, "AuthorizationPolicy", gw, `{"action":"DENY","rules":[{"to":[{"operation":{"paths":["/admin"]}}]}]}`), "policies", "denies no tunnel", true},
		"a policy for each":            {object(policy, "AuthorizationPolicy", gw, fmt.Sprintf(`{"rules":[{"to":[{"operation":{"hosts":["w--%s.%s:22"]}}]}]}`, b.namespace, meshDomain)), "policies", "for one host", false},
		"a policy for all":             {object(policy, "AuthorizationPolicy", gw, fmt.Sprintf(`{"rules":[{"to":[{"operation":{"hosts":["*.%s:22"]}}]}]}`, meshDomain)), "policies", "on the gateway's listener", true},
		"a policy of other pods":       {object(policy, "AuthorizationPolicy", gw, `{"selector":{"matchLabels":{"app":"x"}},"action":"DENY","rules":[{"to":[{"operation":{"notPaths":["/"]}}]}]}`), "", "", false},
		"tokens for all":               {object(policy, "RequestAuthentication", root, `{"jwtRules":[{"issuer":"https://id.acme.test","jwksUri":"https://id.acme.test/keys"}]}`), "policies", "on the gateway's listener", true},
		"everything is let out":        {object("networking.k8s.io/v1", "NetworkPolicy", gw, `{"podSelector":{},"policyTypes":["Egress"],"egress":[{}]}`), "network-policy", "reach everything", false},
		"names are let out":            {object("networking.k8s.io/v1", "NetworkPolicy", gw, `{"podSelector":{},"policyTypes":["Egress"],"egress":[{"ports":[{"port":53}]}]}`), "", "", false},
		"others are let out":           {object("networking.k8s.io/v1", "NetworkPolicy", gw, `{"podSelector":{"matchLabels":{"app":"x"}},"policyTypes":["Egress"],"egress":[{}]}`), "", "", false},
		"telemetry":                    {object("telemetry.istio.io/v1", "Telemetry", gw, `{"accessLogging":[{"providers":[{"name":"envoy"}]}]}`), "policies", "on the gateway's listener", true},
	} {
		t.Run(name, func(t *testing.T) {
			if f, ok := saying(b.findings(), tc.check, "x", tc.words); ok && tc.words != "" {
				t.Fatalf("before: %+v", f)
			}
			b.apply(tc.text)
			found := b.findings()
			if strings.HasPrefix(tc.text, `{"apiVersion":"v1"`) {
				defer b.apply(mesh(""))
				_, tc.text, _ = strings.Cut(tc.text, "---\n")
			}
			if tc.text != "" {
				if r := b.run(tc.text, "kubectl", "delete", "-f", "-"); r.code != 0 {
					t.Error(r)
				}
			}
			if tc.words == "" {
				for _, f := range found {
					if strings.HasSuffix(f.Object, "/x") || f.Object == "connectionSettings" || f.Check == "drain" && !f.OK {
						t.Errorf("a false alarm: %+v", f)
					}
				}
				return
			}
			f, ok := saying(found, tc.check, "", tc.words)
			if !ok || f.OK != tc.note || f.Note != tc.note || !tc.note && f.Fix == "" {
				t.Errorf("%+v, note %v wanted; all: %+v", f, tc.note, found)
			}
		})
	}
}

// What may not be looked at, and what cannot be asked, is never fine.
func TestTheCheckSaysWhatItDidNotSee(t *testing.T) {
	b := described(t)
	found := b.findings()
	for _, want := range []finding{
		{Check: "connect", Text: "cannot be asked"},
		{Check: "reaches-others", Text: "was not tried"},
		{Check: "listener-patch", Text: "no EnvoyFilter", OK: true},
		{Check: "servers", Text: "one Gateway", OK: true},
	} {
		if f, ok := saying(found, want.Check, "", want.Text); !ok || f.OK != want.OK {
			t.Errorf("%+v, want %+v", f, want)
		}
	}
	if f, ok := saying(found, "reaches-others", "", "is reached"); ok {
		t.Errorf("of a gateway that does not answer: %+v", f)
	}
	config := filepath.Join(b.home, "nobody.kubeconfig")
	data, err := os.ReadFile(node.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	b.file("nobody.kubeconfig", data)
	for i, v := range b.env {
		if strings.HasPrefix(v, "KUBECONFIG=") {
			b.env[i] = "KUBECONFIG=" + config
		}
	}
	asNobody(b, config)
	found = b.findings()
	for _, check := range []string{"listener-patch", "host-claimed-twice", "servers", "policies", "destination-rule", "network-policy", "drain"} {
		if f, ok := saying(found, check, "", "cannot be looked at"); !ok || f.OK {
			t.Errorf("as nobody, %s: %+v", check, f)
		}
		if slices.ContainsFunc(found, func(f finding) bool { return f.Check == check && f.OK && !f.Note }) {
			t.Errorf("as nobody, %s is fine", check)
		}
	}
}

// asNobody makes a kubeconfig one of somebody without any right.
func asNobody(b *bed, config string) {
	b.t.Helper()
	data, err := os.ReadFile(config)
	if err != nil {
		b.t.Fatal(err)
	}
	user := strings.TrimSpace(b.mustCommand("kubectl", "config", "view", "--kubeconfig", config, "-o", "jsonpath={.users[0].name}"))
	text := strings.Replace(string(data), "name: "+user+"\n  user:\n", "name: "+user+"\n  user:\n    as: nobody@acme.test\n", 1)
	if text == string(data) {
		b.t.Fatalf("no user %q in\n%s", user, data)
	}
	b.file(filepath.Base(config), []byte(text))
}

// Gateways that are none, and that are too much of one.
func TestTheCheckAsksTheGateway(t *testing.T) {
	b := described(t)
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "tcp", meshAddress)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	answers := make(chan func(authority string) int, 1)
	go func() {
		answer := func(string) int { return 404 }
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			select {
			case answer = <-answers:
			default:
			}
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			req, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil {
				if status := answer(req.Host); status != 0 {
					fmt.Fprintf(conn, "HTTP/1.1 %d x\r\n\r\n", status)
				}
			}
			_ = conn.Close()
		}
	}()
	metadata := func(authority string) bool { return strings.HasPrefix(authority, "169.254.169.254") }
	for name, tc := range map[string]struct {
		answer       func(authority string) int
		check, words string
		fine         string // what must not be fine
	}{
		"a proxy of the cloud":  {func(string) int { return 405 }, "connect", "refused with 405", "reaches-others"},
		"a proxy that takes it": {func(string) int { return 200 }, "connect", "does not exist", "reaches-others"},
		"a policy":              {func(string) int { return 403 }, "connect", "refuses us (403)", "reaches-others"},
		"a token unheard of":    {func(string) int { return 401 }, "connect", "nothing says that it asks for a token", "reaches-others"},
		"an open one": {func(a string) int {
			if metadata(a) {
				return 200
			}
			return 404
		}, "reaches-others", "gives a tunnel to 169.254.169.254:80", "reaches-others"},
		"one that hangs up": {func(a string) int {
			if metadata(a) {
				return 0
			}
			return 404
		}, "reaches-others", "1 addresses could not be tried", ""},
	} {
		t.Run(name, func(t *testing.T) {
			answers <- tc.answer
			found := b.findings()
			if f, ok := saying(found, tc.check, "", tc.words); !ok || f.OK || f.Fix == "" {
				t.Errorf("no %q: %+v", tc.words, found)
			}
			if slices.ContainsFunc(found, func(f finding) bool { return f.Check == tc.fine && f.OK && !f.Note }) {
				t.Errorf("%s is fine: %+v", tc.fine, found)
			}
		})
	}
}

// A DestinationRule's timer of plain TCP does not end a tunnel, a route's does:
// the check is right about both.
func TestTimersOfTheMesh(t *testing.T) {
	b := meshed(t, "istio")
	b.create("w", image.SSHD)
	b.apply(fmt.Sprintf(`{"apiVersion":"networking.istio.io/v1","kind":"DestinationRule","metadata":{"name":"w","namespace":%q},
"spec":{"host":"w.%s.svc.cluster.local","trafficPolicy":{"connectionPool":{"tcp":{"idleTimeout":"2s"},"http":{"idleTimeout":"2s"}}}}}`, b.namespace, b.namespace))
	silent := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", meshAddress)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }() // nothing is lost
		fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", b.own(), b.own())
		r := bufio.NewReader(conn)
		for line := ""; !strings.HasPrefix(line, "SSH-2.0-"); {
			if line, err = r.ReadString('\n'); err != nil {
				return err
			}
		}
		_ = conn.SetReadDeadline(time.Now().Add(8 * time.Second))
		_, err = r.ReadByte()
		return err
	}
	if err := silent(); err == nil || !os.IsTimeout(err) {
		t.Errorf("with a DestinationRule's timer of 2 s, a tunnel silent for 8 s: %v", err)
	}
	b.apply(`{"apiVersion":"networking.istio.io/v1alpha3","kind":"EnvoyFilter","metadata":{"name":"short","namespace":"berth-gateway"},"spec":{
"workloadSelector":{"labels":{"berth.sh/gateway":"berth"}},"configPatches":[{"applyTo":"HTTP_ROUTE","match":{"context":"GATEWAY","routeConfiguration":{"vhost":{"route":{"name":"berth-connect"}}}},
"patch":{"operation":"MERGE","value":{"route":{"idle_timeout":"3s"}}}}]}}`)
	b.eventually(60*time.Second, "a route's timer of 3 s ends a silent tunnel", func() error {
		if err := silent(); os.IsTimeout(err) {
			return fmt.Errorf("it is still there")
		}
		return nil
	})
	if f, ok := saying(b.findings(), "idle-timeout", "short", "silent for 3s"); !ok || f.OK {
		t.Errorf("the check says %+v", f)
	}
}
