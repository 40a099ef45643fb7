package connect_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// bearer is a gateway that opens for one token only, and says no as Envoy does.
func bearer(want string) func(net.Conn) {
	return func(conn net.Conn) {
		request := sshtest.ReadRequest(conn)
		answer := "HTTP/1.1 401 Unauthorized\r\n\r\n"
		if request != nil && request.Header.Get("Proxy-Authorization") == "Bearer "+want {
			answer = "HTTP/1.1 200 OK\r\n\r\nSSH-2.0-ok"
		}
		_, _ = conn.Write([]byte(answer))
	}
}

// keep writes a file of its own for content.
func keep(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// requireCredential fails unless err is about a credential. It returns the error's
// hint, and whether the gateway has said no.
func requireCredential(t *testing.T, err error, want string) (hint string, refused bool) {
	t.Helper()
	var wrong *connect.CredentialError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "gateway ") {
		t.Fatalf("error %v, want one about a credential with %q", err, want)
	}
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("error %q holds what a terminal would obey", err)
	}
	if wrong.Hint() == "" || connect.Unreachable(err) {
		t.Errorf("%v: hint %q, unreachable %t", err, wrong.Hint(), connect.Unreachable(err))
	}
	return wrong.Hint(), wrong.Refused
}

func TestTokensThatWork(t *testing.T) {
	t.Parallel()
	const token = "eyJhbGciOiJIUzI1NiJ9.e30.x-_~+/=="
	gateway := sshtest.Listen(t, nil, bearer(token))
	long := strings.Repeat("x", 16<<10)
	longGateway := sshtest.Listen(t, nil, bearer(long))
	link := filepath.Join(t.TempDir(), "link") // as projected volumes have them
	if err := os.Symlink(keep(t, token), link); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]connect.Options{
		"file":                {TokenFile: keep(t, token)},
		"file, line break":    {TokenFile: keep(t, token+"\n")},
		"file, windows":       {TokenFile: keep(t, token+"\r\n")},
		"file, blanks":        {TokenFile: keep(t, "  "+token+" \n\n")},
		"link":                {TokenFile: link},
		"longest":             {TokenFile: keep(t, long+"\n"), Address: longGateway.Addr},
		"command":             {TokenCommand: []string{"cat", keep(t, token)}},
		"command, line break": {TokenCommand: []string{"echo", token}},
		"command, stderr":     {TokenCommand: []string{"sh", "-c", "echo noise >&2; echo " + token}},
		"command, background": {TokenCommand: []string{"sh", "-c", "sleep 60 & echo " + token}},
		"no shell":            {TokenCommand: []string{"printf", "%s%s", token, ""}},
		"command before file": {TokenCommand: []string{"echo", token}, TokenFile: "/nonexistent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			with := options(gateway.Addr)
			if o.Address != "" {
				with.Address = o.Address
			}
			with.TokenFile, with.TokenCommand = o.TokenFile, o.TokenCommand
			if got, err := greetingOf(t, with); err != nil || got != "SSH-2.0-ok" {
				t.Errorf("got %q, error %v", got, err)
			}
		})
	}
}

func TestTokensThatDoNot(t *testing.T) {
	t.Parallel()
	gateway := sshtest.Listen(t, nil, bearer("x"))
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if out, err := exec.CommandContext(t.Context(), "mkfifo", pipe).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	long := strings.Repeat("x", 16<<10+1)
	for name, tt := range map[string]struct {
		file    string
		command []string
		want    string
	}{
		"no file":            {filepath.Join(dir, "none"), nil, "reading the token (" + filepath.Join(dir, "none") + ": no such file or directory)"},
		"empty file":         {keep(t, ""), nil, "it is empty"},
		"blank file":         {keep(t, "\n \n"), nil, "it is empty"},
		"two lines":          {keep(t, "a\nX-Evil: b"), nil, "a blank or a control character"},
		"control":            {keep(t, "a\x1b[2J"), nil, "a blank or a control character"},
		"no ascii":           {keep(t, "tökén"), nil, "a blank or a control character"},
		"long file":          {keep(t, long), nil, "longer than 16 KiB"},
		"folder":             {dir, nil, "not a regular file"},
		"pipe":               {pipe, nil, "not a regular file"},
		"no command":         {"", []string{"no-such-command-here"}, "the token command no-such-command-here failed: executable file not found in $PATH"},
		"no such path":       {"", []string{filepath.Join(dir, "none")}, "failed: no such file or directory"},
		"prints nothing":     {"", []string{"true"}, "the token command true printed no token (it is empty)"},
		"prints blanks":      {"", []string{"echo"}, "printed no token (it is empty)"},
		"prints two":         {"", []string{"echo", "a b"}, "printed no token (it contains a blank"},
		"prints a secret":    {"", []string{"sh", "-c", "echo s3cret s3cret"}, "printed no token (it contains a blank"},
		"prints too much":    {"", []string{"echo", long}, "printed no token (it is longer than 16 KiB)"},
		"prints for ever":    {"", []string{"yes"}, "printed no token (it is longer than 16 KiB)"},
		"fails":              {"", []string{"false"}, "the token command false failed: exit status 1"},
		"fails with a token": {"", []string{"sh", "-c", "echo s3cret; exit 2"}, "the token command sh failed: exit status 2"},
		"says why":           {"", []string{"sh", "-c", "echo one >&2; printf 'log in\\033[2J first\\n' >&2; exit 3"}, "failed: exit status 3 (log in?[2J first)"},
		"says too much":      {"", []string{"sh", "-c", "yes why | head -c 100000 >&2; exit 3"}, "failed: exit status 3 (wh"},
		"killed":             {"", []string{"sh", "-c", "kill -9 $$"}, "failed: signal: killed"},
		"asks the terminal":  {"", []string{"sh", "-c", "read x </dev/tty && echo x"}, "failed: exit status"},
		"reads our input":    {"", []string{"cat"}, "printed no token (it is empty)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(gateway.Addr)
			o.TokenFile, o.TokenCommand = tt.file, tt.command
			_, err := connect.Dial(t.Context(), o)
			hint, _ := requireCredential(t, err, tt.want)
			if strings.Contains(err.Error()+hint, "s3cret") {
				t.Errorf("the token shows: %v, %s", err, hint)
			}
		})
	}
	if n := gateway.Count(); n != 0 {
		t.Errorf("the gateway was dialled %d times", n)
	}
}

// A token command that hangs is ended, with what it has started.
func TestAHangingTokenCommandIsEnded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := options("127.0.0.1:1")
	o.Timeout = 300 * time.Millisecond
	o.TokenCommand = []string{"sh", "-c", fmt.Sprintf("echo $$ >%[1]s/pids; sh -c 'echo $$ >>%[1]s/pids; echo waiting for login >&2; sleep 1000' ; true", dir)}
	_, err := connect.Dial(t.Context(), o)
	requireCredential(t, err, "the token command sh gave no token within 300ms and was ended (waiting for login)")
	data, err := os.ReadFile(filepath.Join(dir, "pids"))
	if err != nil {
		t.Fatal(err)
	}
	pids := strings.Fields(string(data))
	if len(pids) != 2 {
		t.Fatalf("pids %q", pids)
	}
	requireGone(t, pids...)
}

// requireGone waits until no process has any of these ids.
func requireGone(t *testing.T, pids ...string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		out, _ := exec.CommandContext(t.Context(), "ps", "-o", "pid=,stat=,args=", "-p", strings.Join(pids, ",")).Output()
		left := 0
		for line := range strings.Lines(string(out)) {
			if fields := strings.Fields(line); len(fields) > 1 && !strings.HasPrefix(fields[1], "Z") {
				left++
			}
		}
		if left == 0 {
			tick.Stop()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there:\n%s", out)
		}
	}
}

func TestATokenCommandEndsWithItsContext(t *testing.T) {
	t.Parallel()
	started := filepath.Join(t.TempDir(), "started")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := options("127.0.0.1:1")
	o.Timeout = time.Hour
	o.TokenCommand = []string{"sh", "-c", "echo $$ >" + started + ".tmp; mv " + started + ".tmp " + started + "; exec sleep 1000"}
	done := make(chan error, 1)
	go func() {
		_, err := connect.Dial(ctx, o)
		done <- err
	}()
	var pid []byte
	for tick := time.NewTicker(10 * time.Millisecond); len(pid) == 0; <-tick.C {
		pid, _ = os.ReadFile(started)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	requireGone(t, strings.TrimSpace(string(pid)))
}

// A token never goes over the network in the clear, and neither does the
// program that gives it run in vain.
func TestATokenGoesOverTLSOnly(t *testing.T) {
	t.Parallel()
	ca := sshtest.NewCA(t)
	plain := sshtest.Listen(t, nil, bearer("t0ken"))
	secured := sshtest.Listen(t, ca.Server(t, "ssh.example.com", time.Now().Add(time.Hour)), bearer("t0ken"))
	proxy := sshtest.Tinyproxy(t, "", "")
	ran := filepath.Join(t.TempDir(), "ran")
	for name, o := range map[string]connect.Options{
		"direct":              {Address: behind(plain)},
		"name":                {Address: "ssh.example.com:80"},
		"proxy":               {Address: behind(plain), Proxy: "http://" + proxy},
		"proxy, other scheme": {Address: behind(plain), Proxy: "https://" + proxy},
	} {
		o.Authority, o.TokenCommand = authority, []string{"touch", ran}
		_, err := connect.Dial(t.Context(), o)
		requireCredential(t, err, "a token goes over TLS only")
		if _, err := os.Stat(ran); err == nil {
			t.Errorf("%s: the command was run", name)
		}
	}
	if n := plain.Count(); n != 0 {
		t.Errorf("the plain gateway was dialled %d times", n)
	}
	for name, o := range map[string]connect.Options{
		"tls":              {Address: secured.Addr, TLS: true},
		"tls behind proxy": {Address: behind(secured), TLS: true, Proxy: "http://" + proxy},
		"loopback":         {Address: plain.Addr},
	} {
		o.Authority, o.TokenFile, o.ServerName, o.CAFile = authority, keep(t, "t0ken\n"), "ssh.example.com", ca.File
		if got, err := greetingOf(t, o); err != nil || got != "SSH-2.0-ok" {
			t.Errorf("%s: got %q, error %v", name, got, err)
		}
	}
}

// The proxy gets its own credentials and not the gateway's, and the other way
// round.
func TestEachHopGetsItsOwnCredentials(t *testing.T) {
	t.Parallel()
	ca := sshtest.NewCA(t)
	heard := make(chan string, 2)
	config := ca.Server(t, "ssh.example.com", time.Now().Add(time.Hour))
	proxy := sshtest.Listen(t, nil, func(conn net.Conn) {
		request := sshtest.ReadRequest(conn)
		heard <- request.Host + " " + request.Header.Get("Proxy-Authorization")
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		inner := tls.Server(conn, config)
		request = sshtest.ReadRequest(inner)
		heard <- request.Host + " " + request.Header.Get("Proxy-Authorization")
		_, _ = inner.Write([]byte("HTTP/1.1 200 OK\r\n\r\nSSH-2.0-ok"))
		_, _ = inner.Read(make([]byte, 1))
	})
	o := options("ssh.example.com:443")
	o.TLS, o.CAFile, o.Proxy, o.TokenFile = true, ca.File, "http://me:s3cret@"+proxy.Addr, keep(t, "t0ken")
	if got, err := greetingOf(t, o); err != nil || got != "SSH-2.0-ok" {
		t.Fatalf("got %q, error %v", got, err)
	}
	if got, want := <-heard, "ssh.example.com:443 Basic bWU6czNjcmV0"; got != want {
		t.Errorf("the proxy heard %q, want %q", got, want)
	}
	if got, want := <-heard, authority+" Bearer t0ken"; got != want {
		t.Errorf("the gateway heard %q, want %q", got, want)
	}
}

// What a gateway's refusal of a token means depends on whether there was one.
func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	const wants, old = "the gateway wants a token: name it", "does not take this token, which may have expired"
	for status, hints := range map[string][2]string{
		"401 Unauthorized": {wants, old}, "407 Proxy Authentication Required": {wants, old},
		"403 Forbidden": {"you may not reach this workspace", "may be for another audience"},
	} {
		gateway := sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 "+status+"\r\n\r\n"))
		o := options(gateway.Addr)
		for file, hint := range map[string]string{"": hints[0], keep(t, "old"): hints[1]} {
			o.TokenFile = file
			_, err := connect.Dial(t.Context(), o)
			var refused *connect.RefusedError
			if !errors.As(err, &refused) || !strings.Contains(refused.Hint(), hint) || !strings.HasPrefix(err.Error(), "gateway ") {
				t.Errorf("%s: error %v, want a hint with %q", status, err, hint)
			}
		}
	}
}

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ca, other := sshtest.NewCA(t), sshtest.NewCA(t)
	later, before := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	cert, key := ca.Client(t, "me", later)
	foreign, foreignKey := other.Client(t, "me", later)
	old, oldKey := ca.Client(t, "me", before)
	both := keep(t, read(t, cert)+read(t, key))
	for version, limit := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		config := ca.Demand(ca.Server(t, "127.0.0.1", later))
		config.MaxVersion = limit
		gateway := sshtest.Listen(t, config, sshtest.Say("HTTP/1.1 200 OK\r\n\r\nSSH-2.0-ok"))
		for name, tt := range map[string]struct {
			cert, key string
			want      string // "" means success
			refused   bool
		}{
			"good":        {cert, key, "", false},
			"in one file": {both, "", "", false},
			"none":        {"", "", "it asks for a client certificate, and there is none", true},
			"foreign":     {foreign, foreignKey, "it refused the client certificate " + foreign, true},
			"expired":     {old, oldKey, "is outside its dates (valid ", false},
			"other key":   {cert, foreignKey, "reading the client certificate", false},
			"no file":     {"/nonexistent", key, "reading the client certificate (/nonexistent: no such file or directory)", false},
			"no key":      {cert, "", "reading the client certificate", false},
		} {
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				o := options(gateway.Addr)
				o.TLS, o.CAFile, o.ClientCert, o.ClientKey = true, ca.File, tt.cert, tt.key
				got, err := greetingOf(t, o)
				if tt.want == "" {
					if err != nil || got != "SSH-2.0-ok" {
						t.Errorf("got %q, error %v", got, err)
					}
					return
				}
				if _, refused := requireCredential(t, err, tt.want); refused != tt.refused {
					t.Errorf("%v: refused is %t", err, refused)
				}
			})
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A run takes everything from the alias file, and keeps the token out of what
// it says and logs.
func TestRunWithCredentials(t *testing.T) {
	t.Parallel()
	ca := sshtest.NewCA(t)
	cert, key := ca.Client(t, "me", time.Now().Add(time.Hour))
	gateway := sshtest.Listen(t, ca.Demand(ca.Server(t, "127.0.0.1", time.Now().Add(time.Hour))), bearer("t0ken"))
	f := alias.File{
		Transport: alias.Gateway, Address: gateway.Addr, Authority: authority, TLS: true, CA: ca.File,
		ClientCert: cert, ClientKey: key, TokenCommand: "printf\n%s\\n\nt0ken", Kubeconfig: "/k",
	}
	got := run(t, aliasName, connect.Program{Dir: install(t, f), Debug: true})
	if got.stdout != "SSH-2.0-ok" || got.code != 0 || strings.Contains(got.stderr+got.log, "t0ken") {
		t.Errorf("outcome %+v", got)
	}
	f.TokenCommand = "sh\n-c\necho log in first >&2; exit 1"
	dial, calls := forwarder(t)
	got = run(t, aliasName, connect.Program{Dir: install(t, f), PortForward: dial})
	want := "berth: gateway " + gateway.Addr + ": the token command sh failed: exit status 1 (log in first)\nhint: run it by hand"
	if got.code != 255 || !strings.HasPrefix(got.stderr, want) || !strings.Contains(got.log, "log in first") || calls() != 0 {
		t.Errorf("outcome %+v, want %q", got, want)
	}
}
