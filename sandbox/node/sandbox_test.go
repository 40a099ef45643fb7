package node_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// limit is how long anything may take that takes milliseconds on a free
// machine. Nothing is asserted about time below it.
const limit = 60 * time.Second

// namespace is where the tests' workspaces are.
const namespace = "team--a" // with the separator of authorities in it

// cluster is a sandbox with a real control plane.
type cluster struct {
	binary, state string
	config        *rest.Config
	client        kubernetes.Interface
	gateway       string
}

// startCluster builds the sandbox, unless BERTH_SANDBOX names one, and starts
// it; it ends with the test.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{binary: os.Getenv("BERTH_SANDBOX"), state: filepath.Join(t.TempDir(), "state")}
	if c.binary == "" {
		c.binary = filepath.Join(t.TempDir(), "berth-sandbox")
		run(t, exec.CommandContext(t.Context(), "go", "build", "-o", c.binary, "github.com/berth-sh/berth/sandbox"))
	}
	t.Cleanup(func() {
		down := exec.CommandContext(context.WithoutCancel(t.Context()), c.binary, "down", "--state", c.state)
		if out, err := down.CombinedOutput(); err != nil {
			t.Errorf("stopping the sandbox: %v\n%s", err, out)
		}
	})
	c.up(t)
	if _, err := c.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return c
}

// up starts the sandbox, again where it was stopped.
func (c *cluster) up(t *testing.T) {
	t.Helper()
	run(t, exec.CommandContext(t.Context(), c.binary, "up", "--state", c.state))
	status := exec.CommandContext(t.Context(), c.binary, "status", "--state", c.state, "-o", "json")
	var report struct{ Kubeconfig, Gateway string }
	if err := json.Unmarshal([]byte(run(t, status)), &report); err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", report.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	c.config, c.client, c.gateway = config, client, report.Gateway
}

// run runs a command that has to succeed and returns its standard output.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, &stdout, &stderr)
	}
	return stdout.String()
}

// eventually repeats check until it succeeds.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}

// newKey makes a key pair; the private one in the form of a Secret.
func newKey(t *testing.T) (signer ssh.Signer, private []byte) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err = ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

// connect asks the gateway for an authority and returns the connection, or an
// error with the gateway's answer.
func (c *cluster) connect(ctx context.Context, authority string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", c.gateway)
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadDeadline(time.Now().Add(limit)) // a closed connection fails in the read
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", authority); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	var head []byte
	for one := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, one...) {
		if _, err := conn.Read(one); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
		return nil, errors.Join(fmt.Errorf("gateway: %s", bytes.SplitN(head, []byte("\r\n"), 2)[0]), conn.Close())
	}
	_ = conn.SetReadDeadline(time.Time{}) // as above
	return conn, nil
}
