//go:build linux && realnode

package realnode_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// Ports of the gateway in these tests, where nothing else listens.
const ownPorts = "31500-31515"

// aliasOf reads one value of the alias file of a workspace.
func (b *bed) aliasOf(name, key string) string {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.home, ".ssh", "berth", "alias", b.alias(name)))
	if err != nil {
		b.t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+" "); ok {
			return value
		}
	}
	return ""
}

// eachItsOwn proves that each alias leads to the pod of its own workspace, by
// plain ssh and by berth itself.
func eachItsOwn(b *bed, names ...string) {
	b.t.Helper()
	for _, name := range names {
		want := b.pod(name).Name
		if got := b.far(name, "hostname"); got != want {
			b.t.Errorf("ssh %s reaches %s, want %s", b.alias(name), got, want)
		}
		if got := strings.TrimSpace(b.tryBerth("ssh", name, "--", "hostname").stdout); got != want {
			b.t.Errorf("berth ssh %s reaches %s, want %s", name, got, want)
		}
	}
}

// Each workspace has a port of a real gateway, nobody has another's, and a
// session never notices who comes and goes on the other ports.
func TestThroughPorts(t *testing.T) {
	b := newBed(t, baseline)
	b.mesh("", "--kind", "tcp-port", "--address", "127.0.0.1", "--ports", ownPorts)
	t.Cleanup(func() {
		b.run("", "kubectl", "delete", "-n", "berth-gateway", "--all", "destinationrules.networking.istio.io,leases")
		b.run("", "kubectl", "delete", "-n", "berth-gateway", "--ignore-not-found", "role/berth-ports")
		for _, policy := range []string{"berth-held-ports", "berth-ports"} {
			b.run("", "kubectl", "delete", "--ignore-not-found", "validatingadmissionpolicybinding/"+policy, "validatingadmissionpolicy/"+policy)
		}
	})
	b.create("w", image.SSHD)
	b.create("third", image.SSHD)
	eachItsOwn(b, "w", "third")
	port := b.aliasOf("w", "address")
	if b.aliasOf("w", "transport") != "direct" || !strings.HasPrefix(port, "127.0.0.1:315") || port == b.aliasOf("third", "address") {
		t.Errorf("the aliases lead to %s and %s by %s", port, b.aliasOf("third", "address"), b.aliasOf("w", "transport"))
	}
	// An ssh that knows nothing of berth, and another laptop's list.
	greeting := b.mustCommand("ssh-keyscan", "-p", strings.TrimPrefix(port, "127.0.0.1:"), "127.0.0.1")
	_, key, _ := strings.Cut(b.aliasOf("w", "host-key"), " ")
	b.contains(greeting, key)
	b.contains(b.berth("ls", "-o", "json"), `"address": "`+port+`"`)
	b.contains(b.berth("why", "w"), "tcp-port at "+port)
	b.contains(b.berth("gateway", "check"), "14 of 16 ports are free", "each route's port is held by its workspace", "every claim has its workspace")
	idleForADay(b)
	sessionsStay(b) // it deletes w
	b.eventually(20*time.Second, "the port is free", func() error {
		if r := b.run("", "kubectl", "get", "leases", "-n", "berth-gateway", "-o", "name"); strings.Count(r.stdout, "berth-port-") != 1 {
			return errors.New(r.stdout)
		}
		return nil
	})
	// Whoever gets the port next is reached there, and the pin of the last one
	// is not taken for its own.
	b.berth("restore", "w", "--wait", "--yes")
	eachItsOwn(b, "w", "third")
	if now := b.aliasOf("w", "address"); now != port {
		t.Errorf("restored at %s, was at %s", now, port)
	}
}

// idleForADay checks that Envoy ends no silent connection of a workspace's: the
// DestinationRule is in what it was told.
func idleForADay(b *bed) {
	b.t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/config_dump?resource=dynamic_listeners", meshAdmin)) //nolint:noctx // it is on this machine
	if err != nil {
		b.t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // all is read
	if err != nil {
		b.t.Fatal(err)
	}
	if got := strings.Count(string(text), `"idle_timeout": "86400s"`); got != 2 {
		b.t.Errorf("%d of 2 listeners let a connection be silent for a day:\n%.4000s", got, text)
	}
}

// publish applies the manifest of a kind without gateway. What it replaces is
// back when the test ends.
func (b *bed) publish(options ...string) {
	b.t.Helper()
	maps := b.api.CoreV1().ConfigMaps("berth-gateway")
	was, err := maps.Get(b.t.Context(), "berth", metav1.GetOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	b.apply(b.mustCommand(append([]string{"berth", "gateway", "manifest", "--grant", b.namespace + "=dev@acme.test"}, options...)...))
	b.t.Cleanup(func() {
		now, err := maps.Get(context.Background(), "berth", metav1.GetOptions{})
		if err != nil {
			b.t.Fatal(err)
		}
		now.Data = was.Data
		if _, err := maps.Update(context.Background(), now, metav1.UpdateOptions{}); err != nil {
			b.t.Error(err)
		}
	})
}

// running is a command that has not ended yet.
type running struct {
	cmd  *exec.Cmd
	done chan error

	mu   sync.Mutex // guards text
	text bytes.Buffer
}

// Write implements io.Writer.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *running) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// begin starts berth in the bed's namespace.
func (b *bed) begin(args ...string) *running {
	b.t.Helper()
	r := &running{done: make(chan error, 1)}
	r.cmd = exec.CommandContext(b.t.Context(), b.path("berth"), append([]string{"--namespace", b.namespace}, args...)...)
	r.cmd.Env, r.cmd.Dir, r.cmd.Stdout, r.cmd.Stderr = b.env, b.home, r, r
	if err := r.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	go func() { r.done <- r.cmd.Wait() }()
	return r
}

// assign gives a workspace's load balancer its address, as the cloud's
// controller does: there is no cloud here. What makes the address work is the
// node's own kube-proxy.
func (b *bed) assign(name, address string) {
	b.t.Helper()
	b.mustCommand("kubectl", "patch", "service/"+name+"-lb", "-n", b.namespace, "--subresource=status", "--type=merge",
		"-p", `{"status":{"loadBalancer":{"ingress":[{"ip":"`+address+`","ipMode":"VIP"}]}}}`)
}

// Each workspace has a load balancer, whose address is waited for.
func TestThroughLoadBalancer(t *testing.T) {
	b := newBed(t, baseline)
	b.publish("--kind", "load-balancer", "--source-range", "10.244.0.0/16", "--annotation", "cloud.example/type=external")
	addresses := map[string]string{"w": "10.244.255.21", "third": "10.244.255.22"}
	for _, name := range []string{"w", "third"} {
		creating := b.begin(append(createArgs(name, image.SSHD), "--wait", "--timeout", "2m")...)
		waiting := "waiting for the load balancer's address of Service " + name + "-lb"
		b.eventually(90*time.Second, "create says what it waits for", func() error {
			if !strings.Contains(creating.said(), waiting) {
				return errors.New(creating.said())
			}
			return nil
		})
		if name == "w" { // meanwhile the way is through the API server, and said to be
			b.says("w", "waits for its load balancer's address", "Until then the way is through the API server")
			b.contains(b.tryBerth("ssh", "w", "--", "hostname").stdout, b.pod("w").Name)
			if got := b.aliasOf("w", "transport"); got != "port-forward" {
				t.Errorf("without an address the alias goes by %s", got)
			}
			b.eventually(30*time.Second, "create says for how long", func() error {
				if !strings.Contains(creating.said(), waiting+" · 20 s") {
					return errors.New(creating.said())
				}
				return nil
			})
		}
		b.assign(name, addresses[name])
		select {
		case err := <-creating.done:
			if err != nil || !strings.Contains(creating.said(), "load balancer at "+addresses[name]+":22") {
				t.Fatalf("create %s: %v\n%s", name, err, creating.said())
			}
		case <-time.After(time.Minute):
			t.Fatalf("create %s does not end:\n%s", name, creating.said())
		}
		if strings.Contains(creating.said(), "through the API server") {
			t.Errorf("create %s went round its load balancer:\n%s", name, creating.said())
		}
		if b.aliasOf(name, "transport") != "direct" || b.aliasOf(name, "address") != addresses[name]+":22" {
			t.Errorf("the alias leads to %s by %s", b.aliasOf(name, "address"), b.aliasOf(name, "transport"))
		}
	}
	b.gatewayOnly = true
	eachItsOwn(b, "w", "third")
	b.contains(b.berth("why", "w"), "load-balancer at "+addresses["w"]+":22", "Route answers")
	b.contains(b.berth("gateway", "check"), "have an address")
	b.contains(b.mustCommand("kubectl", "get", "service/w-lb", "-n", b.namespace, "-o", "yaml"), "cloud.example/type: external", "10.244.0.0/16")
	session := b.session("w")
	session.waitFor("$")
	b.berth("delete", "third", "--wait", "--yes")
	session.send("echo still-$((40+2))\n")
	session.waitFor("still-42")
	if r := b.run("", "kubectl", "get", "service/third-lb", "-n", b.namespace); !strings.Contains(r.stderr, "NotFound") {
		t.Errorf("the load balancer of a deleted workspace: %v", r)
	}
	b.berth("delete", "w", "--wait", "--yes")
	session.wait()
}

// Who may connect is the load balancer's to say: kube-proxy holds it to that.
func TestALoadBalancerKeepsOthersOut(t *testing.T) {
	b := newBed(t, baseline)
	b.publish("--kind", "load-balancer", "--source-range", "203.0.113.0/24")
	b.berth(createArgs("w", image.SSHD)...)
	b.assign("w", "10.244.255.23")
	b.eventually(90*time.Second, "the workspace runs", func() error {
		return says(b.tryBerth("ssh", "w", "--via", "port-forward", "--", "echo in"), "in")
	})
	b.berth("ls") // writes the alias
	r := b.run("", append(b.ssh("w"), "hostname")...)
	b.contains(r.stderr, "using port-forward instead")
	b.contains(r.stdout, b.pod("w").Name)
}

// Without any gateway everything goes through the API server, to the right
// workspace, on a real kubelet.
func TestThroughPortForward(t *testing.T) {
	b := newBed(t, baseline)
	b.publish("--kind", "port-forward")
	b.create("w", image.SSHD, "--env", `GREETING=a "b" \c d`)
	b.create("third", image.SSHD)
	if got := b.aliasOf("w", "transport"); got != "port-forward" {
		t.Errorf("the alias goes by %s", got)
	}
	eachItsOwn(b, "w", "third")
	b.contains(b.berth("why", "w"), "Reached through the API server")
	session := b.session("w")
	session.waitFor("$")
	b.berth("restart", "third", "--wait", "--yes")
	eachItsOwn(b, "third")
	b.berth("delete", "third", "--wait", "--yes")
	session.send("echo still-$((40+2))\n")
	session.waitFor("still-42")
	waysIn(b, true)
}
