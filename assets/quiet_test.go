package assets_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/assets"
)

// TestLogLeavesOutProbes holds that a workspace's log is about those who log in,
// and not about the kubelet and berth, which look every few seconds whether it
// answers.
func TestLogLeavesOutProbes(t *testing.T) {
	quiet := regexp.MustCompile(`(?s)\nquiet\(\) \{\n.*?\n\}\n`).FindString(assets.Boot("restricted")["entrypoint.sh"])
	if quiet == "" {
		t.Fatal("the entrypoint has no function quiet")
	}
	probes := []string{
		"kex_exchange_identification: Connection closed by remote host",
		"Connection closed by 10.0.0.1 port 42042",
		"Received disconnect from 10.0.0.1 port 59982:11: probe [preauth]",
		"Disconnected from 10.0.0.1 port 59982 [preauth]",
		"Received disconnect from fd00::1 port 59982:11: probe [preauth]",
		"Disconnected from fd00::1 port 59982 [preauth]",
	}
	people := []string{
		"Server listening on 0.0.0.0 port 2222.",
		"Accepted publickey for dev from 10.0.0.1 port 4242 ssh2: ED25519 SHA256:x",
		"Received disconnect from 10.0.0.1 port 4242:11: disconnected by user",
		"Disconnected from user dev 10.0.0.1 port 4242",
		"Disconnected from authenticating user dev 10.0.0.1 port 4242 [preauth]",
		"Disconnected from invalid user root 10.0.0.1 port 4242 [preauth]",
		"Connection closed by authenticating user dev 10.0.0.1 port 4242 [preauth]",
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", quiet+"quiet")
	cmd.Stdin = strings.NewReader(strings.Join(append(probes, people...), "\n") + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if diff := cmp.Diff(people, strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}
