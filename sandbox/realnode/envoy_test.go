//go:build linux && realnode

package realnode_test

import (
	"fmt"
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
			waysIn(b, "w", true)
			transfer(b, "w")
			nothingElsePasses(b, kind)
			noneOfAThousandPasses(b, "w")
			rollout(b, old)
			sessionsStay(b)
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
