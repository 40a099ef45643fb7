package cli

// The scripts run the built programs against a real API server and a real
// ssh: BERTH_BIN holds the programs and BERTH_TEST_KUBECONFIG names the cluster
// that `make test` starts once. Every script has a home, settings and a
// namespace of its own.

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/kube"
)

// testCluster is the cluster of the tests; without one they are skipped, which
// `make test` counts as a failure.
func testCluster(t testing.TB) (kubeconfig, bin string) {
	t.Helper()
	kubeconfig, bin = os.Getenv("BERTH_TEST_KUBECONFIG"), os.Getenv("BERTH_BIN")
	if kubeconfig == "" || bin == "" {
		t.Skip("needs BERTH_TEST_KUBECONFIG and BERTH_BIN: make test")
	}
	return kubeconfig, bin
}

func TestScripts(t *testing.T) {
	kubeconfig, bin := testCluster(t)
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			namespace := "script-" + strings.ToLower(strings.TrimPrefix(filepath.Base(env.WorkDir), "script-"))
			if err := makeNamespace(kubeconfig, namespace); err != nil {
				return err
			}
			path, err := namespacedKubeconfig(kubeconfig, namespace, env.WorkDir)
			if err != nil {
				return err
			}
			home := filepath.Join(env.WorkDir, "home")
			if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
				return err
			}
			env.Vars = append(env.Vars,
				"HOME="+home, "KUBECONFIG="+path, "NS="+namespace, "ALIAS_SUFFIX=."+namespace+".berth", "SHELL=/bin/sh",
				"XDG_STATE_HOME="+filepath.Join(home, "state"), "XDG_CONFIG_HOME="+filepath.Join(home, "config"), "XDG_CACHE_HOME="+filepath.Join(home, "cache"),
				"PATH="+bin+":"+os.Getenv("PATH"), "BIN="+bin, "SSH_AUTH_SOCK=")
			env.Defer(func() { removeNamespace(kubeconfig, namespace) })
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": codeCommand},
	})
}

// codeCommand is `code N PROGRAM ARGS...`: the program must end with exit code
// N.
func codeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM ARGS...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("%s ended with %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

func testClient(kubeconfig string) (*kube.Client, error) {
	return kube.New(kube.Options{Kubeconfig: kubeconfig})
}

// makeNamespace makes a namespace and waits for its service account, without
// which pods are refused.
func makeNamespace(kubeconfig, name string) error {
	client, err := testClient(kubeconfig)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	core := client.Interface().CoreV1()
	if _, err := core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	for {
		if _, err := core.ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{}); err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// removeNamespace cleans up; the sandbox goes away anyway.
func removeNamespace(kubeconfig, name string) {
	client, err := testClient(kubeconfig)
	if err != nil {
		return
	}
	_ = client.Interface().CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{})
}

// namespacedKubeconfig copies the kubeconfig with another default namespace.
func namespacedKubeconfig(kubeconfig, namespace, dir string) (string, error) {
	client, err := testClient(kubeconfig)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(kubeconfig)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "kubeconfig")
	old := "namespace: " + client.DefaultNamespace()
	text := strings.ReplaceAll(string(data), old, "namespace: "+namespace)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// needProgram fails where a program of the tests is missing: a test that does
// not run proves nothing.
func needProgram(t testing.TB, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing: scripts/setup", name)
	}
}
