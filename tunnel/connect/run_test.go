package connect_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

const aliasName = "api.team-a.berth"

// install writes an alias file below a new directory and returns that.
func install(t *testing.T, f alias.File) string {
	t.Helper()
	dir := t.TempDir()
	if f.Alias == "" {
		f.Alias = aliasName
	}
	data, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "alias"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(connect.AliasPath(dir, aliasName), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// outcome is what one Run left behind.
type outcome struct {
	code           int
	stdout, stderr string
	log            string
}

// run serves one connection with an input that stays open until the end.
func run(t *testing.T, name string, p connect.Program) outcome {
	t.Helper()
	in, keep := io.Pipe()
	defer func() { _ = keep.Close() }()
	var stdout, stderr bytes.Buffer
	p.Stdin, p.Stdout, p.Stderr = in, &stdout, &stderr
	code := connect.Run(t.Context(), name, p)
	log, err := os.ReadFile(filepath.Join(p.Dir, "connect.log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return outcome{code, stdout.String(), stderr.String(), string(log)}
}

// greeter is a gateway behind which something says text and hangs up.
func greeter(t *testing.T, text string) *sshtest.Gateway {
	t.Helper()
	return sshtest.Listen(t, nil, func(conn net.Conn) {
		if sshtest.ReadRequest(conn) != nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"+text)
		}
	})
}

func TestRunThroughTheGateway(t *testing.T) {
	t.Parallel()
	gateway := greeter(t, "SSH-2.0-hello\r\n")
	dir := install(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority})
	got := run(t, aliasName, connect.Program{Dir: dir})
	if got.code != 0 || got.stdout != "SSH-2.0-hello\r\n" || got.stderr != "" || got.log != "" {
		t.Errorf("outcome %+v", got)
	}
}

func TestRunDirect(t *testing.T) {
	t.Parallel()
	server := sshtest.Listen(t, nil, func(conn net.Conn) { _, _ = io.WriteString(conn, "SSH-2.0-hello\r\n") })
	dir := install(t, alias.File{Transport: alias.Direct, Address: server.Addr, Authority: "ignored:22"})
	if got := run(t, aliasName, connect.Program{Dir: dir}); got.code != 0 || got.stdout != "SSH-2.0-hello\r\n" {
		t.Errorf("outcome %+v", got)
	}
}

func TestRunRefusesBadAliases(t *testing.T) {
	t.Parallel()
	dir := install(t, alias.File{Alias: "other.team-a.berth", Transport: alias.Direct, Address: "127.0.0.1:1"})
	for name, want := range map[string]string{
		"unknown.team-a.berth":          "no such alias on this machine",
		aliasName:                       "its file is for",
		"":                              "not a valid alias",
		"-oProxyCommand=x":              "not a valid alias",
		"../../../etc/passwd":           "not a valid alias",
		"a/b":                           "not a valid alias",
		`a\b`:                           "not a valid alias",
		"a..b":                          "not a valid alias",
		".a":                            "not a valid alias",
		"a.":                            "not a valid alias",
		"a.-b":                          "not a valid alias",
		"a-.b":                          "not a valid alias",
		"API.team-a.berth":              "not a valid alias",
		"a b":                           "not a valid alias",
		"a\x1b[2J":                      "not a valid alias",
		"a\nb":                          "not a valid alias",
		strings.Repeat("a", 254):        "not a valid alias",
		strings.Repeat("a.", 126) + "a": "no such alias",
	} {
		got := run(t, name, connect.Program{Dir: dir})
		if got.code != 255 || !strings.Contains(got.stderr, want) || !strings.Contains(got.stderr, "hint: `berth ssh-config install`") {
			t.Errorf("%q: %+v, want %q and a hint", name, got, want)
		}
		if lines := strings.Count(got.stderr, "\n"); lines != 2 {
			t.Errorf("%q: %d lines on stderr:\n%s", name, lines, got.stderr)
		}
	}
}

func TestRunRefusesNewerAliasFiles(t *testing.T) {
	t.Parallel()
	dir := install(t, alias.File{Transport: alias.Direct})
	if err := os.WriteFile(connect.AliasPath(dir, aliasName), []byte("berth 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t, aliasName, connect.Program{Dir: dir})
	if got.code != 255 || !strings.Contains(got.stderr, "newer berth") {
		t.Errorf("outcome %+v", got)
	}
}

// forwarded is what the far end of a port-forward says.
const forwarded = "SSH-2.0-pf\r\n"

// forwarder is a port-forward that works, and counts.
func forwarder(t *testing.T) (dial func(context.Context, alias.File) (net.Conn, error), calls func() int) {
	t.Helper()
	server := sshtest.Listen(t, nil, func(conn net.Conn) { _, _ = io.WriteString(conn, forwarded) })
	return func(ctx context.Context, f alias.File) (net.Conn, error) {
		if f.Alias != aliasName || f.Kubeconfig == "" {
			return nil, errors.New("called with the wrong alias")
		}
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", server.Addr)
	}, server.Count
}

func TestRunFallsBackWhenTheGatewayIsUnreachable(t *testing.T) {
	t.Parallel()
	silent := sshtest.Listen(t, nil, func(net.Conn) {})
	garbage := sshtest.Listen(t, nil, sshtest.Say("hello there"))
	for name, addr := range map[string]string{
		"nobody listens": "127.0.0.1:1", "closes": silent.Addr, "talks nonsense": garbage.Addr,
	} {
		dial, calls := forwarder(t)
		dir := install(t, alias.File{
			Transport: alias.Gateway, Address: addr, Authority: authority, Kubeconfig: "/kube/config",
		})
		got := run(t, aliasName, connect.Program{Dir: dir, PortForward: dial})
		if got.code != 0 || got.stdout != forwarded || calls() != 1 {
			t.Errorf("%s: %+v", name, got)
		}
		if strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, addr) ||
			!strings.HasSuffix(got.stderr, "; using port-forward instead\n") {
			t.Errorf("%s: stderr is not one line about the gateway:\n%s", name, got.stderr)
		}
		if !strings.Contains(got.log, "using port-forward instead") {
			t.Errorf("%s: log %q", name, got.log)
		}
	}
}

func TestRunDoesNotFallBack(t *testing.T) {
	t.Parallel()
	stopped := sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 503 Service Unavailable\r\n\r\n"))
	tests := map[string]struct {
		file alias.File
		via  alias.Transport
		want string
	}{
		"a refusal": {
			alias.File{Transport: alias.Gateway, Address: stopped.Addr, Authority: authority, Kubeconfig: "/k", Name: "api"},
			"", "hint: the workspace is stopped or not ready: `berth start api`",
		},
		"no kubeconfig": {
			alias.File{Transport: alias.Gateway, Address: "127.0.0.1:1", Authority: authority},
			"", "connection refused",
		},
		"told to use the gateway": {
			alias.File{Transport: alias.PortForward, Address: "127.0.0.1:1", Authority: authority, Kubeconfig: "/k"},
			alias.Gateway, "connection refused",
		},
		"an unknown transport": {
			alias.File{Transport: "pigeon", Address: "127.0.0.1:1", Kubeconfig: "/k"},
			"", `unknown transport "pigeon"`,
		},
	}
	for name, tt := range tests {
		dial, calls := forwarder(t)
		got := run(t, aliasName, connect.Program{Dir: install(t, tt.file), PortForward: dial, Via: tt.via})
		if got.code != 255 || calls() != 0 || !strings.Contains(got.stderr, tt.want) {
			t.Errorf("%s: %+v, want %q", name, got, tt.want)
		}
	}
}

func TestRunPortForward(t *testing.T) {
	t.Parallel()
	dial, _ := forwarder(t)
	dir := install(t, alias.File{Transport: alias.PortForward, Kubeconfig: "/k"})
	if got := run(t, aliasName, connect.Program{Dir: dir, PortForward: dial}); got.code != 0 || got.stderr != "" {
		t.Errorf("outcome %+v", got)
	}
}

func TestRunNamesWhatIsNotSSH(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"<!DOCTYPE html><html>login</html>": "a web page answers",
		"HTTP/1.1 400 Bad Request\r\n\r\n":  "a web page answers",
		"":                                  "before sshd said a word",
	} {
		gateway := greeter(t, text)
		dir := install(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority})
		got := run(t, aliasName, connect.Program{Dir: dir})
		if got.code != 255 || got.stdout != "" || !strings.Contains(got.stderr, want) || !strings.Contains(got.stderr, "hint: ") {
			t.Errorf("%q: %+v, want %q", text, got, want)
		}
	}
}

func TestLogIsPrivateAndCapped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "connect.log")
	for range 2 {
		_ = run(t, "unknown.berth", connect.Program{Dir: dir})
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("log: %v, error %v", info, err)
	}
	if err := os.WriteFile(path, make([]byte, 256<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t, "unknown.berth", connect.Program{Dir: dir})
	if strings.Count(got.log, "\n") != 1 || !strings.Contains(got.log, "unknown.berth: alias unknown.berth: no such alias") {
		t.Errorf("log after rotation: %q", got.log)
	}
	if old, err := os.Stat(path + ".1"); err != nil || old.Size() != 256<<10 {
		t.Errorf("old log: %v, error %v", old, err)
	}
}

func TestDebugLogsSuccess(t *testing.T) {
	t.Parallel()
	gateway := greeter(t, "SSH-2.0-hello\r\n")
	dir := install(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority})
	if got := run(t, aliasName, connect.Program{Dir: dir, Debug: true}); !strings.Contains(got.log, "connected by gateway") {
		t.Errorf("log %q", got.log)
	}
}
