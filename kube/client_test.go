package kube_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// kubeconfig writes a file with two contexts for a server that nobody is.
func kubeconfig(t *testing.T, server string) string {
	t.Helper()
	text := `apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: c, cluster: {server: "` + server + `"}}
contexts:
- {name: one, context: {cluster: c, user: u, namespace: team-a}}
- {name: two, context: {cluster: c, user: u}}
users:
- {name: u, user: {token: secret}}
- {name: p, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, interactiveMode: Never}}}
`
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKubeconfigProblemsAreExplained(t *testing.T) {
	good := kubeconfig(t, "https://127.0.0.1:1")
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("{{\x1b[31m"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		options kube.Options
		want    string
		hint    string
	}{
		"missing":         {kube.Options{Kubeconfig: filepath.Join(t.TempDir(), "none")}, "no kubeconfig found", "berth sandbox up"},
		"broken":          {kube.Options{Kubeconfig: garbage}, "reading kubeconfig " + garbage, "kubectl config view"},
		"unknown context": {kube.Options{Kubeconfig: good, Context: "three"}, `context "three" is not in the kubeconfig`, "contexts: one, two"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := kube.New(tc.options)
			if !errors.Is(err, workspace.ErrUsage) || !contains(err, tc.want) || !strings.Contains(workspace.HintOf(err), tc.hint) {
				t.Errorf("error is %v with hint %q", err, workspace.HintOf(err))
			}
			if err != nil && strings.Contains(err.Error(), "\x1b") {
				t.Errorf("the error carries an escape sequence: %q", err)
			}
			if name == "missing" && !errors.Is(err, kube.ErrNoKubeconfig) {
				t.Errorf("error is not ErrNoKubeconfig: %v", err)
			}
		})
	}
}

func TestContextsAreListed(t *testing.T) {
	got, err := kube.Contexts(kube.Options{Kubeconfig: kubeconfig(t, "https://127.0.0.1:1")})
	if err != nil {
		t.Fatal(err)
	}
	want := []kube.Context{
		{Name: "one", Server: "https://127.0.0.1:1", Namespace: "team-a", Current: true},
		{Name: "two", Server: "https://127.0.0.1:1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnreachableServersAreNamed(t *testing.T) {
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	for server, want := range map[string]string{
		"https://" + refusing:             "API server " + refusing + " refuses connections",
		"https://no-such-host.invalid:99": "API server no-such-host.invalid:99 has a name that does not resolve",
	} {
		c, err := kube.New(kube.Options{Kubeconfig: kubeconfig(t, server)})
		if err != nil {
			t.Fatal(err)
		}
		if c.ContextName() != "one" || c.DefaultNamespace() != "team-a" || c.KubeconfigPath() == "" {
			t.Errorf("context %q, namespace %q, file %q", c.ContextName(), c.DefaultNamespace(), c.KubeconfigPath())
		}
		_, err = c.Cluster(t.Context())
		if !errors.Is(err, workspace.ErrUnreachable) || !contains(err, want) || workspace.HintOf(err) == "" {
			t.Errorf("error is %v with hint %q, want %q", err, workspace.HintOf(err), want)
		}
	}
}

func TestMissingPluginIsNamed(t *testing.T) {
	path := kubeconfig(t, "https://127.0.0.1:1")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "user: u", "user: p")), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := kube.New(kube.Options{Kubeconfig: path, NonInteractive: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Cluster(t.Context())
	if !contains(err, "credential plugin failed", "no-such-plugin not found") || workspace.HintOf(err) == "" {
		t.Errorf("error is %v with hint %q", err, workspace.HintOf(err))
	}
}

func TestClusterIsItsSystemNamespace(t *testing.T) {
	c := client(t, nil)
	first, err := c.Cluster(t.Context())
	if err != nil || len(first) != 36 {
		t.Errorf("cluster is %q, %v; want a UID", first, err)
	}
	admin := client(t, nil)
	ns := namespace(t, admin, nil)
	other, err := as(t, admin, ns, "nobody-of-"+ns, nil).Cluster(t.Context())
	if err != nil || !strings.HasPrefix(string(other), "address-") {
		t.Errorf("cluster is %q, %v; want a hash of the address", other, err)
	}
}
