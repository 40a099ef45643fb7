package cli

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/workspace"
)

// ownSandbox starts a cluster that a test may break.
func ownSandbox(t *testing.T) (dir, kubeconfig string) {
	t.Helper()
	_, bin := testCluster(t)
	dir = filepath.Join(t.TempDir(), "sandbox")
	sandbox := func(args ...string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		return exec.CommandContext(ctx, filepath.Join(bin, "berth-sandbox"), append(args, "--state", dir)...).CombinedOutput()
	}
	t.Cleanup(func() {
		if out, err := sandbox("down", "--purge"); err != nil {
			t.Errorf("taking the sandbox down: %v: %s", err, out)
		}
	})
	if out, err := sandbox("up"); err != nil {
		t.Fatalf("starting a sandbox: %v: %s", err, out)
	}
	return dir, filepath.Join(dir, "kubeconfig")
}

// apiServer returns the process id of a sandbox's API server.
func apiServer(t *testing.T, dir string) int {
	t.Helper()
	_, bin := testCluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "berth-sandbox"), "status", "-o", "json", "--state", dir).Output()
	if err != nil {
		t.Fatalf("asking the sandbox: %v: %s", err, out)
	}
	var status struct {
		Components []struct {
			Name string `json:"name"`
			PID  int    `json:"pid"`
		} `json:"components"`
	}
	if err := json.Unmarshal(out, &status); err != nil {
		t.Fatal(err)
	}
	for _, c := range status.Components {
		if c.Name == "kube-apiserver" && c.PID > 0 {
			return c.PID
		}
	}
	t.Fatalf("no API server in %s", out)
	return 0
}

// TestOutages breaks what the other tests share, in a cluster of its own.
func TestOutages(t *testing.T) {
	dir, kubeconfig := ownSandbox(t)
	_, bin := testCluster(t)
	b := bedOn(t, kubeconfig, bin, "outages")
	b.want(exitOK, nil, "create", "api", "--wait")
	t.Run("API server restarts under the program", func(t *testing.T) { programOutlivesAPIServer(t, b, dir) })
	t.Run("route breaks under the program", func(t *testing.T) { routeFaults(t, b) })
	t.Run("gateway", func(t *testing.T) { gatewayFaults(t, b) })
}

// programOutlivesAPIServer kills the API server below an open program.
func programOutlivesAPIServer(t *testing.T, b *bed, dir string) {
	s := openScreen(t, 100, 30, b.env, b.berth)
	s.waitFor("● running")
	server, err := os.FindProcess(apiServer(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	s.waitFor("stale", "● running", "retrying; showing data from") // the rows stay
	s.waitGone("stale")
	s.waitFor("● running")
	b.t = t
	b.want(exitOK, nil, "stop", "api", "--wait")
	s.waitFor("○ stopped") // the list is live again
	b.want(exitOK, nil, "start", "api", "--wait")
	s.waitFor("● running")
	s.keys("q")
	s.waitFor("ended with 0")
}

// badGateway is a gateway that answers every connection with bytes; none for
// one that hangs up at once.
func badGateway(t *testing.T, answer string) (address string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096)) // the request; a test needs no more of it
			_, _ = conn.Write([]byte(answer))
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String()
}

// gatewayFaults publishes gateways that fail, each in its own way. A way that
// is broken is passed over with one line; a gateway that refuses is believed.
func gatewayFaults(t *testing.T, b *bed) {
	b.t = t
	maps := b.api.CoreV1().ConfigMaps(workspace.GatewayNamespace)
	cm, err := maps.Get(t.Context(), workspace.InstallationName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	published := cm.Data[workspace.InstallationKey]
	good := strings.Fields(readFile(t, aliasOf(b)))
	address := good[indexOf(good, "address")+1]
	for _, test := range []struct {
		name, address string
		code          int
		says          []string
	}{
		{"down", "127.0.0.1:1", exitOK, []string{"going through the API server", "refused"}},
		{"garbage", badGateway(t, "\x00\x01 hello \x1b[2J\r\n"), exitOK, []string{"going through the API server"}},
		{"nothing", badGateway(t, ""), exitOK, []string{"going through the API server"}},
		{"403", badGateway(t, "HTTP/1.1 403 Forbidden\r\n\r\n"), exitSSH, []string{"403 Forbidden", "hint: you may not reach this workspace"}},
		{"404", badGateway(t, "HTTP/1.1 404 Not Found\r\n\r\n"), exitSSH, []string{"404 Not Found", "hint: "}},
		{"503", badGateway(t, "HTTP/1.1 503 Service Unavailable\r\n\r\n"), exitSSH, []string{"503 Service Unavailable", "hint: ", "berth why api"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cm.Data[workspace.InstallationKey] = strings.ReplaceAll(published, address, test.address)
			if cm.Data[workspace.InstallationKey] == published {
				t.Fatalf("%s is not in what is published:\n%s", address, published)
			}
			if cm, err = maps.Update(t.Context(), cm, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			b.t = t
			got := b.want(test.code, test.says, "ssh", "api", "--", "echo", "through")
			if test.code == exitOK && (got.stdout != "through\n" || strings.Count(got.stderr, "\n") != 1) {
				t.Errorf("want the command's output and one line beside it: %q", got.commandAndOutput)
			}
			if strings.ContainsAny(got.stderr, "\x1b\x00") {
				t.Errorf("control characters reach the terminal: %q", got.stderr)
			}
		})
	}
}

// aliasOf is the file of the workspace api's alias.
func aliasOf(b *bed) string {
	for _, e := range b.env {
		if home, ok := strings.CutPrefix(e, "HOME="); ok {
			return filepath.Join(home, ".ssh", "berth", "alias", "api."+b.namespace+".berth")
		}
	}
	return ""
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func indexOf(words []string, word string) int {
	for i, w := range words {
		if w == word {
			return i
		}
	}
	return -1
}
