//go:build linux && realnode

package realnode_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// An Envoy of its own and Envoy Gateway carry everything that ssh does, let
// nothing else pass, and cut nobody's session: not because of another
// workspace, and not because their own pods are replaced.
func TestThroughEnvoy(t *testing.T) {
	for _, kind := range []string{"envoy", "envoy-gateway"} {
		t.Run(kind, func(t *testing.T) { // not parallel: there is one gateway
			b := meshed(t, kind)
			b.create("w", image.SSHD, "--cpu", "500m", "--env", `GREETING=a "b" \c d`)
			old := b.session("w")
			old.waitFor("$")
			waysIn(b, true)
			transfer(b, "w")
			nothingElsePasses(b, kind)
			if kind == "envoy" {
				aliasesDoNotPass(b)
			}
			noneOfAThousandPasses(b, "w")
			rollout(b, old)
			b.listenersStay(func() { sessionsStay(b) })
		})
	}
}

// rollout replaces the gateway's pods under a session that is as old as the
// test. It goes on in the pod that goes; the next ones are in new pods.
func rollout(b *bed, old *session) {
	b.t.Helper()
	namespace, name := "berth-gateway", "berth"
	if b.mustCommand("kubectl", "get", "deployments", "-n", namespace, "-o", "name") == "" {
		namespace, name = controllers, "berth-gateway"
	}
	pods := func() []string {
		return strings.Fields(b.mustCommand("kubectl", "get", "pods", "-n", namespace, "-l", "berth.sh/gateway=berth", "-o", "jsonpath={.items[*].metadata.name}"))
	}
	before := pods()
	b.mustCommand("kubectl", "rollout", "restart", "deployment/"+name, "-n", namespace)
	b.mustCommand("kubectl", "rollout", "status", "deployment/"+name, "-n", namespace, "--timeout=90s")
	b.far("w", "true")
	old.send("echo replaced-$((40+2))\n")
	old.waitFor("replaced-42")
	old.send("exit\n")
	old.wait()
	b.eventually(90*time.Second, "pods without sessions end", func() error {
		for _, pod := range pods() {
			for _, gone := range before {
				if pod == gone {
					return fmt.Errorf("%s is still there", pod)
				}
			}
		}
		return nil
	})
}

// listenersStay fails the test if an Envoy of Envoy Gateway's gets another
// listener meanwhile. Its connections would be cut a day later, which no test
// waits for. A stand-alone Envoy has the listener of its file.
func (b *bed) listenersStay(during func()) {
	b.t.Helper()
	before := b.listenerChanges()
	during()
	if after := b.listenerChanges(); after != before {
		b.t.Errorf("the listeners have changed %d times, and %d times before", after, before)
	}
}

// listenerChanges counts how often Envoys have changed a listener.
func (b *bed) listenerChanges() int {
	b.t.Helper()
	addresses := b.mustCommand("kubectl", "get", "pods", "-n", controllers, "-l", "berth.sh/gateway=berth", "-o", "jsonpath={.items[*].status.podIP}")
	changes := 0
	for _, address := range strings.Fields(addresses) {
		resp, err := http.Get("http://" + address + ":19001/stats/prometheus") //nolint:noctx // it is on this machine
		if err != nil {
			b.t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close() // all is read
		if err != nil {
			b.t.Fatal(err)
		}
		counters := regexp.MustCompile(`(?m)^envoy_listener_manager_listener_(?:added|modified|removed|in_place_updated)\{[^}]*\} (\d+)$`).FindAllStringSubmatch(string(text), -1)
		if len(counters) != 4 {
			b.t.Fatalf("%d counters of listeners, want 4:\n%.2000s", len(counters), text)
		}
		for _, c := range counters {
			n, err := strconv.Atoi(c[1])
			if err != nil {
				b.t.Fatal(err)
			}
			changes += n
		}
	}
	return changes
}
