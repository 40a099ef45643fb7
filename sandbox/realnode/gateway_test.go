//go:build linux && realnode

package realnode_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/sandbox/realnode/image"
	"github.com/berth-sh/berth/sandbox/realnode/mesh"
)

// The gateway of these tests: an Envoy that istiod configures.
const (
	meshDomain  = "ssh.acme.test"
	meshAddress = "127.0.0.1:8080" // the Service's target port: here nothing is in between
	meshAdmin   = 19100
	meshDrain   = 5 // seconds
)

// meshed installs a gateway of a kind by its manifest and starts its Envoy. The
// cluster's own gateway is back when the test ends; tests that use it do not
// run at the same time.
func meshed(t testing.TB, kind string) *bed {
	t.Helper()
	b := newBed(t, baseline)
	switch kind {
	case "envoy":
		b.envoy()
	case "envoy-gateway":
		b.envoyGateway()
	default:
		b.mesh("", "--kind", kind, "--address", meshAddress)
	}
	return b
}

// mesh installs a gateway by its manifest with some options, and starts its
// Envoy. before is applied first.
func (b *bed) mesh(before string, options ...string) {
	b.t.Helper()
	t := b.t
	b.gatewayOnly, b.gateway = true, meshAddress
	maps := b.api.CoreV1().ConfigMaps("berth-gateway")
	was, err := maps.Get(t.Context(), "berth", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b.mustCommand("kubectl", "apply", "--server-side", "-f", filepath.Join(node.bin, "realnode", "istio-crds.yaml"))
	// Where istiod keeps its authority.
	b.run("apiVersion: v1\nkind: Namespace\nmetadata: {name: istio-system}\n---\n"+before, "kubectl", "apply", "-f", "-")
	manifest := filepath.Join(b.home, "gateway.yaml")
	text := b.mustCommand(append([]string{"berth", "gateway", "manifest", "--domain", meshDomain, "--grant", b.namespace + "=dev@acme.test"}, options...)...)
	if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b.mustCommand("kubectl", "apply", "--server-side", "--force-conflicts", "-f", manifest)
	t.Cleanup(func() {
		now, err := maps.Get(context.Background(), "berth", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		now.Data = was.Data
		if _, err := maps.Update(context.Background(), now, metav1.UpdateOptions{}); err != nil {
			t.Error(err)
		}
		b.run("", "kubectl", "delete", "-n", "berth-gateway", "--all",
			"gateways.networking.istio.io,envoyfilters.networking.istio.io,requestauthentications.security.istio.io,authorizationpolicies.security.istio.io,"+
				"deployments,services,networkpolicies,poddisruptionbudgets")
		b.run("", "kubectl", "delete", "-n", "berth-gateway", "--ignore-not-found", "secret", "connect-tls", "connect-tls-cacert")
		b.run("", "kubectl", "delete", "--ignore-not-found",
			"validatingadmissionpolicybinding/berth-virtualservices", "validatingadmissionpolicy/berth-virtualservices", "clusterrole/berth-developer-route")
	})
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	log, err := os.Create(filepath.Join(b.home, "mesh.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = log.Close()
		if data, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("the mesh says:\n%s", data[max(0, len(data)-6000):])
		}
	})
	m, err := mesh.Start(ctx, node.kubeconfig, filepath.Join(node.bin, "realnode"), b.home, log)
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(b.mustCommand("kubectl", "create", "token", "berth", "-n", "berth-gateway", "--audience", "istio-ca"))
	err = m.Gateway(ctx, mesh.Envoy{Namespace: "berth-gateway", Labels: map[string]string{"berth.sh/gateway": "berth"}, Admin: meshAdmin, Drain: meshDrain, Token: token})
	if err != nil {
		t.Fatal(err)
	}
}

// connect asks the gateway for a tunnel and returns the answer's status line.
func connect(address, authority string) (string, error) {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }() // nothing is lost
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", authority, authority); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if errors.Is(err, io.EOF) {
		return "closed", nil
	}
	return strings.TrimSpace(line), err
}

// Each kind carries everything that ssh does, lets nothing else pass, and never
// cuts a session because of another workspace.
func TestThroughIstio(t *testing.T) {
	for _, kind := range []string{"istio", "istio-static", "istio-envoyfilter"} {
		t.Run(kind, func(t *testing.T) { // not parallel: there is one gateway
			b := meshed(t, kind)
			b.create("w", image.SSHD, "--cpu", "500m", "--env", `GREETING=a "b" \c d`)
			waysIn(b, true)
			transfer(b, "w")
			nothingElsePasses(b, kind)
			sessionsStay(b)
		})
	}
}

// transfer moves a gibibyte and compares checksums.
func transfer(b *bed, name string) {
	b.t.Helper()
	b.far(name, "head -c 1G /dev/urandom > big")
	begun := time.Now()
	want := b.far(name, "sha256sum < big")
	r := b.run("", "sh", "-c", strings.Join(b.ssh(name), " ")+" cat big | sha256sum")
	if r.code != 0 || strings.TrimSpace(r.stdout) != want {
		b.t.Errorf("a gibibyte came as %v, want %s", r, want)
	}
	b.t.Logf("1 GiB with both checksums: %.1f s", time.Since(begun).Seconds())
	b.far(name, "rm big")
}

// nothingElsePasses asks the gateway for what no client may reach.
func nothingElsePasses(b *bed, kind string) {
	b.t.Helper()
	ip := b.pod("w").Status.PodIP
	for _, authority := range []string{
		"kubernetes.default.svc.cluster.local:443", "kubernetes.default:443", "kubernetes--default." + meshDomain + ":22", "kubernetes--default." + meshDomain + ":443",
		"w--" + b.namespace + "." + meshDomain + ":80", "w--" + b.namespace + "." + meshDomain + ":2222", "w." + b.namespace + ":22",
		ip + ":2222", ip + ":22", "169.254.169.254:80", "127.0.0.1:19100", "localhost:19100", "127.0.0.1:15010", "[::1]:22", "10.244.0.1:10350",
		"w--" + b.namespace + "." + meshDomain + ".evil.test:22", "w--other." + meshDomain + ":22", "nobody--" + b.namespace + "." + meshDomain + ":22",
		"outbound|22||w." + b.namespace + ".svc.cluster.local:22", "xds:15010", "BlackHoleCluster:22",
	} {
		status, err := connect(b.gateway, authority)
		if err != nil || strings.HasPrefix(status, "HTTP/1.1 2") {
			b.t.Errorf("%s: CONNECT %s gives %q, %v", kind, authority, status, err)
		}
	}
}

// aliasesDoNotPass asks a gateway that looks names up itself for Services that are
// names of something else: its own pod, the machine's metadata. Anybody who may
// make a Service can make such a one, and the DNS of most clusters has a name for
// every address.
func aliasesDoNotPass(b *bed) {
	b.t.Helper()
	for _, address := range []string{"127-0-0-1", "169-254-169-254", "0-0-0-0"} {
		name := "to-" + address
		b.apply(fmt.Sprintf(`{"apiVersion":"v1","kind":"Service","metadata":{"name":%q,"namespace":%q},"spec":{"type":"ExternalName","externalName":%q,"ports":[{"port":22}]}}`,
			name, b.namespace, address+".default.pod.cluster.local"))
		b.eventually(20*time.Second, "a Service that is another name is refused", func() error {
			status, err := connect(b.gateway, name+"--"+b.namespace+"."+meshDomain+":22")
			if err == nil && !strings.HasPrefix(status, "HTTP/1.1 403") {
				err = fmt.Errorf("CONNECT to %s gives %q", name, status)
			}
			return err
		})
	}
}

// sessionsStay holds a session while other workspaces come, change and go.
func sessionsStay(b *bed) {
	b.t.Helper()
	session := b.session("w")
	session.waitFor("$")
	b.create("other", image.SSHD)
	b.far("other", "true")
	b.berth("restart", "other", "--wait", "--yes")
	b.berth("delete", "other", "--wait", "--yes")
	b.berth("restore", "other", "--wait", "--yes")
	b.berth("delete", "other", "--wait", "--yes")
	time.Sleep((meshDrain + 2) * time.Second) // what a change of the listener would cut is cut by now
	session.send("echo still-$((40+2))\n")
	session.waitFor("still-42")
	only := b.gatewayOnly
	b.gatewayOnly = false // nor by any other way
	b.eventually(20*time.Second, "a deleted workspace is not reached", func() error {
		if r := b.tryFar("other", "true"); r.code == 0 {
			return errors.New("it is")
		}
		return nil
	})
	b.gatewayOnly = only
	b.berth("delete", "w", "--wait", "--yes")
	session.wait()
}

// What the admission policy refuses, on the real API server.
func TestRoutesOfOthersAreRefused(t *testing.T) {
	b := meshed(t, "istio")
	route := func(host, authority, destination string, port int) string {
		return fmt.Sprintf(`{"apiVersion":"networking.istio.io/v1","kind":"VirtualService","metadata":{"name":"w","namespace":%q},"spec":{
"hosts":[%q],"gateways":["berth-gateway/berth"],"http":[{"name":"berth-connect","match":[{"method":{"exact":"CONNECT"},"authority":{"exact":%q}}],
"route":[{"destination":{"host":%q,"port":{"number":%d}}}]}]}}`, b.namespace, host, authority, destination, port)
	}
	own := "w--" + b.namespace + "." + meshDomain
	service := "w." + b.namespace + ".svc.cluster.local"
	for name, tc := range map[string]struct{ text, refusal string }{
		"own":                   {route(own, own+":22", service, 22), ""},
		"another's host":        {route("w--other."+meshDomain, own+":22", service, 22), "hosts must be"},
		"a host with more":      {route("w--x--"+b.namespace+"."+meshDomain, own+":22", service, 22), "hosts must be"},
		"a wildcard":            {route("*."+meshDomain, own+":22", service, 22), "hosts must be"},
		"another's destination": {route(own, own+":22", "w.other.svc.cluster.local", 22), "destinations must be"},
		"the API server":        {route(own, own+":22", "kubernetes.default.svc.cluster.local", 22), "destinations must be"},
		"a short name":          {route(own, own+":22", "w", 22), "destinations must be"},
		"another port":          {route(own, own+":22", service, 443), "destinations must be"},
		"no tunnel":             {strings.Replace(route(own, own+":22", service, 22), `"name":"berth-connect"`, `"name":"web"`, 1), "CONNECT tunnels"},
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

// The check is content with what the manifest makes, and finds what would hurt.
func TestTheCheckFindsWhatHurts(t *testing.T) {
	b := meshed(t, "istio")
	b.create("held", image.SSHD)
	b.contains(b.berth("gateway", "check"), "no EnvoyFilter changes the listener", "each of 1 hosts has one owner", "answers CONNECT", "nobody's workspace is reached")
	const published = `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: ws-w, namespace: berth-gateway}
spec:
  workloadSelector: {labels: {berth.sh/gateway: berth}}
  configPatches:
  - applyTo: NETWORK_FILTER
    match: {context: GATEWAY, listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager}}}}
    patch:
      operation: MERGE
      value: {typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, stream_idle_timeout: 300s}}
  - applyTo: VIRTUAL_HOST
    match: {context: GATEWAY}
    patch: {operation: ADD, value: {name: x, domains: ["w.svc:80"], routes: []}}
`
	session := b.session("held")
	session.waitFor("$")
	if r := b.run(published, "kubectl", "apply", "-f", "-"); r.code != 0 {
		t.Fatal(r)
	}
	twin := b.mustCommand("kubectl", "get", "virtualservice", "held", "-n", b.namespace, "-o", "jsonpath={.spec}")
	text := fmt.Sprintf(`{"apiVersion":"networking.istio.io/v1","kind":"VirtualService","metadata":{"name":"twin","namespace":%q},"spec":%s}`, b.namespace, twin)
	if r := b.run(text, "kubectl", "apply", "-f", "-"); r.code != 0 {
		t.Fatal(r)
	}
	r := b.tryBerth("gateway", "check", "-o", "json")
	b.contains(r.stdout, `"listener-patch"`, `"port-in-domain"`, `"host-claimed-twice"`, `"fix"`)
	if r.code != 1 {
		t.Errorf("with three problems: %v", r)
	}
	// It is no false alarm: the session ends when the listener has drained.
	session.wait()
}

// Somebody with exactly the role berth-developer lives with a workspace, and
// reaches nothing outside the namespace.
func TestADeveloperHasExactlyWhatItTakes(t *testing.T) {
	for kind, writes := range map[string]string{
		"istio": "virtualservices.networking.istio.io", "envoy": "deployments.apps", "envoy-gateway": "httproutes.gateway.networking.k8s.io",
	} {
		t.Run(kind, func(t *testing.T) { // not parallel: there is one gateway
			developer(t, kind, writes)
		})
	}
}

// developer lives with a workspace at a gateway of a kind, where a developer
// writes one kind of objects at least.
func developer(t *testing.T, kind, writes string) {
	b := meshed(t, kind)
	config := filepath.Join(b.home, "developer.kubeconfig")
	data, err := os.ReadFile(node.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, data, 0o600); err != nil {
		t.Fatal(err)
	}
	user := strings.TrimSpace(b.mustCommand("kubectl", "config", "view", "--kubeconfig", config, "-o", "jsonpath={.users[0].name}"))
	text := strings.Replace(string(data), "name: "+user+"\n  user:\n", "name: "+user+"\n  user:\n    as: dev@acme.test\n", 1)
	if text == string(data) {
		t.Fatalf("no user %q in\n%s", user, data)
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, v := range b.env {
		if strings.HasPrefix(v, "KUBECONFIG=") {
			b.env[i] = "KUBECONFIG=" + config
			t.Cleanup(func() { b.env[i] = v }) // a developer may not take the gateway away
		}
	}
	b.eventually(20*time.Second, "the role is in force", func() error {
		return says(b.run("", "kubectl", "auth", "can-i", "create", writes, "-n", b.namespace), "yes")
	})
	b.create("w", image.SSHD)
	b.far("w", "true")
	b.contains(b.berth("ls"), "w", "running")
	b.berth("why", "w")
	b.berth("logs", "w")
	b.berth("restart", "w", "--wait", "--yes")
	b.berth("edit", "w", "--env", "A=b", "--yes")
	b.berth("stop", "w", "--wait", "--yes")
	b.berth("start", "w", "--wait")
	b.berth("delete", "w", "--wait", "--yes")
	b.berth("restore", "w", "--wait", "--yes")
	b.eventually(15*time.Second, "every pod of the gateway knows the way", func() error { return says(b.tryFar("w", "echo in"), "in") })
	b.berth("delete", "w", "--wait", "--yes")
	if r := b.tryBerth("purge", "w", "--yes"); r.code != 4 {
		t.Errorf("a developer destroyed a home: %v", r)
	}
	for _, denied := range []string{
		"list secrets", "create pods", "create pods/exec", "delete persistentvolumeclaims", "create rolebindings", "create gateways.networking.istio.io",
		"create envoyfilters.networking.istio.io", "patch namespaces", "create endpointslices.discovery.k8s.io", "create networkpolicies",
		"create gateways.gateway.networking.k8s.io", "create referencegrants.gateway.networking.k8s.io", "create envoypatchpolicies.gateway.envoyproxy.io",
	} {
		args := append([]string{"kubectl", "auth", "can-i"}, strings.Fields(denied)...)
		if r := b.run("", append(args, "-n", b.namespace)...); strings.TrimSpace(r.stdout) != "no" {
			t.Errorf("a developer may %s: %v", denied, r)
		}
	}
	for _, namespace := range []string{"default", "berth-gateway", "kube-system"} {
		for _, verb := range []string{"create deployments", "get secrets", "list pods", "create " + writes} {
			args := append([]string{"kubectl", "auth", "can-i"}, strings.Fields(verb)...)
			if r := b.run("", append(args, "-n", namespace)...); strings.TrimSpace(r.stdout) != "no" {
				t.Errorf("a developer may %s in %s: %v", verb, namespace, r)
			}
		}
	}
	if _, err := b.api.CoreV1().Secrets(b.namespace).Get(t.Context(), "w-ssh", metav1.GetOptions{}); apierrors.IsNotFound(err) {
		t.Error("the identity is gone")
	}
}
