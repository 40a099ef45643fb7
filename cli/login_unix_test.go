//go:build unix

package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/berth-sh/berth/kube"
)

// withPlugin is an environment whose kubeconfig gets its credentials from a
// script. The script finds in $CREDENTIALS a file with an ExecCredential that
// the API server accepts.
func withPlugin(t *testing.T, env []string, script string) []string {
	t.Helper()
	dir := t.TempDir()
	var kubeconfig string
	for _, e := range env {
		if path, ok := strings.CutPrefix(e, "KUBECONFIG="); ok {
			kubeconfig = path
		}
	}
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	plugin, credentials := filepath.Join(dir, "corp-login"), filepath.Join(dir, "credentials")
	for name, user := range config.AuthInfos {
		answer, err := json.Marshal(map[string]any{
			"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
			"status": map[string]string{"clientCertificateData": string(user.ClientCertificateData), "clientKeyData": string(user.ClientKeyData), "token": user.Token},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(credentials, answer, 0o600); err != nil {
			t.Fatal(err)
		}
		config.AuthInfos[name] = &api.AuthInfo{Exec: &api.ExecConfig{
			APIVersion: "client.authentication.k8s.io/v1", Command: plugin, InteractiveMode: api.IfAvailableExecInteractiveMode,
			Env: []api.ExecEnvVar{{Name: "CREDENTIALS", Value: credentials}, {Name: "DIR", Value: dir}},
		}}
	}
	if err := os.WriteFile(plugin, []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	path := filepath.Join(dir, "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return append(append([]string{}, env...), "KUBECONFIG="+path)
}

// TestLoginFromTheProgram has a plugin that wants a password: it writes all
// over the terminal where it has one, fails where it has none, and asks when the
// program hands the terminal over.
func TestLoginFromTheProgram(t *testing.T) {
	b := newBed(t, "login")
	env := withPlugin(t, b.env, `
case "$KUBERNETES_EXEC_INFO" in
*'"interactive":true'*)
	printf 'Password for dev: ' >/dev/tty
	read -r answer </dev/tty || exit 1
	[ "$answer" = sesame ] || { echo "wrong password" >&2; exit 1; }
	touch "$DIR/in";;
*)
	echo SCRIBBLE >/dev/tty
	echo SCRIBBLE on the screen >&2;;
esac
[ -e "$DIR/in" ] || { echo "your session has expired" >&2; exit 1; }
cat "$CREDENTIALS"
`)
	s := openScreen(t, 140, 30, env, b.berth)
	// What was on the terminal before is there again whenever it is handed over,
	// so that the times count at which something is seen.
	times := func(text string, n int) {
		t.Helper()
		if shown, ok := s.until(screenTimeout, func(shown string) bool { return strings.Count(shown, text) == n }); !ok {
			t.Fatalf("waiting to see %q %d times:\n%s", text, n, shown)
		}
	}
	s.waitFor("credential plugin corp-login failed: your session has expired", "L logs in", "retrying")
	s.waitGone("SCRIBBLE")
	s.keys("L")
	s.waitFor("logging in with corp-login", "Password for dev:")
	s.text("mellon")
	s.keys("Enter")
	s.waitFor("wrong password", "press enter to go back")
	s.keys("Enter")
	s.waitFor("L logs in")
	s.keys("L")
	times("Password for dev:", 2)
	s.keys("C-c") // ends the plugin, not the program
	times("press enter to go back", 2)
	s.keys("Enter")
	s.waitFor("L logs in")
	s.keys("L")
	times("Password for dev:", 3)
	s.text("sesame")
	s.keys("Enter")
	s.waitFor("no workspaces in login")
	s.waitGone("SCRIBBLE", "clientKeyData", "expired")
	s.keys("q")
	s.waitFor("ended with 0")
	s.waitGone("clientKeyData")
}

// TestAPluginThatHangs: the screen says what is waited for, the program can be
// left, and nothing of the plugin outlives it.
func TestAPluginThatHangs(t *testing.T) {
	b := newBed(t, "hangs-login")
	env := withPlugin(t, b.env, `echo $$ >"$DIR/pid"; echo "open https://login.example.com" >&2; sleep 600 & wait`)
	s := openScreen(t, 140, 30, env, b.berth)
	s.waitFor("credential plugin corp-login has not answered yet: open https://login.example.com")
	s.keys("?")
	s.waitFor("help · berth")
	s.keys("Escape")
	s.waitGone("help · berth") // else both are one key: alt+q
	s.keys("q")
	s.waitFor("ended with 0")
	var dir string
	for _, e := range env {
		if path, ok := strings.CutPrefix(e, "KUBECONFIG="); ok {
			dir = filepath.Dir(path)
		}
	}
	pid := strings.TrimSpace(readFile(t, filepath.Join(dir, "pid")))
	gone := func() bool {
		_, err := os.Stat("/proc/" + pid)
		return errors.Is(err, os.ErrNotExist)
	}
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	for !gone() {
		select {
		case <-deadline.C:
			t.Fatalf("the plugin (%s) has outlived the program", pid)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// TestRunPlugin covers the ways in which a plugin can end.
func TestRunPlugin(t *testing.T) {
	dir := t.TempDir()
	script := func(text string) []string { return []string{"/bin/sh", "-c", text} }
	for _, c := range []struct {
		name         string
		argv         []string
		code         int
		out, reports string
	}{
		{"well", script("echo noise >&2; echo '{}'"), exitOK, "{}\n", ""},
		{"failed", script("echo one >&2; printf 'two \\033[31mred\\n' >&2; echo '{}'; exit 3"), exitFailure, "", kube.ReportFailed + "\none\ntwo \ufffdred"},
		{"silent", script("exit 3"), exitFailure, "", kube.ReportFailed + "\n\nexit status 3"},
		{"missing", []string{"/nonexistent/plugin"}, exitFailure, "", kube.ReportMissing + "\n"},
		{"late", script("echo wait >&2; sleep 600 & wait"), exitUnreachable, "", kube.ReportLate + "\nwait"},
		{"no terminal", script("(: </dev/tty) 2>/dev/null && echo has || echo none"), exitOK, "none\n", ""},
		{"too much", script("head -c 2000000 /dev/zero"), exitFailure, "", kube.ReportFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := filepath.Join(dir, strings.ReplaceAll(c.name, " ", "-"))
			var out bytes.Buffer
			limit := 20 * time.Second
			if c.name == "late" {
				limit = 300 * time.Millisecond
			}
			r := pluginRun{report: report, limit: limit, parent: os.Getppid}
			code := r.run(t.Context(), c.argv, &out)
			raw, err := os.ReadFile(report)
			if code != c.code || out.String() != c.out {
				t.Errorf("code %d, want %d; output %.80q", code, c.code, out.String())
			}
			if c.reports == "" && !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(string(raw), c.reports) {
				t.Errorf("it reports %q, %v; want %q", raw, err, c.reports)
			}
		})
	}
	t.Run("its parent goes", func(t *testing.T) {
		calls := 0
		r := pluginRun{limit: time.Minute, parent: func() int { calls++; return calls }}
		began := time.Now()
		if code := r.run(context.Background(), script("sleep 600"), &bytes.Buffer{}); code == exitOK || time.Since(began) > 20*time.Second {
			t.Errorf("it ended with %d after %s", code, time.Since(began))
		}
	})
}

// TestAServerThatNeverAnswers accepts connections and says nothing, from the
// start: the program says so, and goes on being one.
func TestAServerThatNeverAnswers(t *testing.T) {
	b := newBed(t, "silent")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"mute","contexts":[{"name":"mute","context":{"cluster":"c","user":"u"}}],
"clusters":[{"name":"c","cluster":{"server":"https://%s","certificate-authority-data":%q}}],"users":[{"name":"u","user":{"token":"x"}}]}`,
		listener.Addr(), base64.StdEncoding.EncodeToString(nil))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openScreen(t, 140, 30, append(append([]string{}, b.env...), "KUBECONFIG="+path), b.berth)
	s.waitFor("takes longer than 3 s", "retrying")
	s.keys("?")
	s.waitFor("help · berth")
	s.keys("Escape")
	s.waitGone("help · berth") // else both are one key: alt+q
	s.keys("q")
	s.waitFor("ended with 0")
}
