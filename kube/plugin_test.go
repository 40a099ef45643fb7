package kube_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// plugged is a client of a cluster that nobody asks, because its credential
// plugin is asked first. The runner is a shell script that leaves a report.
func plugged(t *testing.T, runner string) *kube.Client {
	t.Helper()
	dir := t.TempDir()
	config := api.NewConfig()
	config.Clusters["c"] = &api.Cluster{Server: "https://127.0.0.1:1"}
	config.AuthInfos["u"] = &api.AuthInfo{Exec: &api.ExecConfig{
		APIVersion: "client.authentication.k8s.io/v1", Command: "/opt/corp/bin/corp-login", Args: []string{"--profile", "dev"},
		InteractiveMode: api.AlwaysExecInteractiveMode, InstallHint: "brew install corp-login", Env: []api.ExecEnvVar{{Name: "CORP", Value: "1"}},
	}}
	config.Contexts["x"] = &api.Context{Cluster: "c", AuthInfo: "u"}
	config.CurrentContext = "x"
	path, report := filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "report")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	c, err := kube.New(kube.Options{
		Kubeconfig: path, NonInteractive: true,
		Aside: kube.Aside{Runner: []string{"/bin/sh", "-c", runner, report}, Report: report},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestAPluginsWordsAreTheError covers what a runner reports.
func TestAPluginsWordsAreTheError(t *testing.T) {
	for _, c := range []struct{ name, runner, want, hint string }{
		{"failed", `printf 'failed\nfirst\nthe session has expired\033[31m\n' >"$0"; exit 1`, "credential plugin corp-login failed: the session has expired", "login needed"},
		{"late", `printf 'late\n' >"$0"; exit 5`, "credential plugin corp-login did not answer in time", "login needed"},
		{"missing", `printf 'missing\n' >"$0"; exit 1`, "credential plugin corp-login is not installed", "brew install corp-login"},
		{"no report", `exit 7`, "credential plugin failed: executable", "login needed"},
		{"its arguments", `printf 'failed\n%s\n' "$*" >"$0"; exit 1`, "failed: /opt/corp/bin/corp-login --profile dev", "login needed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := plugged(t, c.runner).Cluster(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\x1b") {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if !errors.Is(err, kube.ErrLogin) || !errors.Is(err, workspace.ErrForbidden) || !strings.Contains(workspace.HintOf(err), c.hint) {
				t.Errorf("kind or hint is wrong: %v, hint %q", err, workspace.HintOf(err))
			}
		})
	}
}

// TestARequestDoesNotWaitForAPlugin: its owner has gone, and what is waited for
// is known.
func TestARequestDoesNotWaitForAPlugin(t *testing.T) {
	c := plugged(t, `printf 'running\nopen https://login.example.com\n' >"$0"; sleep 5`)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := c.Cluster(ctx)
	if took := time.Since(began); err == nil || took > 3*time.Second {
		t.Errorf("after %s: %v", took, err)
	}
	if waiting := c.Waiting(); !errors.Is(waiting, kube.ErrLogin) || !strings.Contains(waiting.Error(), "corp-login has not answered yet: open https://login.example.com") {
		t.Errorf("it waits for %v", waiting)
	}
}

// TestLoginTellsThePluginThatItMayAsk, and is the plugin itself, not its runner.
func TestLoginTellsThePluginThatItMayAsk(t *testing.T) {
	cmd, err := plugged(t, "exit 1").Login(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	env := strings.Join(cmd.Env, "\n")
	if got := strings.Join(cmd.Args, " "); got != "/opt/corp/bin/corp-login --profile dev" {
		t.Errorf("it runs %s", got)
	}
	if !strings.Contains(env, `"interactive":true`) || !strings.Contains(env, `"apiVersion":"client.authentication.k8s.io/v1"`) || !strings.Contains(env, "\nCORP=1") {
		t.Errorf("its environment lacks something: %s", env[strings.Index(env, "KUBERNETES_EXEC_INFO"):])
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{"apiVersion":"v1","kind":"Config","current-context":"x","contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}],
"clusters":[{"name":"c","cluster":{"server":"https://127.0.0.1:1"}}],"users":[{"name":"u","user":{"token":"x"}}]}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := kube.New(kube.Options{Kubeconfig: path, NonInteractive: true, Aside: kube.Aside{Runner: []string{"x"}, Report: path}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Login(t.Context()); !errors.Is(err, workspace.ErrNotFound) || workspace.HintOf(err) == "" {
		t.Errorf("without a plugin: %v", err)
	}
}
