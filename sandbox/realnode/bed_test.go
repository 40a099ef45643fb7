//go:build linux && realnode

package realnode_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/berth-sh/berth/workspace"
)

// Levels of Pod Security that a test's namespace enforces.
const (
	privileged = "privileged"
	baseline   = "baseline"
	restricted = "restricted"
)

// bed is the built program with a home, a key and a namespace of its own, on
// the real node.
type bed struct {
	t         testing.TB
	namespace string
	home      string
	env       []string
	api       kubernetes.Interface

	gateway     string // address of the gateway that a test has installed
	secured     bool   // the gateway speaks TLS
	gatewayOnly bool   // a connection that goes round the gateway is an error
}

// newBed makes a namespace that enforces a level of Pod Security.
func newBed(t testing.TB, level string) *bed {
	t.Helper()
	b := &bed{t: t, home: t.TempDir(), api: node.client}
	b.env = append(os.Environ(),
		"HOME="+b.home, "KUBECONFIG="+node.kubeconfig, "XDG_CONFIG_HOME="+filepath.Join(b.home, ".config"),
		"XDG_STATE_HOME="+filepath.Join(b.home, ".state"), "XDG_CACHE_HOME="+filepath.Join(b.home, ".cache"),
		"PATH="+node.bin+":"+filepath.Join(node.bin, "realnode")+":"+os.Getenv("PATH"), "SSH_AUTH_SOCK=")
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "t-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": level},
	}}
	created, err := b.api.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b.namespace = created.Name
	t.Cleanup(func() {
		if t.Failed() {
			b.explain()
		}
		if err := b.api.CoreV1().Namespaces().Delete(context.Background(), b.namespace, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	if err := os.MkdirAll(filepath.Join(b.home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	b.mustCommand("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(b.home, ".ssh", "id_ed25519"))
	b.berth("ssh-config", "install", "--yes")
	return b
}

// explain shows what the cluster knows, for a test that failed: briefly, or it
// would hide what the test says.
func (b *bed) explain() {
	events, err := b.api.CoreV1().Events(b.namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return
	}
	for _, e := range events.Items {
		if e.Type != corev1.EventTypeNormal {
			b.t.Logf("event: %s %s %s: %.300s", e.InvolvedObject.Kind, e.InvolvedObject.Name, e.Reason, e.Message)
		}
	}
	pods, err := b.api.CoreV1().Pods(b.namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return
	}
	for _, p := range pods.Items {
		out, err := b.api.CoreV1().Pods(b.namespace).GetLogs(p.Name, &corev1.PodLogOptions{TailLines: new(int64(20))}).DoRaw(context.Background())
		states := ""
		for _, c := range p.Status.ContainerStatuses {
			states += fmt.Sprintf(" %s: ready %t, restarts %d, %s;", c.Name, c.Ready, c.RestartCount, c.State.String())
		}
		b.t.Logf("pod %s %s%s %v\n%s", p.Name, p.Status.Phase, states, err, out)
	}
}

// result is how a command ended.
type result struct {
	code           int
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
}

// run runs a program to its end, for at most three minutes.
func (b *bed) run(input string, args ...string) result {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.path(args[0]), args[1:]...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = b.env, b.home, strings.NewReader(input), &out, &errs
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		b.t.Fatalf("%v: %v %v\n%s%s", args, ctx.Err(), err, out.String(), errs.String())
	}
	if b.gatewayOnly && strings.Contains(errs.String(), "using port-forward instead") {
		b.t.Errorf("%v: the gateway was not used: %s", args, errs.String())
	}
	return result{code: cmd.ProcessState.ExitCode(), stdout: out.String(), stderr: errs.String()}
}

// path finds the programs that were built for the tests.
func (b *bed) path(name string) string {
	switch name {
	case "berth":
		return filepath.Join(node.bin, name)
	case "kubectl", "envoy-gateway":
		return filepath.Join(node.bin, "realnode", name)
	}
	return name
}

// mustCommand runs a program that has to succeed, and returns what it printed.
func (b *bed) mustCommand(args ...string) string {
	b.t.Helper()
	r := b.run("", args...)
	if r.code != 0 {
		b.t.Fatalf("%s: %v", strings.Join(args, " "), r)
	}
	return r.stdout
}

// tryBerth runs berth in the bed's namespace.
func (b *bed) tryBerth(args ...string) result {
	b.t.Helper()
	return b.run("", append([]string{"berth", "--namespace", b.namespace}, args...)...)
}

// berth runs berth in the bed's namespace; it has to succeed.
func (b *bed) berth(args ...string) string {
	b.t.Helper()
	r := b.tryBerth(args...)
	if r.code != 0 {
		b.t.Fatalf("berth %s: %v", strings.Join(args, " "), r)
	}
	return r.stdout + r.stderr
}

// create creates a small workspace and waits until its sshd answers.
func (b *bed) create(name, image string, more ...string) {
	b.t.Helper()
	b.berth(append(createArgs(name, image), append([]string{"--wait"}, more...)...)...)
}

func createArgs(name, image string) []string {
	return []string{"create", name, "--yes", "--image", image, "--cpu", "100m", "--memory", "256Mi", "--disk", "1Gi"}
}

func (b *bed) alias(name string) string { return name + "." + b.namespace + ".berth" }

// tryFar runs a command in a workspace with plain ssh.
func (b *bed) tryFar(name string, command ...string) result {
	b.t.Helper()
	return b.run("", append(b.ssh(name), command...)...)
}

// ssh is how plain ssh is called: by the alias, with the generated
// configuration, never asking for anything.
func (b *bed) ssh(name string, options ...string) []string {
	args := append([]string{"ssh", "-F", filepath.Join(b.home, ".ssh", "berth", "config"), "-o", "BatchMode=yes"}, options...)
	return append(args, b.alias(name))
}

// far runs a command in a workspace; it has to succeed.
func (b *bed) far(name string, command ...string) string {
	b.t.Helper()
	r := b.tryFar(name, command...)
	if r.code != 0 {
		b.t.Fatalf("ssh %s %s: %v", b.alias(name), strings.Join(command, " "), r)
	}
	return strings.TrimSpace(r.stdout)
}

// pod returns the running pod of a workspace.
func (b *bed) pod(name string) *corev1.Pod {
	b.t.Helper()
	pods, err := b.api.CoreV1().Pods(b.namespace).List(b.t.Context(), metav1.ListOptions{LabelSelector: workspace.LabelWorkspace + "=" + name})
	if err != nil {
		b.t.Fatal(err)
	}
	for i := range pods.Items {
		if pods.Items[i].DeletionTimestamp == nil {
			return &pods.Items[i]
		}
	}
	b.t.Fatalf("workspace %s has no pod", name)
	return nil
}

// eventually waits until check returns nil.
func (b *bed) eventually(limit time.Duration, what string, check func() error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), limit)
	defer cancel()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			b.t.Fatalf("%s: not within %v: %v", what, limit, err)
		}
	}
}

// says waits until `berth why` says something about a workspace.
func (b *bed) says(name string, words ...string) {
	b.t.Helper()
	b.eventually(90*time.Second, "berth why "+name, func() error {
		r := b.tryBerth("why", name)
		for _, word := range words {
			if !strings.Contains(r.stdout, word) {
				return fmt.Errorf("no %q in\n%v", word, r)
			}
		}
		return nil
	})
}

// contains fails the test unless text contains every word.
func (b *bed) contains(text string, words ...string) {
	b.t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			b.t.Errorf("no %q in\n%s", word, text)
		}
	}
}
