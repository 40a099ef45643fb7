package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// examined runs doctor and reads its JSON.
func (b *bed) examined(code int, args ...string) (reportRecord, map[string]checkRecord) {
	b.t.Helper()
	got := b.run(append([]string{"doctor", "-o", "json"}, args...)...)
	if got.code != code {
		b.t.Fatalf("exit code %d, want %d: %s", got.code, code, got.commandAndOutput)
	}
	var report reportRecord
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil {
		b.t.Fatalf("%v: %s", err, got.commandAndOutput)
	}
	checks := map[string]checkRecord{}
	for _, c := range report.Checks {
		checks[c.Name] = c
	}
	return report, checks
}

// states checks some states; "name" alone means ok.
func states(t *testing.T, checks map[string]checkRecord, want ...string) {
	t.Helper()
	for _, w := range want {
		name, state, other := strings.Cut(w, "=")
		if !other {
			state = "ok"
		}
		if c, ok := checks[name]; !ok || c.State != state {
			t.Errorf("%s is %q, want %q: %s %v", name, c.State, state, c.Text, c.Next)
		}
	}
}

func TestDoctorFindsNothingWhereAllIsWell(t *testing.T) {
	t.Parallel()
	b := newBed(t, "doctor-well")
	b.want(0, nil, "create", "api", "--wait")
	report, checks := b.examined(0, "api")
	if report.Found || report.Alias != "api.doctor-well.berth" || report.Version == "" || report.At.IsZero() {
		t.Errorf("report %+v", report)
	}
	states(t, checks, "kubeconfig", "api", "permissions", "installation", "workspace", "alias", "dns=skipped", "tcp", "proxy=skipped",
		"tls=skipped", "connect", "endpoint", "sshd", "host-key", "login", "shell", "sftp", "forward", "known-hosts", "ssh-config=note", "clock")
	if checks["api"].Milliseconds <= 0 || checks["connect"].Milliseconds <= 0 {
		t.Errorf("hops have no times: %+v %+v", checks["api"], checks["connect"])
	}
	text := b.want(0, nil, "doctor", "api").stdout
	if !strings.Contains(text, "✓ sshd ") || !strings.Contains(text, "✓ login         accepted as ") {
		t.Errorf("for people:\n%s", text)
	}
	// Without a workspace, the gateway itself.
	_, checks = b.examined(0)
	states(t, checks, "connect", "workspace=skipped", "sshd=skipped", "login=skipped")
	b.want(2, nil, "doctor", "Not A Name")
	b.want(2, nil, "doctor", "one", "two")
}

func TestDoctorNamesTheFirstBrokenHop(t *testing.T) {
	t.Parallel()
	b := newBed(t, "doctor-broken")
	b.want(0, nil, "create", "api", "--wait")
	home := b.home(t)
	aliasFile := filepath.Join(home, ".ssh/berth/alias/api.doctor-broken.berth")
	knownHosts := filepath.Join(home, ".ssh/berth/known_hosts")

	spoil(t, aliasFile, `address .*`, "address 127.0.0.1:1")
	_, checks := b.examined(1, "api")
	states(t, checks, "workspace", "alias=note", "tcp=problem", "connect=not reached", "sshd=not reached", "login=not reached", "endpoint")
	if c := checks["tcp"]; !strings.Contains(c.Text, "gateway 127.0.0.1:1") || !strings.Contains(c.Text, "connection refused") || len(c.Next) == 0 {
		t.Errorf("tcp: %+v", c)
	}
	spoil(t, aliasFile, `address .*`, "address berth-doctor.invalid:80")
	_, checks = b.examined(1, "api")
	states(t, checks, "dns=problem", "tcp=not reached")
	b.want(0, nil, "ls")

	if err := os.Remove(knownHosts); err != nil {
		t.Fatal(err)
	}
	_, checks = b.examined(1, "api")
	states(t, checks, "login", "known-hosts=problem")
	if next := checks["known-hosts"].Next; len(next) != 1 || !strings.Contains(next[0], "berth ssh-config install") {
		t.Errorf("next: %v", next)
	}
	b.want(0, nil, "ssh-config", "install", "--yes") // as it says
	_, checks = b.examined(0, "api")
	states(t, checks, "known-hosts")

	spoil(t, knownHosts, `ssh-ed25519 .*`, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9gGd5mDUkW1rZzP5K2qk3g2cQm6k7vTl7qf5H0cJ3V")
	_, checks = b.examined(1, "api")
	states(t, checks, "host-key", "known-hosts=problem")
	b.want(0, nil, "ssh-config", "install", "--yes")

	spoil(t, aliasFile, `host-key .*`, "host-key ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9gGd5mDUkW1rZzP5K2qk3g2cQm6k7vTl7qf5H0cJ3V")
	_, checks = b.examined(1, "api")
	states(t, checks, "sshd", "host-key=problem", "login=not reached", "shell=not reached")

	b.want(0, nil, "stop", "api", "--wait")
	_, checks = b.examined(1, "api")
	states(t, checks, "workspace=problem", "tcp", "connect=problem", "endpoint=not reached")
	if c := checks["workspace"]; len(c.Next) == 0 || !strings.Contains(c.Next[0], "berth start api") {
		t.Errorf("workspace: %+v", c)
	}
	_, checks = b.examined(1, "nobody")
	states(t, checks, "workspace=problem", "alias=problem", "dns=not reached")
}

// The API server is gone; the way through the gateway does not need it.
func TestDoctorGoesOnWithoutTheAPIServer(t *testing.T) {
	t.Parallel()
	b := newBed(t, "doctor-offline")
	b.want(0, nil, "create", "api", "--wait")
	kubeconfig := filepath.Join(t.TempDir(), "config")
	write := `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u, namespace: doctor-offline}}], clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}], users: [{name: u, user: {}}]}`
	if err := os.WriteFile(kubeconfig, []byte(write), 0o600); err != nil {
		t.Fatal(err)
	}
	_, checks := b.examined(1, "api", "--kubeconfig", kubeconfig)
	states(t, checks, "kubeconfig", "api=problem", "permissions=not reached", "workspace=not reached", "alias", "connect", "login", "sftp")
	_, checks = b.examined(1, "api", "--kubeconfig", filepath.Join(t.TempDir(), "none"))
	states(t, checks, "kubeconfig=problem", "api=not reached", "connect", "login")
}

// spoil replaces what a pattern matches in a file.
func spoil(t *testing.T, path, pattern, with string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = regexp.MustCompile(`(?m)`+pattern).ReplaceAll(data, []byte(with))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// home is the bed's home.
func (b *bed) home(t *testing.T) string {
	t.Helper()
	for _, pair := range b.env {
		if home, ok := strings.CutPrefix(pair, "HOME="); ok {
			return home
		}
	}
	t.Fatal("the bed has no home")
	return ""
}

func TestABundleHoldsNoSecret(t *testing.T) {
	t.Parallel()
	b := newBed(t, "doctor-bundle")
	canary := func(n string) string { return "canary-" + n + "-0123456789" }
	b.want(0, nil, "create", "api", "--wait", "--env", "APP_PASSWORD="+canary("env"), "--env", "PLAIN="+canary("plain"))
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own, err := os.ReadFile(b.kubeconfig(t))
	if err != nil {
		t.Fatal(err)
	}
	// More users and clusters than the one that is used.
	extra := file("extra", `apiVersion: v1
kind: Config
contexts: [{name: other, context: {cluster: other, user: token}}]
clusters: [{name: other, cluster: {server: "https://user:`+canary("server")+`@other.example.com", proxy-url: "http://me:`+canary("proxy")+`@proxy:3128"}}]
users:
- {name: token, user: {token: `+canary("token")+`}}
- {name: file, user: {tokenFile: `+file("token", canary("token-file"))+`}}
- {name: basic, user: {username: me, password: `+canary("password")+`}}
- {name: key, user: {client-key: `+file("key.pem", "-----BEGIN PRIVATE KEY-----\n"+canary("key")+"\n-----END PRIVATE KEY-----\n")+`}}
- {name: exec, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: sso, interactiveMode: Never, args: ["--client-secret", "`+canary("arg")+`"], env: [{name: A, value: `+canary("exec-env")+`}]}}}
- {name: oidc, user: {auth-provider: {name: oidc, config: {refresh-token: `+canary("refresh")+`}}}}
`)
	mine := filepath.Join(dir, "mine")
	if err := os.WriteFile(mine, own, 0o600); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(b.value(t, "XDG_CONFIG_HOME"), "berth", "config.yaml")
	if err := os.MkdirAll(filepath.Dir(settings), 0o700); err != nil {
		t.Fatal(err)
	}
	config := "gateways:\n  other:\n    proxy: http://me:" + canary("settings") + "@proxy.corp:3128\n    tokenFile: " + file("gateway-token", canary("gateway")) + "\n"
	if err := os.WriteFile(settings, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(b.value(t, "XDG_STATE_HOME"), "berth", "berth.log")
	if err := os.MkdirAll(filepath.Dir(log), 0o700); err != nil {
		t.Fatal(err)
	}
	said := []string{"token", "token-file", "password", "key", "arg", "exec-env", "refresh", "server", "proxy", "settings", "gateway", "variable"}
	for _, n := range said {
		appendTo(t, log, "level=WARN msg=\"somebody said "+canary(n)+" here\"\n")
	}
	appendTo(t, log, "Authorization: Bearer "+canary("bearer")+"\nhttps://x:"+canary("url")+"@host/\nDB_PASSWORD="+canary("named")+"\nand a word for the reader\n")
	b.env = append(b.env, "MY_API_TOKEN="+canary("variable"), "KUBECONFIG="+mine+string(os.PathListSeparator)+extra, "HTTPS_PROXY=http://me:"+canary("https")+"@127.0.0.1:1", "NO_PROXY=*")
	bundle := filepath.Join(dir, "bundle.tar.gz")
	b.want(0, []string{"written to " + bundle}, "doctor", "api", "--debug", "--bundle", bundle)
	files := unpacked(t, bundle)
	for name, text := range files {
		if i := strings.Index(text, "canary-"); i >= 0 {
			t.Errorf("%s: …%s…", name, text[max(0, i-40):min(len(text), i+60)])
		}
		if strings.Contains(text, "PRIVATE KEY") {
			t.Errorf("%s holds a private key", name)
		}
	}
	for name, want := range map[string]string{
		"report.txt": "✓ login", "report.json": `"name": "sshd"`, "machine.txt": "OpenSSH", "kubeconfig.txt": "other", "log.txt": "a word for the reader",
		"alias.txt": "transport gateway", "ssh-G.txt": "hostkeyalias", "workspace.json": `"phase": "Running"`, "objects.txt": "Deployment api",
	} {
		if !strings.Contains(files["berth-doctor/"+name], want) {
			t.Errorf("%s lacks %q:\n%s", name, want, files["berth-doctor/"+name])
		}
	}
	if info, err := os.Stat(bundle); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	before, _ := os.ReadFile(bundle)
	b.want(6, []string{"is there already"}, "doctor", "api", "--bundle", bundle)
	if after, _ := os.ReadFile(bundle); !bytes.Equal(before, after) {
		t.Error("a file that was there was written over")
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// value is a variable of the bed's environment, the last that is set.
func (b *bed) value(t *testing.T, name string) string {
	t.Helper()
	found := ""
	for _, pair := range b.env {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			found = value
		}
	}
	if found == "" {
		t.Fatalf("the bed has no %s", name)
	}
	return found
}

func (b *bed) kubeconfig(t *testing.T) string { return b.value(t, "KUBECONFIG") }

// unpacked reads a bundle.
func unpacked(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	compressed, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for in := tar.NewReader(compressed); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(data)
	}
}
